"""Readings as lines of CSV (RFC 4180) that a spreadsheet shows and never calculates. Pure."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Final

from server.monitoring.fhir import Told
from server.monitoring.rollups import site_of

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
)
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # OWASP, CSV injection

Cell = str | float | None


def head() -> bytes:
    return _lines([HEAD])


def lines(told: Iterable[Told]) -> bytes:
    return _lines(row for each in told for row in _rows(each))


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
        )


def _lines(rows: Iterable[Iterable[Cell]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(map(safe, row) for row in rows)
    return text.getvalue().encode()
