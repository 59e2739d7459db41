"""What flags beside a value make of it."""

import pytest

from devices.codecs.decimal_text import Amount
from devices.codecs.flags import bounded, words
from devices.readings import Comparator, Reason


@pytest.mark.parametrize(
    ("found", "flags", "meant"),
    [
        (Amount(33.3), [">"], Amount(33.3, Comparator.GREATER)),
        (Amount(1.1), ["LL", "<"], Amount(1.1, Comparator.LESS)),
        (Amount(33.3, Comparator.AT_LEAST), [">"], Amount(33.3, Comparator.AT_LEAST)),  # the number says it itself
        (Amount(5.4), ["H"], Amount(5.4)),
        (Reason.NO_VALUE, [">"], Reason.ABOVE_RANGE),
        (Reason.NO_VALUE, ["<"], Reason.BELOW_RANGE),
        (Reason.NO_VALUE, ["L"], Reason.NO_VALUE),
        (Reason.NOT_A_NUMBER, [">"], Reason.NOT_A_NUMBER),
    ],
)
def test_a_flag_says_where_the_scale_ends(found: Amount | Reason, flags: list[str], meant: Amount | Reason) -> None:
    assert bounded(found, flags) == meant


def test_the_others_are_words() -> None:
    assert words(["HH", "N", "<", "A"]) == ("critical_high", "abnormal")
