"""One value judged: converted, kept as it was sent, or refused by name."""

import math
from datetime import UTC, datetime

import msgspec
import pytest

from devices.codecs.judging import MAX_READINGS, MAX_TEXT, Said, gathered, judge, named, printable, refused
from devices.metrics import METRICS
from devices.readings import Comparator, Reason, Refusal, Reported

AT = datetime(2025, 3, 9, 7, 55, tzinfo=UTC)
GLUCOSE = METRICS["glucose"]


def test_a_value_is_converted_and_what_was_sent_is_kept_beside_it() -> None:
    said = Said(GLUCOSE, 180.156, "mg/dL", AT, Comparator.GREATER, ("fasting",), "P1")
    assert judge(said) == Reported(
        "glucose",
        10.0,
        "mmol/L",
        AT,
        180.156,
        "mg/dL",
        comparator=Comparator.GREATER,
        context=("fasting",),
        subject="P1",
    )
    assert judge(Said(GLUCOSE, 5.4, "mmol/L")) == Reported("glucose", 5.4, "mmol/L")


def test_a_spelling_that_can_mean_one_unit_is_that_unit_and_kept_as_it_was_sent() -> None:
    assert judge(Said(METRICS["sbp"], 120, "mmHg")) == Reported("sbp", 120, "mm[Hg]", None, 120, "mmHg")
    assert judge(Said(METRICS["temp"], 98.6, "°F")) == Reported("temp", 37.0, "Cel", None, 98.6, "°F")


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        (Said(GLUCOSE, None, "mmol/L"), Refusal(Reason.NOT_A_NUMBER, "glucose")),
        (Said(GLUCOSE, math.nan, "mmol/L"), Refusal(Reason.NOT_A_NUMBER, "glucose")),
        (Said(GLUCOSE, -math.inf, "mmol/L"), Refusal(Reason.INFINITE, "glucose")),
        (Said(GLUCOSE, 5.4, "mm\x00"), Refusal(Reason.UNKNOWN_UNIT, "glucose", detail="mm?")),
        (Said(GLUCOSE, 0.4, "mmol/L"), Refusal(Reason.IMPOSSIBLE, "glucose", 0.4)),
        (Said(GLUCOSE, 1e308, "kg/L"), Refusal(Reason.IMPOSSIBLE, "glucose")),
        (Said(GLUCOSE, 2.8, "mmol/L", wrong_at=True), Refusal(Reason.WRONG_SHAPE, "glucose", 2.8, "at")),
    ],
)
def test_what_cannot_be_taken_has_a_name_and_its_value_where_that_is_known(said: Said, refusal: Refusal) -> None:
    assert judge(said) == refusal


def test_a_message_has_a_thousand_readings_at_most() -> None:
    reading = Reported("spo2", 97, "%", AT)
    assert len(gathered([reading] * MAX_READINGS).readings) == 1000
    assert gathered([reading] * MAX_READINGS + [Refusal(Reason.NO_VALUE, "spo2")]) == refused(
        Reason.WRONG_SHAPE, "more than 1000 readings"
    )


def test_a_message_is_the_same_by_what_was_measured_where_every_reading_has_its_time() -> None:
    reading, untimed = Reported("spo2", 97, "%", AT), Reported("spo2", 97, "%")
    same = gathered([reading]).content
    assert same == gathered([reading]).content is not None
    for other in (
        gathered([msgspec.structs.replace(reading, subject="P2")]),
        gathered([reading], said_beside="8"),
        gathered([reading, Refusal(Reason.NO_VALUE, "hr")]),
    ):
        assert other.content not in {same, None}
    assert gathered([reading, untimed]).content is None
    assert gathered([]).content is None
    assert gathered([untimed], otherwise="bytes").content == "bytes"


def test_what_a_device_calls_things_is_fit_for_a_screen() -> None:
    assert printable("spo₂\x00\n") == "spo???"
    assert named(" 病人\x00亅 ") == "病人亅"
    assert named("\x00 ") is None
    assert len(printable("x" * 5000)) == len(named("x" * 5000) or "") == MAX_TEXT
    assert refused(Reason.MALFORMED, "\x1b[31m").refusals == (Refusal(Reason.MALFORMED, detail="?[31m"),)
