"""Years of readings, written in bulk: what a hospital has stored when it asks for a chart of a year.

Every patient has 87,600 messages of six readings, half a million readings a year: one in ten round the clock, a message
each six minutes; the others an hour a day, one each fifteen seconds. Sums are made beside them, as the server would.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice
from typing import Any, Self

import asyncpg
import sqlalchemy as sa

from server.ids import new_id
from server.monitoring.rollups import Level
from server.store.engine import Store, sqlite_path
from server.store.journal import PARTITIONS, partition_of
from server.store.tables import associations, devices, messages, partitions, patients, rollup_progress, rollups, users
from tests.store.filled import plain, row_of

BEGIN = datetime(2025, 11, 20, 16, tzinfo=UTC)  # Shanghai's midnight
YEAR = timedelta(days=365)
A_PATIENT = 87_600 * 6
METRICS = {"spo2": "%", "pulse_rate": "/min", "resp_rate": "/min", "sbp": "mm[Hg]", "dbp": "mm[Hg]", "temp": "Cel"}
AT_ONCE = 20_000
READING = '{{"metric":"{}","value":{}.5,"unit":"{}","at":"@"}}'
DIFFERENT = 37  # values, one after the other


@dataclass(frozen=True)
class Loaded:
    """``watched`` is the first patient: round the clock."""

    watched: str
    doctor: str
    readings: int


async def load(store: Store, url: str, count: int) -> Loaded:
    """``count`` patients with a year each."""
    ids = [new_id() for _ in range(count)]
    doctor = await _people(store, ids)
    async with _bulk(url) as bulk:
        positions = [0] * PARTITIONS
        for number, patient_id in enumerate(ids):
            minutes = _minutes(round_the_clock=number % 10 == 0)
            await bulk.write(messages, _messages(patient_id, minutes, positions))
            await bulk.write(rollups, _sums(patient_id, minutes))
    async with store.write(plain) as connection:
        for partition, last in enumerate(positions):
            moved = sa.update(partitions).where(partitions.c.id == partition).values(issued=last, evaluated=last)
            await connection.execute(moved)
            await connection.execute(sa.insert(rollup_progress).values(partition=partition, position=last))
    return Loaded(ids[0], doctor, count * A_PATIENT)


async def _people(store: Store, ids: Sequence[str]) -> str:
    doctor = {**row_of(users), "id": new_id(), "role": "doctor"}
    async with store.write(plain) as connection:
        await connection.execute(sa.insert(users), [doctor])
        for patient_id in ids:
            device = _device(patient_id)
            await connection.execute(sa.insert(patients), [{**row_of(patients), "id": patient_id}])
            await connection.execute(sa.insert(devices), [{**row_of(devices), "id": device}])
            worn = {"id": new_id(), "device_id": device, "patient_id": patient_id, "responsible_id": doctor["id"]}
            await connection.execute(sa.insert(associations), [{**row_of(associations), **worn, "until_at": None}])
    return str(doctor["id"])


def _device(patient_id: str) -> str:
    return f"B-{patient_id[:12]}"


def _minutes(*, round_the_clock: bool) -> Mapping[int, int]:
    """The minutes of the year in which something was measured → how many messages."""
    if round_the_clock:
        return dict.fromkeys(range(0, 365 * 1440, 6), 1)
    return {day * 1440 + 9 * 60 + minute: 4 for day in range(365) for minute in range(60)}


def _messages(patient_id: str, minutes: Mapping[int, int], positions: list[int]) -> Iterator[dict[str, Any]]:
    device, partition = _device(patient_id), partition_of(patient_id)
    for minute, many in minutes.items():
        for part in range(many):
            at = BEGIN + timedelta(minutes=minute, seconds=60 // many * part)
            positions[partition] += 1
            yield {
                "id": new_id(),
                "device_id": device,
                "identity": f"e:{positions[partition]}",
                "epoch": "e",
                "seq": positions[partition],
                "patient_id": patient_id,
                "partition": partition,
                "position": positions[partition],
                "sent_at": at,
                "received_at": at,
                "measured_at": at,
                "body": _body(at, minute),
            }


def _body(at: datetime, minute: int) -> bytes:
    return _template(minute % DIFFERENT).replace("@", at.isoformat()).encode()


@cache
def _template(minute: int) -> str:
    parts = (READING.format(metric, _value(minute, metric), unit) for metric, unit in METRICS.items())
    return f'{{"readings":[{",".join(parts)}]}}'


def _value(minute: int, metric: str) -> int:
    return 60 + (minute * 7 + len(metric)) % DIFFERENT


def _sums(patient_id: str, minutes: Mapping[int, int]) -> Iterator[dict[str, Any]]:
    for metric, level in ((metric, level) for metric in METRICS for level in Level):
        counts: dict[int, int] = {}
        for minute, many in minutes.items():
            start = minute * 60 // level * level  # the year begins at midnight of the day that is summed up
            counts[start] = counts.get(start, 0) + many
        yield from (_sum(patient_id, metric, level, start, count) for start, count in counts.items())


def _sum(patient_id: str, metric: str, level: Level, start: int, count: int) -> dict[str, Any]:  # noqa: PLR0917 – a row
    begun, value = int(BEGIN.timestamp()) + start, _value(start // 60, metric)
    return {
        "patient_id": patient_id,
        "metric": metric,
        "level": int(level),
        "start": begun,
        "site": "",
        "count": count,
        "low": value + 0.5,
        "high": value + 9.5,
        "total": (value + 5.0) * count,
        "last": value + 3.5,
        "last_ms": begun * 1000,
    }


class _SqliteBulk:
    def __init__(self, url: str) -> None:
        self._url = url

    async def __aenter__(self) -> Self:
        path = sqlite_path(self._url)
        assert path
        self._connection = sqlite3.connect(path)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._connection.execute("ANALYZE")
        self._connection.commit()
        self._connection.close()

    async def write(self, table: sa.Table, rows: Iterable[Mapping[str, Any]]) -> None:
        names = [column.name for column in table.columns]
        told = f"INSERT INTO {table.name} ({','.join(names)}) VALUES ({','.join('?' * len(names))})"  # noqa: S608
        for some in _pages(rows):
            self._connection.executemany(told, ([_told(row[name]) for name in names] for row in some))
            self._connection.commit()


class _PostgresBulk:
    def __init__(self, url: str) -> None:
        self._url = url

    async def __aenter__(self) -> Self:
        self._connection = await asyncpg.connect(self._url)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connection.execute("VACUUM ANALYZE")
        await self._connection.close()

    async def write(self, table: sa.Table, rows: Iterable[Mapping[str, Any]]) -> None:
        names = [column.name for column in table.columns]
        for some in _pages(rows):
            records = [tuple(row[name] for name in names) for row in some]
            await self._connection.copy_records_to_table(table.name, records=records, columns=names)


def _bulk(url: str) -> _SqliteBulk | _PostgresBulk:
    return _SqliteBulk(url) if url.startswith("sqlite") else _PostgresBulk(url)


def _pages(rows: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    left = iter(rows)
    while page := list(islice(left, AT_ONCE)):
        yield page


def _told(value: object) -> object:
    """A moment as server.store.tables.Moment writes it on SQLite."""
    return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ") if isinstance(value, datetime) else value
