"""The journal of devices.ingest in SQL: a batch is one transaction, a message is stored once, positions have no race.

A device's row is locked first. Batches of one device, and its association with a patient, so come one after the other;
the unique constraint on (device_id, identity) stands behind that lock and fails the whole batch if it is ever missed.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import count
from typing import Any
from zlib import crc32

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devices.ingest import Ack, Committed, Stored
from devices.readings import Body, Gap, Message, Quarantined, Reading
from devices.streams import Stream
from server.ids import new_id
from server.store import tables
from server.store.engine import Store
from server.store.subjects import SubjectQueries
from server.store.upsert import upsert

PARTITIONS = 16
MILLISECOND = timedelta(milliseconds=1)
WHOLE_BYTES = 65_536  # in quarantine; no codec takes more
KEPT_BYTES = 4096  # of a larger payload; its size and SHA-256 are those of the whole

Epoch = tuple[str, str]  # device, epoch ("" where the device names none)


class StoreJournal:
    """Implements devices.ingest.Journal."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def commit(self, messages: Sequence[Message], quarantined: Sequence[Quarantined]) -> Committed:
        """Store all or nothing; what was stored before is covered by the acks and not stored again."""
        async with self._store.write(JournalQueries) as queries:
            await queries.lock_devices({message.device_id for message in messages})
            fresh = await queries.fresh(messages)
            advanced = await queries.advance(messages)
            stored = await queries.place(advanced.explain(fresh))
            await queries.touch_devices(messages)
            await queries.set_aside(quarantined)
        return Committed(advanced.acks(), stored)


@dataclass
class Advanced:
    """Where the batch brought each stream, and the numbers that its messages revealed as lost."""

    streams: dict[Epoch, Stream]
    lost: list[tuple[Message, tuple[Gap, ...]]] = field(default_factory=list)

    def acks(self) -> tuple[Ack, ...]:
        return tuple(Ack(device, epoch, stream.covered) for (device, epoch), stream in self.streams.items())

    def explain(self, fresh: Sequence[Message]) -> list[Message]:
        """``fresh`` with the gaps in the bodies; a gap that a duplicate revealed becomes a message of its own."""
        gaps_of = {id(message): gaps for message, gaps in self.lost}
        explained = [_with_gaps(message, gaps_of.pop(id(message), ())) for message in fresh]
        return explained + [
            _only_gaps(message, gaps_of[id(message)]) for message, _ in self.lost if id(message) in gaps_of
        ]


