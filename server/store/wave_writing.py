"""The waveforms of a batch of messages, in the journal's own transaction: their blocks, and the seconds they come to.

The seconds are added to those that are there under the lock of the device's row, which the journal holds.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devices.pyramid import tiles_of, together
from devices.readings import Message
from devices.waves import Block, microseconds
from server.store.journal_sql import Key
from server.store.subjects import SUBJECT_LIMIT
from server.store.tables import wave_tiles, waves
from server.store.upsert import upsert

Line = tuple[str, str, str]  # device, channel, subject
Tiles = Mapping[tuple[str, str, str, int], bytes]  # by line and first second
LOOKED_UP = 200  # tiles by one statement


async def stored_waves(connection: AsyncConnection, keys: Sequence[Key]) -> set[Key]:
    """Those of them of which there are blocks."""
    key = sa.tuple_(waves.c.device_id, waves.c.identity)
    found = await connection.execute(sa.select(waves.c.device_id, waves.c.identity).where(key.in_(keys)))
    return {(device_id, identity) for device_id, identity in found}


async def write_waves(connection: AsyncConnection, messages: Sequence[Message]) -> None:
    rows = [_row(message, number, block) for message in messages for number, block in enumerate(message.waves)]
    await connection.execute(sa.insert(waves), rows)
    await _add_tiles(connection, _tiles(messages))


def _tiles(messages: Iterable[Message]) -> Tiles:
    lines: defaultdict[Line, list[Block]] = defaultdict(list)
    for message in messages:
        for block in message.waves:
            lines[message.device_id, block.channel, _subject(block)].append(block)
    return {(*line, first): tile for line, blocks in lines.items() for first, tile in tiles_of(blocks).items()}


async def _add_tiles(connection: AsyncConnection, fresh: Tiles) -> None:
    there: dict[tuple[str, str, str, int], bytes] = {}
    wanted = sorted(fresh)
    for start in range(0, len(wanted), LOOKED_UP):
        there |= await _tiles_there(connection, wanted[start : start + LOOKED_UP])
    names = ("device_id", "channel", "subject", "start")
    rows = [
        {**dict(zip(names, key, strict=True)), "seconds": together(there[key], tile) if key in there else tile}
        for key, tile in sorted(fresh.items())
    ]
    await connection.execute(upsert(connection.dialect.name, wave_tiles), rows)


async def _tiles_there(
    connection: AsyncConnection, keys: Sequence[tuple[str, str, str, int]]
) -> dict[tuple[str, str, str, int], bytes]:
    columns = wave_tiles.c
    key = sa.tuple_(columns.device_id, columns.channel, columns.subject, columns.start)
    rows = await connection.execute(sa.select(wave_tiles).where(key.in_(keys)))
    return {(row.device_id, row.channel, row.subject, row.start): row.seconds for row in rows}


def _row(message: Message, number: int, block: Block) -> dict[str, Any]:
    return {
        "device_id": message.device_id,
        "identity": message.identity,
        "number": number,
        "channel": block.channel,
        "subject": _subject(block),
        "start_us": microseconds(block.start),
        "until_us": microseconds(block.until),
        "received_at": message.received_at,
        "rate": block.rate,
        "gain": block.gain,
        "zero": block.offset,
        "samples": block.samples,
    }


def _subject(block: Block) -> str:
    return (block.subject or "")[:SUBJECT_LIMIT]
