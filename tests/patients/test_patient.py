"""Who may become a patient, and how old."""

import unicodedata
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.patients.patient import InvalidPatient, Patient, PatientDetails, Sex, age_on, new_patient

TODAY = date(2026, 11, 21)
WANG = PatientDetails("王小明", Sex.MALE, date(1961, 3, 4), "13812345678", "zh-CN")


def register(**changes: object) -> Patient:
    return new_patient("p1", replace(WANG, **changes), TODAY, "CN")  # type: ignore[arg-type]


def refused_field(**changes: object) -> str:
    with pytest.raises(InvalidPatient) as refusal:
        register(**changes)
    return refusal.value.field


def test_an_ordinary_patient_is_taken() -> None:
    assert register() == Patient("p1", "王小明", Sex.MALE, date(1961, 3, 4), phone="+8613812345678", locale="zh-CN")


def test_a_name_is_kept_composed_and_with_single_spaces() -> None:
    assert register(name="  Jose\u0301 \u3000 Nu\u0301n\u0303ez ").name == "José Núñez"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "   ",
        "123",
        "--",
        "a" * 61,
        "Wang\u202eming",  # right-to-left override: what follows would read backwards
        "Wang\u2066ming",
        "Wang\x00ming",
        "Wang\nming",
        "Wang\u2028ming",
        "Wang\ud800",
        "\ue000",
    ],
)
def test_a_name_that_hides_something_is_refused(name: str) -> None:
    assert refused_field(name=name) == "name"


def test_sixty_characters_are_a_name() -> None:
    assert len(register(name="a" * 60).name) == 60


def test_joiners_inside_a_persian_name_stay() -> None:
    assert register(name="علی\u200cرضا").name == "علی\u200cرضا"


@given(st.text(max_size=80))
def test_every_name_that_is_taken_is_normal_and_visible(name: str) -> None:
    try:
        taken = register(name=name).name
    except InvalidPatient:
        return  # test_a_name_that_hides_something_is_refused says which
    assert 1 <= len(taken) <= 60
    assert taken == taken.strip()
    assert unicodedata.is_normalized("NFC", taken)
    assert not any(unicodedata.category(c) == "Cc" or unicodedata.bidirectional(c) in {"RLO", "LRO"} for c in taken)


def test_nobody_is_born_tomorrow_or_in_another_age() -> None:
    assert refused_field(birth_date=TODAY + timedelta(days=1)) == "birth_date"
    assert refused_field(birth_date=date(1899, 12, 31)) == "birth_date"
    assert register(birth_date=TODAY).age_on(TODAY) == 0
    assert register(birth_date=date(1900, 1, 1)).age_on(TODAY) == 126


def test_telephone_and_language_are_named_when_wrong() -> None:
    assert refused_field(phone="12") == "phone"
    assert refused_field(locale="xx") == "locale"


def test_a_birthday_counts_from_its_first_minute() -> None:
    assert age_on(date(2008, 11, 21), date(2026, 11, 20)) == 17
    assert age_on(date(2008, 11, 21), date(2026, 11, 21)) == 18


def test_who_was_born_on_a_leap_day_turns_on_the_first_of_march() -> None:
    assert age_on(date(2008, 2, 29), date(2026, 2, 28)) == 17
    assert age_on(date(2008, 2, 29), date(2026, 3, 1)) == 18


@given(st.dates(min_value=date(1900, 1, 1), max_value=TODAY), st.integers(0, 3000))
def test_age_never_falls_as_days_go_by(born: date, days: int) -> None:
    assert 0 <= age_on(born, TODAY) <= age_on(born, TODAY + timedelta(days=days))