class PositionQueries:
    """What gives a message its place: the partition of its patient, and the next position in it."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def lock_devices(self, ids: Iterable[str]) -> None:
        """In one order, so that two batches wait for each other and never deadlock. SQLite has one writer anyway."""
        locked = (
            sa.select(tables.devices.c.id).where(tables.devices.c.id.in_(sorted(ids))).order_by(tables.devices.c.id)
        )
        await self._connection.execute(locked.with_for_update(key_share=True))

    async def issue(self, wanted: Mapping[int, int]) -> dict[int, "count[int]"]:
        """By partition, the numbers that follow its last position; ``wanted`` says how many are taken of each.

        The partition's row stays locked until the commit, so that positions become visible in their order.
        """
        issued = {}
        for partition, number in sorted(wanted.items()):
            last = await self._connection.scalar(
                sa.update(tables.partitions)
                .where(tables.partitions.c.id == partition)
                .values(issued=tables.partitions.c.issued + number)
                .returning(tables.partitions.c.issued)
            )
            issued[partition] = count((last or 0) - number + 1)
        return issued


class HeldQueries(PositionQueries):
    """Mixed into the queries that associate a device: what was held for want of a patient finds one."""

    async def adopt(self, device_id: str, patient_id: str, from_at: datetime, until_at: datetime | None) -> int:
        """Give the patient the held messages measured from ``from_at`` to before ``until_at``; how many they were.

        To be called in the association's own transaction, after its row is written.
        """
        await self.lock_devices([device_id])
        held = sa.select(tables.messages.c.id).where(
            tables.messages.c.patient_id.is_(None),
            tables.messages.c.device_id == device_id,
            tables.messages.c.measured_at >= from_at,
        )
        if until_at is not None:
            held = held.where(tables.messages.c.measured_at < until_at)
        ids = (
            await self._connection.scalars(held.order_by(tables.messages.c.received_at, tables.messages.c.seq))
        ).all()
        if ids:
            await self._give(ids, patient_id)
        return len(ids)

    async def _give(self, ids: Sequence[str], patient_id: str) -> None:
        partition = partition_of(patient_id)
        positions = (await self.issue({partition: len(ids)}))[partition]
        place = sa.update(tables.messages).where(tables.messages.c.id == sa.bindparam("message"))
        place = place.values(patient_id=patient_id, partition=partition, position=sa.bindparam("place"))
        await self._connection.execute(place, [{"message": id_, "place": next(positions)} for id_ in ids])


class JournalQueries(PositionQueries, SubjectQueries):
    """The steps of one batch, in the order in which StoreJournal takes them."""

    async def fresh(self, batch: Sequence[Message]) -> list[Message]:
        """The messages that are not stored yet, each once, in the order of receipt."""
        first: dict[tuple[str, str], Message] = {}
        for message in batch:
            first.setdefault((message.device_id, message.identity), message)
        seen = await self._stored(list(first)) if first else set()
        return [message for key, message in first.items() if key not in seen]

    async def _stored(self, keys: list[tuple[str, str]]) -> set[tuple[str, str]]:
        # IN over pairs keeps one compiled statement; a VALUES list would be compiled anew for every batch.
        device_id, identity = tables.messages.c.device_id, tables.messages.c.identity
        found = await self._connection.execute(
            sa.select(device_id, identity).where(sa.tuple_(device_id, identity).in_(keys))
        )
        return {(row.device_id, row.identity) for row in found}

    async def advance(self, batch: Sequence[Message]) -> Advanced:
        """Count every message of the batch, the duplicates too, in its stream."""
        numbered = [(message, message.seq) for message in batch if message.seq is not None]
        advanced = Advanced(await self._streams({_epoch(message) for message, _ in numbered}))
        for message, seq in numbered:
            stream = advanced.streams.get(_epoch(message)) or Stream.begin(seq, message.oldest)
            advanced.streams[_epoch(message)], gaps = stream.receive(seq, message.oldest)
            if gaps:
                advanced.lost.append((message, gaps))
        await self._save(advanced.streams)
        return advanced

    async def _streams(self, epochs: set[Epoch]) -> dict[Epoch, Stream]:
        names = sorted({epoch for _, epoch in epochs})
        wanted = sa.select(tables.streams).where(
            tables.streams.c.device_id.in_(sorted({device for device, _ in epochs}))
        )
        rows = await self._connection.execute(wanted.where(tables.streams.c.epoch.in_(names)))
        found = {(row.device_id, row.epoch): Stream(row.covered, _ranges(row.ahead)) for row in rows}
        return {epoch: stream for epoch, stream in found.items() if epoch in epochs}

    async def _save(self, advanced: Mapping[Epoch, Stream]) -> None:
        if not advanced:
            return
        rows = [
            {"device_id": device, "epoch": epoch, "covered": stream.covered, "ahead": stream.ahead}
            for (device, epoch), stream in advanced.items()
        ]
        await self._connection.execute(upsert(self._connection.dialect.name, tables.streams), rows)

    async def place(self, fresh: Sequence[Message]) -> list[Stored]:
        """Store the messages, each with its patient, partition and position; held where nobody wears the device."""
        worn = await self._worn({message.device_id for message in fresh})
        divided = [part for message in fresh for part in _by_wearer(message, worn[message.device_id])]
        parts = await self.told_apart([(part, _wearer(worn[part.device_id], part.measured_at)) for part in divided])
        places = [None if patient is None else partition_of(patient) for _, patient in parts]
        issued = await self.issue(Counter(place for place in places if place is not None))
        stored = [
            Stored(message, new_id(), patient, place, None if place is None else next(issued[place]))
            for (message, patient), place in zip(parts, places, strict=True)
        ]
        if stored:
            await self._connection.execute(sa.insert(tables.messages), [_row(one) for one in stored])
        return stored

    async def _worn(self, ids: set[str]) -> Mapping[str, list[sa.Row[Any]]]:
        rows = await self._connection.execute(
            sa.select(tables.associations).where(tables.associations.c.device_id.in_(sorted(ids)))
        )
        worn: defaultdict[str, list[sa.Row[Any]]] = defaultdict(list)
        for row in rows:
            worn[row.device_id].append(row)
        return worn

    async def touch_devices(self, batch: Sequence[Message]) -> None:
        """When each device was last heard, and its clock then. A batch that waited does not turn this back."""
        newest = {message.device_id: message for message in sorted(batch, key=lambda one: one.received_at)}
        last = tables.devices.c.last_received_at
        earlier = last.is_(None) | (last <= sa.bindparam("heard"))
        heard = sa.update(tables.devices).where(tables.devices.c.id == sa.bindparam("device"), earlier)
        heard = heard.values(last_received_at=sa.bindparam("heard"), clock_offset_ms=sa.bindparam("offset"))
        rows = [
            {"device": device, "heard": message.received_at, "offset": message.clock_offset // MILLISECOND}
            for device, message in sorted(newest.items())
        ]
        if rows:
            await self._connection.execute(heard, rows)

    async def set_aside(self, quarantined: Sequence[Quarantined]) -> None:
        """Keep what could not be taken, for a person to look at."""
        if quarantined:
            await self._connection.execute(sa.insert(tables.quarantine), [_quarantine_row(one) for one in quarantined])


def partition_of(patient_id: str) -> int:
    """The same on every machine and for ever: positions already issued depend on it."""
    return crc32(patient_id.encode()) % PARTITIONS


def _epoch(message: Message) -> Epoch:
    return message.device_id, message.epoch or ""


def _ranges(ahead: Iterable[Sequence[int]]) -> tuple[tuple[int, int], ...]:
    return tuple((first, last) for first, last in ahead)


def _wearer(worn: Iterable[sa.Row[Any]], at: datetime) -> str | None:
    for row in worn:
        if row.from_at <= at and (row.until_at is None or at < row.until_at):
            return str(row.patient_id)
    return None


def _by_wearer(message: Message, worn: Sequence[sa.Row[Any]]) -> list[Message]:
    """The message; where its readings were measured on several patients, one for each of them. The first has all that
    is not a reading, and the identity by which the whole is known when it comes again."""
    own = _wearer(worn, message.measured_at)
    readings: dict[str | None, list[Reading]] = {own: []}
    for reading in message.body.readings:
        readings.setdefault(_wearer(worn, _measured_at(reading, message)), []).append(reading)
    if len(readings) == 1:
        return [message]
    first = msgspec.structs.replace(message.body, readings=tuple(readings.pop(own)))
    rest = [_part(message, number, taken) for number, taken in enumerate(readings.values(), start=1)]
    return [msgspec.structs.replace(message, body=first), *rest]


def _measured_at(reading: Reading, message: Message) -> datetime:
    """Nothing is newer than its receipt, as for the message itself."""
    return min(reading.at, message.received_at)


def _part(message: Message, number: int, readings: Sequence[Reading]) -> Message:
    return Message(
        device_id=message.device_id,
        identity=f"{message.identity}~{number}",
        received_at=message.received_at,
        measured_at=max(_measured_at(reading, message) for reading in readings),
        body=Body(readings=tuple(readings)),
        sent_at=message.sent_at,
        clock_offset=message.clock_offset,
    )


def _with_gaps(message: Message, gaps: tuple[Gap, ...]) -> Message:
    if not gaps:
        return message
    body = msgspec.structs.replace(message.body, gaps=message.body.gaps + gaps)
    return msgspec.structs.replace(message, body=body)


def _only_gaps(message: Message, gaps: tuple[Gap, ...]) -> Message:
    return Message(
        device_id=message.device_id,
        identity=f"!{new_id()}",
        received_at=message.received_at,
        measured_at=message.received_at,
        body=Body(gaps=gaps),
    )


def _row(stored: Stored) -> dict[str, Any]:
    message = stored.message
    return {
        "id": stored.message_id,
        "device_id": message.device_id,
        "identity": message.identity,
        "epoch": message.epoch,
        "seq": message.seq,
        "patient_id": stored.patient_id,
        "partition": stored.partition,
        "position": stored.position,
        "sent_at": message.sent_at,
        "received_at": message.received_at,
        "measured_at": message.measured_at,
        "body": msgspec.json.encode(message.body),
    }


def _quarantine_row(one: Quarantined) -> dict[str, Any]:
    return {
        "id": new_id(),
        "received_at": one.received_at,
        "topic": _short(one.topic),
        "device_id": one.device_id,
        "reason": one.reason,
        "detail": _short(one.detail),
        "payload": one.payload[: WHOLE_BYTES if len(one.payload) <= WHOLE_BYTES else KEPT_BYTES],
        "payload_size": len(one.payload),
        "payload_sha256": sha256(one.payload).hexdigest(),
        "identity": one.identity,
        "taken": one.taken,
    }


def _short(text: str) -> str:
    """As a column of 256 can hold it: PostgreSQL takes no NUL and no lone surrogate."""
    return text.replace("\0", "�").encode(errors="replace").decode()[:256]
