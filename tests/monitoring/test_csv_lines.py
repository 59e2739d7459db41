"""A file of readings that a spreadsheet shows as it is."""

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.readings import Comparator, Reading
from server.monitoring.csv_lines import FORMULA, HEAD, head, lines, safe
from server.monitoring.fhir import Told

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def read(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((head() + content).decode(), newline="")))


def told(*readings: Reading, device: str = "T-1") -> Told:
    return Told("m1", device, NOON, list(enumerate(readings)))


def test_a_reading_is_a_line_with_all_that_was_said_beside_it() -> None:
    warm = Reading("temp", 37.5, "Cel", NOON, sent_value=99.5, sent_unit="[degF]", context=("ear", "preliminary"))
    [line] = read(lines([told(warm)]))
    assert line == {
        "measured_at": "2026-11-21T12:00:00+00:00",
        "received_at": "2026-11-21T12:00:00+00:00",
        "metric": "temp",
        "value": "37.5",
        "unit": "Cel",
        "comparator": "",
        "site": "ear",
        "context": "ear preliminary",
        "sent_value": "99.5",
        "sent_unit": "[degF]",
        "device": "T-1",
        "message": "m1",
        "index": "0",
        **dict.fromkeys(("rate", "gain", "offset", "samples"), ""),
    }


def test_a_comparator_stands_beside_the_value() -> None:
    [line] = read(lines([told(Reading("glucose", 33.3, "mmol/L", NOON, comparator=Comparator.GREATER))]))
    assert (line["comparator"], line["value"]) == (">", "33.3")


@pytest.mark.parametrize("sign", FORMULA)
def test_what_a_spreadsheet_would_calculate_is_text(sign: str) -> None:
    [line] = read(lines([told(Reading("temp", 37.0, "Cel", NOON, sent_unit=f"{sign}1+1"), device=f"{sign}cmd")]))
    assert line["sent_unit"].startswith("'")
    assert line["device"] == f"'{sign}cmd"


def test_a_negative_number_stays_a_number() -> None:
    assert safe(-0.5) == -0.5


@given(st.text())
def test_no_text_begins_as_a_formula(text: str) -> None:
    shown = safe(text)
    assert isinstance(shown, str)
    assert not shown.startswith(FORMULA)
    assert shown.removeprefix("'") in {text, text.removeprefix("'")}


def test_the_head_names_every_column_once() -> None:
    assert len(set(HEAD)) == len(HEAD)
