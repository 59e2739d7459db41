"""The packs as tables: what China's rules ask for, rule by rule, and that every rule can be cited."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.visits.policy.errors import PolicyRefused, StepUpNeeded
from server.visits.policy.facts import UNKNOWN, DoctorStanding
from server.visits.policy.pack import Care
from server.visits.policy.packs import CN_2022, NONE, PACKS
from server.visits.policy.retention import Kept
from server.visits.policy.rules import Refusal
from tests.visits.policy.people import IN_ORDER, TODAY, case, opening

MINUTE = timedelta(minutes=1)


def refused(standing: DoctorStanding) -> list[str]:
    with pytest.raises(PolicyRefused) as refusal:
        CN_2022.check_opening(opening(standing))
    return [each.rule for each in refusal.value.refusals]


def test_a_doctor_in_order_with_a_fresh_second_factor_opens() -> None:
    CN_2022.check_opening(opening())


@pytest.mark.parametrize(
    ("standing", "rule"),
    [
        (replace(IN_ORDER, licence_no=" "), "licence-valid"),
        (replace(IN_ORDER, licence_until=None), "licence-valid"),
        (replace(IN_ORDER, licence_until=date(2026, 11, 20)), "licence-valid"),
        (replace(IN_ORDER, practice_since=None), "three-years-of-practice"),
        (replace(IN_ORDER, practice_since=date(2023, 11, 22)), "three-years-of-practice"),
        (replace(IN_ORDER, institution_consents=False), "institution-consent"),
    ],
)
def test_each_paper_is_asked_for_by_name(standing: DoctorStanding, rule: str) -> None:
    assert refused(standing) == [rule]


def test_the_last_day_of_a_licence_and_the_third_anniversary_count() -> None:
    CN_2022.check_opening(opening(replace(IN_ORDER, licence_until=TODAY, practice_since=date(2023, 11, 21))))


def test_of_an_unknown_doctor_everything_is_missing_at_once() -> None:
    assert refused(UNKNOWN) == ["licence-valid", "three-years-of-practice", "institution-consent"]


@pytest.mark.parametrize("ago", [None, 11 * MINUTE, -MINUTE])
def test_a_second_factor_that_is_missing_stale_or_from_the_future_is_asked_for(ago: timedelta | None) -> None:
    with pytest.raises(StepUpNeeded) as needed:
        CN_2022.check_opening(opening(stepped_up=ago))
    assert (needed.value.rule, "Art. 13" in needed.value.article) == ("step-up", True)


def test_nobody_shows_a_second_factor_only_to_be_refused_for_the_papers() -> None:
    with pytest.raises(PolicyRefused):
        CN_2022.check_opening(opening(UNKNOWN, stepped_up=None))


def test_treatment_needs_an_earlier_diagnosis_else_it_is_advice() -> None:
    assert CN_2022.judge(case()).may_prescribe
    advice = CN_2022.judge(case(prior=False))
    assert (advice.care, advice.may_prescribe) == (Care.ADVICE_ONLY, False)
    assert [each.rule for each in advice.refused] == ["prior-diagnosis"]


@pytest.mark.parametrize(
    ("age", "guardian", "childrens", "rules"),
    [
        (5, True, True, []),
        (5, False, True, ["guardian-present"]),
        (5, True, False, ["specialist-for-young-children"]),
        (0, False, False, ["guardian-present", "specialist-for-young-children"]),
        (6, False, False, []),
    ],
)
def test_under_six_a_guardian_and_a_specialist(age: int, guardian: bool, childrens: bool, rules: list[str]) -> None:
    standing = replace(IN_ORDER, childrens=childrens)
    judged = CN_2022.judge(case(age, guardian=guardian, standing=standing))
    assert [each.rule for each in judged.refused] == rules
    assert all("Art. 19" in each.article for each in judged.refused)


@given(st.integers(0, 120), st.tuples(st.booleans(), st.booleans(), st.booleans()))
def test_prescribing_is_off_exactly_where_something_is_refused(age: int, facts: tuple[bool, bool, bool]) -> None:
    prior, guardian, childrens = facts
    judged = CN_2022.judge(case(age, prior=prior, guardian=guardian, standing=replace(IN_ORDER, childrens=childrens)))
    assert judged.may_prescribe is not bool(judged.refused)
    assert judged.may_prescribe is (prior and (age >= 6 or (guardian and childrens)))


def test_the_pack_none_asks_for_nothing() -> None:
    NONE.check_opening(opening(UNKNOWN, stepped_up=None))
    assert NONE.judge(case(0, prior=False, standing=UNKNOWN)).may_prescribe
    NONE.check_deletion(Kept.RECORD, None, TODAY)


def every_refusal() -> Iterator[Refusal]:
    for pack in PACKS.values():
        yield from (rule.refusal for rule in pack.standing)
        yield from (rule.refusal for rule in pack.treatment)
        yield from (found for clock in pack.clocks.values() if (found := clock.refuses(None, TODAY)))
        if pack.step_up:
            yield pack.step_up.refusal


def test_every_refusal_names_its_rule_and_article_in_both_languages() -> None:
    told = list(every_refusal())
    assert len({each.rule for each in told}) == len(told) == 9
    for each in told:
        assert "Art. " in each.article
        assert each.says("en").endswith(".")
        assert each.says("zh-CN").endswith("。")


def test_packs_are_found_by_their_id_and_say_their_version() -> None:
    assert {pack.name for pack in PACKS.values()} == {"cn-2022/1", "none/1"}
    assert all(PACKS[key].id == key for key in PACKS)


def test_a_province_takes_a_rule_away_without_touching_the_others() -> None:
    """As the trial of first visits for children in Beijing would."""
    trial = replace(CN_2022, id="cn-trial", treatment=CN_2022.treatment[1:])
    assert trial.judge(case(prior=False)).may_prescribe
    assert not CN_2022.judge(case(prior=False)).may_prescribe
