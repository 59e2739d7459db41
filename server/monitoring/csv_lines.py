"""Readings as lines of CSV (RFC 4180) that a spreadsheet shows and never calculates. Pure."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from devices.waves import CHANNELS
from server.monitoring.fhir import Told
from server.monitoring.rollups import site_of
from server.monitoring.wave_export import ToldBlock, numbers

HEAD: Final = (
    "measured_at",
    "received_at",
    "metric",
    "value",
    "unit",
    "comparator",
    "site",
    "context",
    "sent_value",
    "sent_unit",
    "device",
    "message",
    "index",
    "rate",
    "gain",
    "offset",
    "samples",
)
NO_WAVE: Final = (None, None, None, None)
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # OWASP, CSV injection

Cell = str | float | None  # None is an empty cell


def head() -> bytes:
    return _lines([HEAD])


def lines(told: Iterable[Told]) -> bytes:
    return _lines(row for each in told for row in _rows(each))


def wave_lines(told: Iterable[ToldBlock]) -> bytes:
    return _lines(map(_wave, told))


def safe(cell: Cell) -> Cell:
    """A text that a spreadsheet would take for a formula begins with an apostrophe. A number is a number."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def _rows(told: Told) -> Iterator[tuple[Cell, ...]]:
    for index, reading in told.readings:
        yield (
            reading.at.isoformat(),
            told.received_at.isoformat(),
            reading.metric,
            reading.value,
            reading.unit,
            reading.comparator,
            site_of(reading),
            " ".join(reading.context),
            reading.sent_value,
            reading.sent_unit,
            told.device_id,
            told.message_id,
            index,
            *NO_WAVE,
        )


def _wave(told: ToldBlock) -> tuple[Cell, ...]:
    """A block is one line: a sample is worth ``gain`` × it + ``offset``. The list is JSON, and no number to a sheet."""
    block = told.block
    return (
        block.start.isoformat(),
        told.received_at.isoformat(),
        block.channel,
        None,
        CHANNELS[block.channel].unit,
        *(None, None, None, None, None),
        told.device_id,
        told.identity,
        told.number,
        block.rate,
        block.gain,
        block.offset,
        msgspec.json.encode(numbers(block)).decode(),
    )


def _lines(rows: Iterable[Iterable[Cell]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(map(safe, row) for row in rows)
    return text.getvalue().encode()
