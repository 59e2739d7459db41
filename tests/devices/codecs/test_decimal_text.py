"""Which texts are numbers, and which only look like one."""

import pytest

from devices.codecs.decimal_text import SENTINELS, Amount, amount, number
from devices.metrics import METRICS
from devices.readings import Comparator, Reason


@pytest.mark.parametrize(
    ("text", "expected"), [("5.4", 5.4), ("-5", -5.0), ("+5.", 5.0), (".5", 0.5), ("007", 7.0), ("0" * 20, 0.0)]
)
def test_digits_and_a_point_are_a_number(text: str, expected: float) -> None:
    assert number(text) == expected


@pytest.mark.parametrize("text", ["", ".", "+", "5,4", "1e3", "0x10", "1_000", "NaN", "inf", "٥", " 5", "9" * 21])
def test_nothing_else_is(text: str) -> None:
    assert number(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" 5.4 ", Amount(5.4)),
        ("<5", Amount(5, Comparator.LESS)),
        (">= 5", Amount(5, Comparator.AT_LEAST)),
        ("HI", Reason.ABOVE_RANGE),
        ("low", Reason.BELOW_RANGE),
        ("-999", Reason.NO_VALUE),
        ("<>5", Reason.NOT_A_NUMBER),
        ("<<5", Reason.NOT_A_NUMBER),
        ("1+", Reason.NOT_A_NUMBER),
    ],
)
def test_a_text_is_an_amount_a_bound_or_a_reason(text: str, expected: Amount | Reason) -> None:
    assert amount(text) == expected


def test_no_number_that_means_none_could_be_anybodys_value() -> None:
    possible = [(metric.name, value) for metric in METRICS.values() for value in SENTINELS if metric.possible(value)]
    assert possible == []
