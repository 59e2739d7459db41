"""Up to which row the audit is complete: PostgreSQL gives a row its number before it commits, and it may commit late.

Pure. A number below the horizon either shows its row by now or was given to a transaction that was rolled back.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outlook:
    """The highest id that can be seen; then, asked after it, the transactions that may still bring rows."""

    highest: int
    writing: frozenset[str]


@dataclass(frozen=True, slots=True)
class Horizon:
    """Who may still bring a row below ``awaited.highest`` is in ``awaited.writing``: only once all of them are gone
    does a reading that begins afterwards see every row up to there. It never waits for those who came later."""

    settled: int = 0
    awaited: Outlook = Outlook(0, frozenset())

    def seen(self, outlook: Outlook) -> "Horizon":
        left = self.awaited.writing & outlook.writing
        if left:
            return Horizon(self.settled, Outlook(self.awaited.highest, left))
        return Horizon(self.awaited.highest if outlook.writing else outlook.highest, outlook)
