"""Years of readings, written in bulk: what a hospital has stored when it asks for a chart of a year.

Every patient has 87,600 messages of six readings, half a million readings a year: one in ten round the clock, a message
each six minutes; the others an hour a day, one each fifteen seconds. Sums are made beside them, as the server would.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from functools import cache
from typing import Any

import sqlalchemy as sa

from bench.history_bulk import MOST_PEOPLE, PEOPLE, SUMS, YEARS, bulk
from server.ids import new_id
from server.monitoring.rollups import Level
from server.store.engine import Store
from server.store.journal import PARTITIONS, partition_of
from server.store.tables import associations, devices, partitions, patients, rollup_progress, users
from tests.store.filled import plain, row_of

BEGIN = datetime(2025, 11, 20, 16, tzinfo=UTC)  # Shanghai's midnight
YEAR = timedelta(days=365)
A_PATIENT = 87_600 * 6
METRICS = {"spo2": "%", "pulse_rate": "/min", "resp_rate": "/min", "sbp": "mm[Hg]", "dbp": "mm[Hg]", "temp": "Cel"}
UNIQUE_IN_DEVICES = ("claim_hash", "claim_until", "serial", "serial_key")
READING = '{{"metric":"{}","value":{}.5,"unit":"{}","at":"@"}}'
DIFFERENT = 37  # values, one after the other
LAST = YEAR // timedelta(seconds=1) * MOST_PEOPLE  # no position is higher


class Kind(IntEnum):
    HOURS = 0
    ROUND_THE_CLOCK = 1


@dataclass(frozen=True)
class _Person:
    number: int
    id: str

    @property
    def kind(self) -> Kind:
        return Kind.HOURS if self.number % 10 else Kind.ROUND_THE_CLOCK

    @property
    def device(self) -> str:
        return f"B-{self.id[:12]}"

    def row(self) -> dict[str, Any]:
        part = partition_of(self.id)
        return {
            "number": self.number,
            "kind": self.kind,
            "patient_id": self.id,
            "device_id": self.device,
            "part": part,
        }


@dataclass(frozen=True)
class Loaded:
    """``watched`` is the first patient: round the clock."""

    watched: str
    doctor: str
    readings: int


async def load(store: Store, url: str, count: int) -> Loaded:
    """``count`` patients with a year each: a year of each kind is written once and multiplied by the database."""
    people = [_Person(number, new_id()) for number in range(count)]
    doctor = await _hire(store, people)
    async with bulk(url) as of:
        await of.write(PEOPLE, (person.row() for person in people))
        for kind in {person.kind for person in people}:
            minutes = _minutes(round_the_clock=kind is Kind.ROUND_THE_CLOCK)
            await of.write(YEARS, _messages(kind, minutes))
            await of.write(SUMS, _sums(kind, minutes))
        await of.multiply()
    async with store.write(plain) as connection:
        for partition in range(PARTITIONS):
            moved = sa.update(partitions).where(partitions.c.id == partition).values(issued=LAST, evaluated=LAST)
            await connection.execute(moved)
            await connection.execute(sa.insert(rollup_progress).values(partition=partition, position=LAST))
    return Loaded(people[0].id, doctor, count * A_PATIENT)


async def _hire(store: Store, people: Sequence[_Person]) -> str:
    """A doctor, and the people in this doctor's care with a device each."""
    doctor = {**row_of(users), "id": new_id(), "role": "doctor"}
    async with store.write(plain) as connection:
        await connection.execute(sa.insert(users), [doctor])
        for person in people:
            await connection.execute(sa.insert(patients), [{**row_of(patients), "id": person.id}])
            device = {**row_of(devices), **dict.fromkeys(UNIQUE_IN_DEVICES), "id": person.device}
            await connection.execute(sa.insert(devices), [device])
            worn = {"id": new_id(), "device_id": person.device, "patient_id": person.id, "responsible_id": doctor["id"]}
            await connection.execute(sa.insert(associations), [{**row_of(associations), **worn, "until_at": None}])
    return str(doctor["id"])


def _minutes(*, round_the_clock: bool) -> Mapping[int, int]:
    """The minutes of the year in which something was measured → how many messages."""
    if round_the_clock:
        return dict.fromkeys(range(0, 365 * 1440, 6), 1)
    return {day * 1440 + 9 * 60 + minute: 4 for day in range(365) for minute in range(60)}


def _messages(kind: Kind, minutes: Mapping[int, int]) -> Iterator[dict[str, Any]]:
    for minute, many in minutes.items():
        for part in range(many):
            second = minute * 60 + 60 // many * part
            at = BEGIN + timedelta(seconds=second)
            yield {"kind": kind, "second": second, "at": at, "body": _body(at, minute)}


def _body(at: datetime, minute: int) -> bytes:
    return _template(minute % DIFFERENT).replace("@", at.isoformat()).encode()


@cache
def _template(minute: int) -> str:
    parts = (READING.format(metric, _value(minute, metric), unit) for metric, unit in METRICS.items())
    return f'{{"readings":[{",".join(parts)}]}}'


def _value(minute: int, metric: str) -> int:
    return 60 + (minute * 7 + len(metric)) % DIFFERENT


def _sums(kind: Kind, minutes: Mapping[int, int]) -> Iterator[dict[str, Any]]:
    for metric, level in ((metric, level) for metric in METRICS for level in Level):
        counts: dict[int, int] = {}
        for minute, many in minutes.items():
            start = minute * 60 // level * level  # the year begins at midnight of the day that is summed up
            counts[start] = counts.get(start, 0) + many
        yield from ({"kind": kind, **_sum(metric, level, start, count)} for start, count in counts.items())


def _sum(metric: str, level: Level, start: int, count: int) -> dict[str, Any]:
    begun, value = int(BEGIN.timestamp()) + start, _value(start // 60, metric)
    return {
        "metric": metric,
        "level": int(level),
        "start": begun,
        "count": count,
        "low": value + 0.5,
        "high": value + 9.5,
        "total": (value + 5.0) * count,
        "last": value + 3.5,
        "last_ms": begun * 1000,
    }
