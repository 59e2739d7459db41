"""The journal's statements as the drivers take them: for SQLite and for PostgreSQL the same questions and answers.

A list goes to SQLite as one JSON text and to PostgreSQL as arrays, so that a statement reads the same whatever the size
of the batch, and is prepared once.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

import msgspec

from devices.journal import Stored
from devices.readings import Message
from devices.streams import Stream
from server.store.moments import moment, text
from server.store.turns import Row, Statement

Epoch = tuple[str, str]  # device, epoch ("" where the device names none)
Key = tuple[str, str]  # device, identity


class Wearing(NamedTuple):
    """Who wore a device, from when, until when; it is worn yet where ``until_at`` is None."""

    patient_id: str
    from_at: datetime
    until_at: datetime | None


class JournalSql(Protocol):
    """What the journal asks and writes."""

    def known(self, devices: Sequence[str], epochs: Sequence[Epoch]) -> list[Statement]:
        """Lock the devices, in one order; then two answers at the end: their streams, and who wore them."""

    def stored(self, keys: Sequence[Key]) -> Statement: ...

    def issue(self, wanted: Mapping[int, int]) -> list[Statement]:
        """Lock the partitions, in one order; all that is answered is (partition, its last position)."""

    def insert(self, stored: Sequence[Stored]) -> Statement: ...

    def settle(self, streams: Mapping[Epoch, Stream], heard: Iterable[tuple[Message, int]]) -> list[Statement]:
        """Where each stream is now; by device the newest message and its clock's offset in milliseconds."""


def wearing(row: Row) -> tuple[str, Wearing]:
    """Device and who wore it, of an answer to ``known``."""
    device_id, patient_id, from_at, until_at = row
    return device_id, Wearing(patient_id, moment(from_at), None if until_at is None else moment(until_at))


def stream(row: Row) -> tuple[Epoch, Stream]:
    device_id, epoch, covered, ahead = row
    ranges = msgspec.json.decode(ahead) if isinstance(ahead, str) else ahead
    return (device_id, epoch), Stream(covered, tuple((first, last) for first, last in ranges))


_COLUMNS = (
    "id, device_id, identity, epoch, seq, patient_id, partition, position, sent_at, received_at, measured_at, body"
)
_STREAMS = "SELECT device_id, epoch, covered, ahead FROM streams WHERE (device_id, epoch) IN"
_WORN = "SELECT device_id, patient_id, from_at, until_at FROM associations WHERE device_id "
_STORED = "SELECT device_id, identity FROM messages WHERE (device_id, identity) IN"
_SAVE = "ON CONFLICT (device_id, epoch) DO UPDATE SET covered = excluded.covered, ahead = excluded.ahead"


class SqliteJournalSql:
    """There is one writer, and who begins to write has locked everything."""

    _pairs = "(SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') FROM json_each(?))"
    _listed = "IN (SELECT value FROM json_each(?))"
    _insert = f"INSERT INTO messages ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 – our own
    _save = f"INSERT INTO streams (device_id, epoch, covered, ahead) VALUES (?, ?, ?, ?) {_SAVE}"  # noqa: S608 – our own
    _heard = (
        "UPDATE devices SET last_received_at = ?1, clock_offset_ms = ?2 "
        "WHERE id = ?3 AND (last_received_at IS NULL OR last_received_at <= ?1)"
    )

    def known(self, devices: Sequence[str], epochs: Sequence[Epoch]) -> list[Statement]:
        return [
            Statement(f"{_STREAMS} {self._pairs}", [(_json(epochs),)], answers=True),
            Statement(_WORN + self._listed, [(_json(devices),)], answers=True),
        ]

    def stored(self, keys: Sequence[Key]) -> Statement:
        return Statement(f"{_STORED} {self._pairs}", [(_json(keys),)], answers=True)

    def issue(self, wanted: Mapping[int, int]) -> list[Statement]:
        one = "UPDATE partitions SET issued = issued + ? WHERE id = ? RETURNING id, issued"
        return [Statement(one, [(number, partition)], answers=True) for partition, number in sorted(wanted.items())]

    def insert(self, stored: Sequence[Stored]) -> Statement:
        return Statement(self._insert, [_sqlite_row(one) for one in stored])

    def settle(self, streams: Mapping[Epoch, Stream], heard: Iterable[tuple[Message, int]]) -> list[Statement]:
        return [
            Statement(self._save, [(*epoch, one.covered, _json(one.ahead)) for epoch, one in sorted(streams.items())]),
            Statement(self._heard, [(text(one.received_at), offset, one.device_id) for one, offset in heard]),
        ]


