"""How long something must be kept, counted in calendar years of the hospital's own time zone."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from server.visits.policy.rules import Refusal, Source


class Kept(StrEnum):
    """What a clock counts for."""

    RECORD = "record"  # the medical record: notes, consents, attestations, what the patient handed in
    PROCESS = "process"  # how it came about: device tests, chat, pictures and sound of the visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """``years`` from the last day of the visit on; on the day after them it may be deleted."""

    name: str
    years: int
    source: Source
    sentence: str
    sentence_zh: str

    def kept_until(self, ended_on: date) -> date:
        """The last day of keeping. What ended on 29 February is kept to 1 March of a common year."""
        try:
            return ended_on.replace(year=ended_on.year + self.years)
        except ValueError:
            return date(ended_on.year + self.years, 3, 1)

    def spent_on(self, today: date) -> date:
        """The newest day of which nothing must be kept any more: what ended on it or before may be deleted today."""
        day = today - timedelta(days=365 * self.years)
        while today <= self.kept_until(day):
            day -= timedelta(days=1)
        return day

    def refuses(self, ended_on: date | None, today: date) -> Refusal | None:
        """Whether deleting it today is too early; ``ended_on`` None: the visit has not even ended."""
        if ended_on is not None and today > self.kept_until(ended_on):
            return None
        return Refusal(self.name, self.source.article, self.sentence, self.sentence_zh)
