"""The waiting times of a small hospital, worked out whenever a test says that a line has changed."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from server.clinic.predictions import Predictions
from server.store.waiting import WaitingLookQueries, WaitingQueries
from tests.clinic.house import NOW, ZONE, House, at


@dataclass
class Board:
    """The predictions of a house, with a clock that stands until it is moved."""

    house: House
    now: datetime = NOW
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        store = self.house.store
        self.look, begin = partial(store.read, WaitingLookQueries), partial(store.write, WaitingQueries)
        self.predictions = Predictions(self.look, begin, tell=self._tell, zone=ZONE, clock=lambda: self.now)

    async def see(self, session_id: str, seconds: float) -> None:
        """The line has changed at this moment."""
        self.now = at(seconds)
        self.predictions.changed(session_id)
        await self.predictions.work()

    async def _tell(self, topic: str) -> None:
        self.told.append(topic)