class PostgresJournalSql:
    """Rows are locked in one order everywhere, so that two batches wait for each other and never deadlock."""

    _pairs = "(SELECT * FROM unnest($1::text[], $2::text[]))"
    _insert = f"""
        INSERT INTO messages ({_COLUMNS}) SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[],
        $5::bigint[], $6::text[], $7::int[], $8::bigint[], $9::timestamptz[], $10::timestamptz[], $11::timestamptz[],
        $12::bytea[])"""  # noqa: S608 – our own

    def known(self, devices: Sequence[str], epochs: Sequence[Epoch]) -> list[Statement]:
        lock = "SELECT id FROM devices WHERE id = ANY($1::text[]) ORDER BY id FOR NO KEY UPDATE"
        return [
            Statement(lock, [(devices,)]),
            Statement(f"{_STREAMS} {self._pairs}", [_columns(epochs, 2)], answers=True),
            Statement(_WORN + "= ANY($1::text[])", [(devices,)], answers=True),
        ]

    def stored(self, keys: Sequence[Key]) -> Statement:
        return Statement(f"{_STORED} {self._pairs}", [_columns(keys, 2)], answers=True)

    def issue(self, wanted: Mapping[int, int]) -> list[Statement]:
        lock = "SELECT id FROM partitions WHERE id = ANY($1::int[]) ORDER BY id FOR NO KEY UPDATE"
        count = (
            "UPDATE partitions SET issued = issued + wanted.number FROM unnest($1::int[], $2::int[]) "
            "AS wanted (partition, number) WHERE id = wanted.partition RETURNING id, issued"
        )
        ids = sorted(wanted)
        return [
            Statement(lock, [(ids,)]),
            Statement(count, [(ids, [wanted[partition] for partition in ids])], answers=True),
        ]

    def insert(self, stored: Sequence[Stored]) -> Statement:
        return Statement(self._insert, [_columns([_row(one) for one in stored], 12)])

    def settle(self, streams: Mapping[Epoch, Stream], heard: Iterable[tuple[Message, int]]) -> list[Statement]:
        save = (
            "INSERT INTO streams (device_id, epoch, covered, ahead) SELECT device_id, epoch, covered, ahead::json FROM "
            "unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) AS now (device_id, epoch, covered, ahead) "
        )
        touch = (
            "UPDATE devices SET last_received_at = now.at, clock_offset_ms = now.clock FROM "
            "unnest($1::text[], $2::timestamptz[], $3::bigint[]) AS now (device_id, at, clock) "
            "WHERE id = now.device_id AND (last_received_at IS NULL OR last_received_at <= now.at)"
        )
        rows = [(*epoch, one.covered, _json(one.ahead)) for epoch, one in sorted(streams.items())]
        newest = [(one.device_id, one.received_at, offset) for one, offset in heard]
        return [Statement(save + _SAVE, [_columns(rows, 4)]), Statement(touch, [_columns(newest, 3)])]


JOURNAL_SQL: Mapping[str, JournalSql] = {"sqlite": SqliteJournalSql(), "postgresql": PostgresJournalSql()}


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _columns(rows: Sequence[Sequence[Any]], width: int) -> tuple[list[Any], ...]:
    return tuple(map(list, zip(*rows, strict=True))) if rows else tuple([] for _ in range(width))


def _row(stored: Stored) -> Row:
    message = stored.message
    return (
        stored.message_id,
        message.device_id,
        message.identity,
        message.epoch,
        message.seq,
        stored.patient_id,
        stored.partition,
        stored.position,
        message.sent_at,
        message.received_at,
        message.measured_at,
        msgspec.json.encode(message.body),
    )


def _sqlite_row(stored: Stored) -> Row:
    message = stored.message
    return (
        stored.message_id,
        message.device_id,
        message.identity,
        message.epoch,
        message.seq,
        stored.patient_id,
        stored.partition,
        stored.position,
        None if message.sent_at is None else text(message.sent_at),
        text(message.received_at),
        text(message.measured_at),
        msgspec.json.encode(message.body),
    )
