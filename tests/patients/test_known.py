"""Who may be the same person: by birth date with name or telephone number."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from server.patients.known import LONGEST_KEY, Register, name_key
from server.patients.patient import LONGEST_NAME, Patient, Sex

WANG = Patient("w", "王小明", Sex.MALE, date(1961, 3, 4), "+8613812345678", "zh-CN")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("王小明", "王 小明"),
        ("阿卜杜拉·买买提", "阿卜杜拉•买买提"),
        ("Anna-Maria O'Brien", "anna maria OBRIEN"),
        ("ＬＩ Ｍｉｎ", "Li Min"),  # as a Chinese input method gives Latin letters
        ("Strauß", "STRAUSS"),
    ],
)
def test_two_ways_of_writing_one_name_meet(one: str, other: str) -> None:
    assert name_key(one) == name_key(other) != ""


def test_other_names_do_not() -> None:
    assert len({name_key(name) for name in ("王小明", "王晓明", "Patient 1", "Patient 2")}) == 4


def test_a_key_is_bounded() -> None:
    assert len(name_key("\ufdfa" * LONGEST_NAME)) == LONGEST_KEY  # eighteen letters each


def test_the_same_name_or_the_same_telephone_on_the_same_day_is_alike() -> None:
    named, reached = replace(WANG, id="named", phone="+8613900000000"), replace(WANG, id="reached", name="王方")
    known = Register([reached, named, replace(WANG, id="else", name="王方", phone="+8613900000000")])
    assert [each.id for each in known.alike(WANG)] == ["named", "reached"]


def test_on_another_day_nobody_is() -> None:
    known = Register([replace(WANG, id="son", birth_date=WANG.birth_date + timedelta(1))])
    assert known.alike(WANG) == ()


def test_who_is_alike_in_both_is_named_once() -> None:
    assert Register([WANG, WANG]).alike(WANG) == (WANG,)
