"""What patients are told of their wait when they arrive, kept with what became of it; the afternoon learns from the
morning. Pure, as the hospital of this package is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from server.clinic.calibration import Calibration, Fate
from server.clinic.experience import Experience, Past
from server.clinic.measuring import Moment, SeenSession, line_now, past
from server.clinic.predictions import PREDICTED, shown
from server.clinic.views import MyWait
from server.clinic.waiting import Outlook, outlooks


@dataclass
class Told:
    """``wait`` is what the page shows, in whole minutes. ``waited_s`` is None for who was not called since."""

    session_id: str
    outlook: Outlook
    wait: MyWait
    waited_s: float | None = None

    @property
    def inside(self) -> bool:
        return self.waited_s is not None and self.wait.low_s <= self.waited_s <= self.wait.high_s


@dataclass
class Forecast:
    """``told`` by ticket: what each was told first; ``silent``: who came while nothing can be told."""

    told: dict[str, Told] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    experience: Experience = field(default_factory=lambda: Experience(Past()))
    calibration: Calibration = field(default_factory=Calibration)

    def arrived(self, ticket_id: str, seen: SeenSession, now: datetime) -> None:
        if seen.session.state not in PREDICTED:
            self.silent.add(ticket_id)
            return
        line = line_now(seen, Moment(now, UTC))
        for outlook in outlooks(line, self.experience):
            if outlook.ticket_id == ticket_id and ticket_id not in self.told:
                wait = shown(self.calibration.range(outlook), now)
                self.told[ticket_id] = Told(seen.session.id, outlook, wait)

    def called(self, ticket_id: str, now: datetime) -> None:
        told = self.told.get(ticket_id)
        if told and told.waited_s is None:
            told.waited_s = (now - told.wait.as_of).total_seconds()

    def learn(self, over: Iterable[SeenSession], now: datetime) -> None:
        """From sessions that are over."""
        self.experience = Experience(past(over, Moment(now, UTC)))
        self.calibration = Calibration(fates(list(self.told.values())))


def fates(told: Sequence[Told]) -> list[Fate]:
    return [Fate(each.session_id, each.outlook, each.waited_s) for each in told if each.waited_s is not None]
