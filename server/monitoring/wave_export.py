"""A patient's recorded waveforms for a file: block by block as they were stored, each cut to the time that is asked for
and to the time in which the patient wore the device. A page at a time, however many there are.
"""

import struct
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Protocol

from devices.waves import BYTES, CHANNELS, GAP, Block, cut, microseconds
from server.monitoring.fhir import CATEGORY, MDC, UCUM, Resource, moment, urn
from server.monitoring.waves import Worn

PAGE: Final = 32  # blocks read and written at once: of the largest half a million samples


@dataclass(frozen=True, slots=True)
class ToldBlock:
    """``identity`` is its message's, ``number`` its place there."""

    device_id: str
    identity: str
    number: int
    received_at: datetime
    block: Block


@dataclass(frozen=True, slots=True)
class BlockPlace:
    """Up to where a channel is written."""

    start_us: int
    identity: str = ""
    number: int = -1


class RecordedLook(Protocol):
    async def worn_between(self, patient_id: str, start: datetime, until: datetime) -> Sequence[Worn]: ...
    async def channels(self, worn: Worn) -> Sequence[str]: ...
    async def blocks_after(self, worn: Worn, channel: str, after: BlockPlace | None, limit: int) -> Sequence[ToldBlock]:
        """In order of time; ``after`` None: from the first that reaches into the time."""
        ...


Look = Callable[[], AbstractAsyncContextManager[RecordedLook]]


async def pages(look: Look, patient_id: str, start: datetime, until: datetime) -> AsyncIterator[Sequence[ToldBlock]]:
    """Device by device, channel by channel, each page a snapshot of its own. None of them is empty."""
    async with look() as snapshot:
        worn = await snapshot.worn_between(patient_id, start, until)
        found = [(each, channel) for each in worn for channel in sorted(await snapshot.channels(each))]
    for each, channel in found:
        async for page in _of_channel(look, each, channel):
            yield page


async def _of_channel(look: Look, worn: Worn, channel: str) -> AsyncIterator[Sequence[ToldBlock]]:
    place: BlockPlace | None = None
    while True:
        async with look() as snapshot:
            blocks = await snapshot.blocks_after(worn, channel, place, PAGE)
        if told := [each for block in blocks for each in _within(block, worn)]:
            yield told
        if len(blocks) < PAGE:
            return
        place = BlockPlace(microseconds(blocks[-1].block.start), blocks[-1].identity, blocks[-1].number)


def _within(told: ToldBlock, worn: Worn) -> Sequence[ToldBlock]:
    block = cut(told.block, worn.start, worn.until)
    return () if block is None else (replace(told, block=block),)


def block_entry(told: ToldBlock, patient_id: str) -> Resource:
    """SampledData (R4): a sample is worth ``factor`` × it + ``origin``, ``E`` is none. The time is the first one's."""
    block, channel = told.block, CHANNELS[told.block.channel]
    key = f"{told.device_id}/{told.identity}/{told.number}/{microseconds(block.start)}/{block.count}"
    resource = {
        "resourceType": "Observation",
        "status": "final",
        "category": [{"coding": [{"system": CATEGORY, "code": "procedure"}]}],
        "code": {"coding": [{"system": MDC, "code": str(channel.mdc)}], "text": channel.name},
        "subject": {"reference": urn("patient", patient_id)},
        "effectiveDateTime": block.start.isoformat(),  # to the microsecond: a sample lasts milliseconds
        "issued": moment(told.received_at),
        "device": {"reference": urn("device", told.device_id)},
        "valueSampledData": _sampled(block, channel.unit),
    }
    return {"fullUrl": urn("wave", key), "resource": resource}


def numbers(block: Block) -> list[int | None]:
    """Its samples; None where nothing was measured."""
    counts = struct.unpack(f"<{len(block.samples) // BYTES}h", block.samples)
    return [None if count == GAP else count for count in counts]


def _sampled(block: Block, unit: str) -> dict[str, Any]:
    return {
        "origin": {"value": block.offset, "unit": unit, "system": UCUM, "code": unit},
        "period": 1000 / block.rate,  # milliseconds
        "factor": block.gain,
        "dimensions": 1,
        "data": " ".join("E" if count is None else str(count) for count in numbers(block)),
    }
