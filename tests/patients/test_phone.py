"""Telephone numbers as people write them."""

import pytest

from server.patients.phone import InvalidPhone, masked, to_e164


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("13812345678", "+8613812345678"),
        (" 138 1234-5678 ", "+8613812345678"),
        ("+86 138 1234 5678", "+8613812345678"),
        ("0571 8888 8888", "+8657188888888"),
        ("１３８１２３４５６７８", "+8613812345678"),  # full-width digits, as an input method gives them
        ("+49 30 901820", "+4930901820"),
    ],
)
def test_a_number_is_read_as_the_hospitals_region_unless_it_says_another(typed: str, stored: str) -> None:
    assert to_e164(typed, "CN") == stored


@pytest.mark.parametrize("typed", ["", "hello", "12", "1381234567", "99999999999", "13812345678 ext. 5", "1" * 41])
def test_what_is_no_number_is_refused(typed: str) -> None:
    with pytest.raises(InvalidPhone):
        to_e164(typed, "CN")


def test_the_region_decides() -> None:
    assert to_e164("030 901820", "DE") == "+4930901820"
    with pytest.raises(InvalidPhone):
        to_e164("13812345678", "DE")


def test_a_masked_number_shows_its_end_alone() -> None:
    assert masked("+8613812345678") == "•••5678"
