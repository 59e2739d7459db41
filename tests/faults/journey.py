"""The way of readings in the test's own process, by a clock in the test's hand: real store, intake and evaluation, but
no broker, no pages and no waiting. What happens in an hour is played in a second."""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from devices.arrivals import Arrival, Receipt
from devices.clock_steps import ClockSteps
from devices.ingest import Ingest
from server import app
from server.access.principal import Principal
from server.access.roles import Role
from server.monitoring.reader import Trend
from server.settings import Data, Settings
from tests.faults.ledgers import Key, Promise, Promises
from tests.faults.walk import intake
from tests.faults.walk_plan import Step
from tests.faults.ward import Ward

EPOCH = "journey"
RAISED = """
SELECT w.device_id, a.condition FROM transitions t JOIN alarms a ON a.id = t.alarm_id
JOIN associations w ON w.patient_id = a.patient_id WHERE t.kind = 'raised' ORDER BY t.rowid
"""
SEEN_BY = """
SELECT u.id, w.patient_id FROM users u, associations w WHERE u.role = 'doctor' AND w.device_id = ?
"""


class Told(NamedTuple):
    device_id: str
    condition: str


@dataclass
class Clock:
    """A machine's: ``passed`` is what really passes, ``ahead`` by how much its wall clock is wrong."""

    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    passed: timedelta = timedelta(0)
    ahead: timedelta = timedelta(0)

    def true(self) -> datetime:
        return self.began + self.passed

    def wall(self) -> datetime:
        return self.true() + self.ahead

    def steady_s(self) -> float:
        return self.passed.total_seconds()


@dataclass
class Promised:
    """``ingest.Link`` without a broker: what would be said to it and to the devices is kept."""

    acknowledged: list[int] = field(default_factory=list)
    covered: dict[tuple[str, str], int] = field(default_factory=dict)
    told_back: list[Key] = field(default_factory=list)  # words to a device that say less than an earlier one

    async def arrivals(self, linger_s: float, limit: int) -> list[Arrival]:
        raise NotImplementedError

    def acknowledge(self, receipts: Sequence[Receipt]) -> None:
        self.acknowledged += [receipt.mid for receipt in receipts]

    def publish_ack(self, device_id: str, epoch: str | None, seq: int) -> None:
        stream = device_id, epoch or ""
        if seq < self.covered.get(stream, 0):
            self.told_back.append(Key(*stream, seq))
        self.covered[stream] = seq

    def tell(self, topic: str, payload: bytes) -> None:
        """Nothing here is answered in words."""


@dataclass
class Journey:
    """What arrives, and what becomes of it."""

    ward: Ward

    house: app.Bedside
    ingest: Ingest
    promised: Promised
    clock: Clock
    mids: Iterator[int] = field(default_factory=count)

    async def arrive(self, steps: Sequence[Step]) -> None:
        """Until all of it is committed, as intake does it, and then a second of evaluation."""
        now = self.clock.wall()
        await self.ingest.take(
            [Arrival(step.topic, step.payload, False, now, Receipt(1, next(self.mids))) for step in steps]
        )
        await self.house._evaluator.tick()

    async def told(self) -> list[Told]:
        """The alarms that were raised, in their order: whose device it is about, and of what."""
        async with self.house.store.read(lambda connection: connection) as connection:
            return [Told(row.device_id, row.condition) for row in (await connection.exec_driver_sql(RAISED)).all()]

    async def chart(self, device_id: str, metric: str) -> list[tuple[datetime, float]]:
        """As a page draws it for the doctor of the patient who wears the device."""
        async with self.house.store.read(lambda connection: connection) as connection:
            seen = (await connection.exec_driver_sql(SEEN_BY, (device_id,))).one()
        trend = Trend((metric,), 60, self.clock.wall())
        who = Principal(Role.DOCTOR, seen.id, "The doctor", "fault programme")
        view = await self.house.services.monitoring_reader.readings(who, seen.patient_id, trend)
        return [(datetime.fromtimestamp(at / 1000, UTC), value) for at, value in view.series[metric]]

    def promises(self, sent: Iterable[Key]) -> Promises:
        covered = {key for key in sent if key.seq <= self.promised.covered.get(key[:2], 0)}
        return Promises(frozenset(sent), {Promise.COVERED: covered})


def said(device_id: str, seq: int, at: datetime, spo2: float, **numbers: object) -> Step:
    """What an oximeter says at that time, by its own clock, which is right."""
    values = (("spo2", spo2, "%"), ("pulse_rate", 71, "/min"), ("resp_rate", 14, "/min"))
    readings = [{"metric": metric, "value": value, "unit": unit, "at": at} for metric, value, unit in values]
    payload = {"epoch": EPOCH, "seq": seq, "sent": at, **numbers, "readings": readings}
    return Step(f"bedside/v1/{device_id}/readings", msgspec.json.encode(payload))


@asynccontextmanager
async def journey(data: Path, ward: Ward, clock: Clock) -> AsyncIterator[Journey]:
    """The ward's, in a folder that is to be made."""
    ward.copy_to(data)
    with pytest.MonkeyPatch.context() as planted:
        steps = partial(ClockSteps, steady=clock.steady_s)
        planted.setattr(app, "CLOCK", clock.wall)
        planted.setattr(app, "ClockSteps", steps)
        house = await app.open_bedside(Settings(data=Data(directory=data)), demo=False)
        try:
            await house._admitting.read()
            promised = Promised()
            ingest = house.condition.ingest = intake(house, promised, clock.wall, steps(clock.wall).taken)
            await house._evaluator.begin()
            yield Journey(ward, house, ingest, promised, clock)
        finally:
            await house.stop()
