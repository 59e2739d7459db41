"""Waveforms in a file: every sample once, of the patient alone, as FHIR and as CSV."""

import csv
import io
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from fhir.resources.R4B.bundle import Bundle

from devices.codecs.fhir import decode
from devices.readings import Body, Message
from devices.waves import CHANNELS, GAP, Block
from server.monitoring import wave_export
from server.monitoring.export import Export, Extract, Format
from server.monitoring.wave_export import ToldBlock, block_entry, numbers
from server.store.export import ExportQueries
from server.store.journal import StoreJournal
from server.store.tables import associations
from tests.devices.wave_samples import block, packed
from tests.monitoring.house import DEVICE, DOCTOR, NOON, House
from tests.monitoring.test_rolling import message, temp

SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wave_export, "PAGE", 3)


def sent(start: datetime, channel: str = "ecg_ii", seq: int = 0) -> Message:
    """A second of ten samples, numbered from 0."""
    one = block(range(10), start, 10, channel)
    return Message(DEVICE, f"e:{seq}/{start.isoformat()}/{channel}", NOON, NOON, Body(), waves=(one,))


async def store_seconds(house: House, count: int = 8) -> None:
    seconds = [sent(NOON + number * SECOND, channel) for channel in ("pleth", "ecg_ii") for number in range(count)]
    await StoreJournal(house.store).commit([message(1, temp(37.0, 0)), *seconds], [])


async def file(house: House, form: Format, span: tuple[float, float] = (0, 60), *, waves: bool = True) -> bytes:
    exporting = Export(partial(house.store.write, ExportQueries), partial(house.store.read, ExportQueries))
    start, until = (NOON + timedelta(seconds=second) for second in span)
    chunks = await exporting.of(DOCTOR, Extract("patient", form, start, until, waves), NOON + timedelta(days=9))
    return b"".join([chunk async for chunk in chunks])


async def sampled(house: House, span: tuple[float, float] = (0, 60)) -> list[tuple[str, int]]:
    """Channel and number of samples of each line of the table."""
    rows = csv.DictReader(io.StringIO((await file(house, Format.CSV, span)).decode(), newline=""))
    return [(row["metric"], len(json.loads(row["samples"]))) for row in rows if row["samples"]]


async def test_every_block_is_a_line_channel_by_channel(house: House) -> None:
    await store_seconds(house)
    assert await sampled(house) == [("ecg_ii", 10)] * 8 + [("pleth", 10)] * 8


async def test_what_began_before_the_time_and_what_ends_after_it_is_cut_to_the_sample(house: House) -> None:
    await store_seconds(house)
    assert (await sampled(house, (1.5, 3.2)))[:3] == [("ecg_ii", 5), ("ecg_ii", 10), ("ecg_ii", 2)]


async def test_blocks_that_began_at_once_are_each_told_once(house: House) -> None:
    """More of them than a page has room for: a device that counts anew sends another block of the same moment."""
    await StoreJournal(house.store).commit([sent(NOON, seq=number) for number in range(8)], [])
    assert await sampled(house) == [("ecg_ii", 10)] * 8


async def test_what_another_patient_wore_is_not_in_it(house: House) -> None:
    await store_seconds(house)
    await house.execute(sa.update(associations).values(from_at=NOON + 2.5 * SECOND, until_at=NOON + 4.5 * SECOND))
    assert (await sampled(house))[:3] == [("ecg_ii", 5), ("ecg_ii", 10), ("ecg_ii", 5)]


async def test_a_bundle_with_waveforms_is_fhir_and_without_them_has_none(house: House) -> None:
    await store_seconds(house, 2)
    bundle: Any = Bundle.model_validate_json(await file(house, Format.FHIR))
    values = [entry.resource.valueSampledData for entry in bundle.entry[2:]]
    assert [value is not None for value in values] == [False, True, True, True, True]
    alone: Any = Bundle.model_validate_json(await file(house, Format.FHIR, waves=False))
    assert len(alone.entry) == 3
    assert b"[" not in await file(house, Format.CSV, waves=False)


def resource_of(one: Block) -> Any:  # noqa: ANN401 – the library's own type
    entry = block_entry(ToldBlock("T_1", "e:1/ecg_ii", 0, NOON, one), "patient")
    bundle: Any = Bundle.model_validate({"resourceType": "Bundle", "type": "collection", "entry": [entry]})
    return bundle.entry[0].resource


@pytest.mark.parametrize("name", sorted(CHANNELS))
def test_every_channel_is_sampled_data_that_we_read_again(name: str) -> None:
    start = NOON + timedelta(microseconds=4_001)
    one = Block(name, start, 125.0, 0.005, -1.25, packed([0, -32767, GAP, 32767]))
    written = resource_of(one)
    assert (written.effectiveDateTime, written.valueSampledData.data) == (start, "0 -32767 E 32767")
    [again] = decode(
        msgspec.json.encode(block_entry(ToldBlock("T_1", "e:1", 0, NOON, one), "patient")["resource"])
    ).waves
    assert again == msgspec.structs.replace(one, subject=again.subject)


def test_a_gap_is_no_number() -> None:
    assert numbers(block([GAP, -1, 2])) == [None, -1, 2]


def test_the_same_block_has_the_same_address_and_another_part_of_it_another() -> None:
    def address(*blocks: Block) -> Sequence[str]:
        return [block_entry(ToldBlock("T_1", "e:1", 0, NOON, one), "patient")["fullUrl"] for one in blocks]

    one, same, part = address(block(range(10)), block(range(10)), block(range(9)))
    assert one == same != part
