"""The journal of devices.ingest in SQL: a batch is one transaction, a message is stored once, positions have no race.

A device's row is locked first. Batches of one device, and its association with a patient, so come one after the other;
the unique constraint on (device_id, identity) stands behind that lock and fails the whole batch if it is ever missed.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from itertools import count
from typing import Any
from zlib import crc32

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from devices.journal import Committed, Stored, StoredWaves
from devices.readings import Gap, Message, Quarantined
from devices.streams import Stream
from server.ids import new_id, rising_ids
from server.store import tables
from server.store.engine import Store
from server.store.gaps import note_gaps
from server.store.journal_sql import JOURNAL_SQL, Epoch, Key, stream, wearing
from server.store.placing import Known, epoch_of, firsts
from server.store.subjects import SubjectQueries
from server.store.turns import turn

PARTITIONS = 16
MILLISECOND = timedelta(milliseconds=1)
WHOLE_BYTES = 65_536  # in quarantine; no codec takes more
KEPT_BYTES = 4096  # of a larger payload; its size and SHA-256 are those of the whole


class StoreJournal:
    """Implements devices.journal.Journal."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def commit(self, messages: Sequence[Message], quarantined: Sequence[Quarantined]) -> Committed:
        """Store all or nothing; what was stored before is covered by the acks and not stored again.

        A number that its stream does not have yet is not looked for: in the rare case that it is there all the same,
        the unique key says so, and the batch is done once more with care."""
        try:
            return await self._commit(messages, quarantined, by_numbers=True)
        except (IntegrityError, sqlite3.IntegrityError):
            return await self._commit(messages, quarantined, by_numbers=False)

    async def _commit(
        self, messages: Sequence[Message], quarantined: Sequence[Quarantined], *, by_numbers: bool
    ) -> Committed:
        async with self._store.write(JournalQueries) as queries:
            known = await queries.known(messages)
            first = firsts(messages)
            unsure = [key for key in first if not (by_numbers and known.lacks(first[key]))]
            stored = await queries.stored(unsure) | await queries.waves_stored(
                [key for key in unsure if first[key].waves]
            )
            advanced = known.advance(messages)
            fresh = [message for key, message in first.items() if key not in stored]
            placed = await queries.place(advanced.explain(fresh), known)
            waves = await queries.keep_waves([message for message in fresh if message.waves], known)
            await queries.note(advanced.lost)
            await queries.settle(messages, advanced.streams)
            await queries.set_aside(quarantined)
        return Committed(advanced.acks(), placed, waves)


class PositionQueries:
    """What gives a message its place: the partition of its patient, and the next position in it."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._sql = JOURNAL_SQL[connection.dialect.name]

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
        answers = await turn(self._connection, self._sql.issue(wanted)) if wanted else []
        return {partition: count(last - wanted[partition] + 1) for answer in answers for partition, last in answer}


class JournalQueries(PositionQueries, SubjectQueries):
    """The steps of one batch, in the order in which StoreJournal takes them."""

    async def known(self, batch: Sequence[Message]) -> Known:
        """What there is of the batch's devices, which stay locked until the commit."""
        devices = sorted({message.device_id for message in batch})
        epochs = sorted({epoch_of(message) for message in batch if message.seq is not None})
        *_, streams, worn = await turn(self._connection, self._sql.known(devices, epochs))
        return Known.of(map(stream, streams), map(wearing, worn))

    async def stored(self, keys: Sequence[Key]) -> set[Key]:
        """Those of them that are in the database."""
        [found] = await turn(self._connection, [self._sql.stored(keys)]) if keys else [[]]
        return {(device_id, identity) for device_id, identity in found}

    async def place(self, fresh: Sequence[Message], known: Known) -> list[Stored]:
        """Store the messages, each with its patient, partition and position; held where nobody wears the device."""
        told = [message for message in fresh if not (message.waves and message.only_waves)]
        parts = await self.told_apart([part for message in told for part in known.by_wearer(message)])
        places = [None if patient is None else partition_of(patient) for _, patient in parts]
        issued = await self.issue(Counter(place for place in places if place is not None))
        stored = [
            Stored(message, id_, patient, place, None if place is None else next(issued[place]))
            for (message, patient), place, id_ in zip(parts, places, rising_ids(len(parts)), strict=True)
        ]
        if stored:
            await turn(self._connection, [self._sql.insert(stored)])
        return stored

    async def waves_stored(self, keys: Sequence[Key]) -> set[Key]:
        """Those of them whose waveforms are in the database."""
        if not keys:
            return set()
        from server.store.wave_writing import stored_waves  # noqa: PLC0415 – numpy, only where there are waves

        return await stored_waves(self._connection, keys)

    async def keep_waves(self, fresh: Sequence[Message], known: Known) -> list[StoredWaves]:
        """Store the blocks; they have no place in the partition, since nothing is derived from them in its order."""
        if not fresh:
            return []
        from server.store.wave_writing import write_waves  # noqa: PLC0415 – numpy, only where there are waves

        await write_waves(self._connection, fresh)
        return [StoredWaves(message, known.wearers(message)) for message in fresh]

    async def settle(self, batch: Sequence[Message], streams: Mapping[Epoch, Stream]) -> None:
        """Where the streams are now, when each device was last heard, and its clock then. A batch that waited does not
        turn this back."""
        newest: dict[str, Message] = {}
        for message in batch:
            if message.device_id not in newest or newest[message.device_id].received_at <= message.received_at:
                newest[message.device_id] = message
        heard = [(message, message.clock_offset // MILLISECOND) for _, message in sorted(newest.items())]
        if heard:
            await turn(self._connection, self._sql.settle(streams, heard))

    async def note(self, lost: Sequence[tuple[Message, Sequence[Gap]]]) -> None:
        """For who looks after devices; whoever watches the wearer finds them in the messages."""
        await note_gaps(self._connection, lost)

    async def set_aside(self, quarantined: Sequence[Quarantined]) -> None:
        """Keep what could not be taken, for a person to look at."""
        if quarantined:
            await self._connection.execute(sa.insert(tables.quarantine), [_quarantine_row(one) for one in quarantined])


def partition_of(patient_id: str) -> int:
    """The same on every machine and for ever: positions already issued depend on it."""
    return crc32(patient_id.encode()) % PARTITIONS


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
