"""The profiles' numbers from their sources, and evidence against a limit in any order of coming."""

from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import devices.rules
from devices.rules import PROFILES, NoLimits, NoLimitsReason, Point, Priority, Profile, Rule, Track, applicable
from devices.rules import read_profiles as read

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ADULT = PROFILES["adult-continuous"]
SPO2 = ADULT.watching("spo2")
LOW, DESATURATION = SPO2
RULES = {rule.id: rule for rule in ADULT.rules}


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def live(at_s: float, value: float) -> Point:
    return Point(after(at_s), value, "m", 0)


def late(at_s: float, value: float, received_s: float) -> Point:
    return Point(after(at_s), value, "m", 0, after(received_s))


def told(*points: Point, judged: bool = True) -> Track:
    track = Track()
    for point in points:
        track = track.add(SPO2, point)
        if judged and point.late_at is None:
            track = track.judge(SPO2)
    return track


def holding(track: Track) -> list[str]:
    return [held.rule for held in track.held]


# ── the profile ──


def test_the_profile_says_what_its_sources_say() -> None:
    assert (ADULT.silence_s, ADULT.late_after_s) == (120, 60)
    limits = {rule.id: (rule.below or rule.at_most or rule.at_least, rule.for_s, rule.priority) for rule in ADULT.rules}
    assert limits == {
        "spo2.low": (90, 15, Priority.MEDIUM),
        "spo2.desaturation": (80, 10, Priority.HIGH),
        "pulse.very_low": (40, 15, Priority.HIGH),
        "pulse.low": (50, 60, Priority.MEDIUM),
        "pulse.high": (111, 60, Priority.MEDIUM),
        "pulse.very_high": (131, 15, Priority.HIGH),
    }
    assert {rule.condition for rule in ADULT.rules} == {"spo2.low", "pulse.low", "pulse.high"}


@pytest.mark.parametrize(
    ("rule", "value", "broken", "rearmed"),
    [
        ("spo2.low", 89.9, True, False),
        ("spo2.low", 90, False, False),
        ("spo2.low", 91.9, False, False),
        ("spo2.low", 92, False, True),
        ("spo2.desaturation", 79.9, True, False),
        ("spo2.desaturation", 80, False, False),
        ("pulse.very_low", 40, True, False),
        ("pulse.very_low", 40.1, False, False),
        ("pulse.very_low", 45, False, True),
        ("pulse.low", 50, True, False),
        ("pulse.high", 111, True, False),
        ("pulse.high", 110.9, False, False),
        ("pulse.high", 108, False, True),
        ("pulse.very_high", 131, True, False),
        ("pulse.very_high", 130.9, False, False),
        ("pulse.very_high", 125.1, False, False),
    ],
)
def test_a_limit_lies_on_the_side_that_it_says(rule: str, value: float, *, broken: bool, rearmed: bool) -> None:
    assert (RULES[rule].broken_by(value), RULES[rule].rearmed_by(value)) == (broken, rearmed)


def shipped() -> str:
    return Path(devices.rules.__file__).with_name("profiles.json").read_text()


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ('"below": 90', '"belov": 90'),
        ('"below": 90', '"below": 90, "at_most": 91'),
        ('"below": 90', '"below": "90"'),
        ('"below": 90, ', ""),
        ('"metric": "spo2"', '"metric": "spo3"'),
        ('"unit": "%"', '"unit": "/"'),
        ('"rearm_at": 92', '"rearm_at": 89'),
        ('"for_s": 15', '"for_s": -15'),
        ('"priority": "medium"', '"priority": "urgent"'),
        ('"silence_s": 120', '"silence_s": null'),
        ('"id": "spo2.desaturation"', '"id": "spo2.low"'),
    ],
)
def test_a_profile_that_is_not_understood_is_refused(was: str, becomes: str) -> None:
    assert was in shipped()
    with pytest.raises(msgspec.ValidationError):
        read(shipped().replace(was, becomes, 1).encode())


def test_limits_are_for_adults_whose_age_is_known() -> None:
    assert applicable("adult-continuous", 18) == ADULT
    assert applicable("adult-continuous", 17) == NoLimits(NoLimitsReason.UNDER_18)
    assert applicable(None, 17) == NoLimits(NoLimitsReason.UNDER_18)
    assert applicable("adult-continuous", None) == NoLimits(NoLimitsReason.NO_LIMITS)
    assert applicable(None, 40) == NoLimits(NoLimitsReason.NO_LIMITS)
    assert applicable("adult-home", 40) == NoLimits(NoLimitsReason.NO_LIMITS)


# ── live readings ──


def test_a_breach_must_hold_for_its_time() -> None:
    assert holding(told(*(live(s, 85) for s in range(15)))) == []
    assert holding(told(*(live(s, 85) for s in range(16)))) == ["spo2.low"]


def test_a_reading_within_the_limit_begins_the_count_again() -> None:
    assert holding(told(*(live(s, 90 if s == 10 else 85) for s in range(26)))) == []


def test_the_newest_reading_stands_until_it_is_contradicted() -> None:
    once = told(live(0, 85))
    assert holding(once.judge(SPO2, after(14.9))) == []
    assert holding(once.judge(SPO2, after(15))) == ["spo2.low"]
    assert holding(told(live(0, 85), live(3, 95)).judge(SPO2, after(100))) == []


def test_it_is_over_only_by_readings_that_are_well_for_long_enough() -> None:
    low = [live(s, 85) for s in range(16)]
    assert holding(told(*low, *(live(20 + s, 92) for s in range(30)))) == ["spo2.low"]
    assert holding(told(*low, *(live(20 + s, 92) for s in range(31)))) == []
    assert holding(told(*low, *(live(20 + s, 91) for s in range(300)))) == ["spo2.low"]
    assert holding(told(*low, live(20, 92)).judge(SPO2, after(3600))) == ["spo2.low"]


def test_the_higher_rule_joins_and_leaves_before_the_lower() -> None:
    track = told(*(live(s, 78) for s in range(16)))
    assert holding(track) == ["spo2.low", "spo2.desaturation"]
    for second in range(20, 31):
        track = track.add(SPO2, live(second, 88)).judge(SPO2)
    assert holding(track) == ["spo2.low"]


def test_readings_out_of_order_count_where_they_were_measured() -> None:
    breach = [live(s, 85) for s in range(0, 20, 2)]
    contradiction = live(9, 95)
    assert holding(told(*breach, live(15, 85))) == ["spo2.low"]
    assert holding(told(*breach[:7], contradiction, *breach[7:], live(20, 85))) == []


# ── late readings ──


def test_a_late_run_may_begin_a_rule_and_says_that_it_was_late() -> None:
    track = told(*(late(s, 85, 600) for s in range(16))).judge_late(SPO2)
    assert [(held.rule, held.late) for held in track.held] == [("spo2.low", True)]


def test_a_late_run_that_a_newer_reading_contradicts_begins_nothing() -> None:
    run = [late(s, 85, 600) for s in range(16)]
    assert holding(told(*run, late(20, 95, 600)).judge_late(SPO2, after(700))) == []
    assert holding(told(*run, live(599, 95)).judge_late(SPO2, after(700))) == []


def test_one_late_reading_begins_a_rule_when_nothing_contradicts_it_after_its_receipt() -> None:
    track = told(late(0, 85, 600))
    assert holding(track.judge_late(SPO2, after(614))) == []
    assert holding(track.judge_late(SPO2, after(615))) == ["spo2.low"]


def test_late_readings_satisfy_no_live_timer() -> None:
    track = told(*(late(s, 85, 100) for s in range(40)), live(100, 85))
    assert holding(track.judge(SPO2, after(114))) == []


def test_late_readings_end_nothing() -> None:
    track = told(*(live(s, 85) for s in range(16)))
    for second in range(20, 90):
        track = track.add(SPO2, late(second, 98, 300)).judge(SPO2).judge_late(SPO2)
    assert holding(track) == ["spo2.low"]


def test_live_readings_from_before_a_late_breach_do_not_end_it() -> None:
    track = told(*(live(s, 98) for s in range(100)), *(late(s, 85, 900) for s in range(200, 260))).judge_late(SPO2)
    assert holding(track.judge(SPO2, after(901)).judge(SPO2)) == ["spo2.low"]


# ── as a whole ──

SECONDS = st.integers(0, 90)
VALUES = st.sampled_from([78, 79.9, 80, 84, 85, 89.9, 90, 91, 92, 97])


def tail_s(points: list[tuple[int, float]], test: object) -> int | None:
    run = list(takewhile(test, reversed(points)))  # type: ignore[arg-type]
    return run[0][0] - run[-1][0] if run else None


@given(st.lists(VALUES, max_size=150))
def test_in_order_it_is_what_the_whole_history_says(values: list[float]) -> None:
    track, seen = Track(), list[tuple[int, float]]()
    expected: set[str] = set()
    for second, value in enumerate(values):
        seen.append((second, value))
        track = track.add(SPO2, live(second, value)).judge(SPO2)
        for rule in SPO2:
            well = tail_s(seen, lambda p, rule=rule: rule.rearmed_by(p[1]))
            ill = tail_s(seen, lambda p, rule=rule: rule.broken_by(p[1]))
            if rule.id in expected and well is not None and well >= rule.rearm_for_s:
                expected.discard(rule.id)
            elif rule.id not in expected and ill is not None and ill >= rule.for_s:
                expected.add(rule.id)
        assert set(holding(track)) == expected


@given(st.lists(st.tuples(SECONDS, VALUES), max_size=60, unique_by=lambda pair: pair[0]))
def test_the_order_of_arrival_does_not_matter_to_a_breach(said: list[tuple[int, float]]) -> None:
    arrived = told(*(live(s, value) for s, value in said), judged=False).judge(SPO2)
    measured = told(*(live(s, value) for s, value in sorted(said)), judged=False).judge(SPO2)
    assert holding(arrived) == holding(measured)


@given(st.lists(st.tuples(st.floats(0, 3600), VALUES, st.booleans()), max_size=300))
def test_what_is_remembered_stays_small_and_survives_storage(said: list[tuple[float, float, bool]]) -> None:
    track = told(*(late(s, value, s + 600) if is_late else live(s, value) for s, value, is_late in said))
    assert len(track.points) <= 250
    assert msgspec.json.decode(msgspec.json.encode(track), type=Track) == track


def test_a_well_patient_costs_next_to_nothing_to_remember() -> None:
    track = told(*(live(s, 96 + s % 3) for s in range(3600)))
    assert len(track.points) <= 4


def test_a_flood_of_readings_stays_bounded_and_still_proves_a_breach() -> None:
    track = told(*(live(n / 250, 85) for n in range(250 * 20)))
    assert len(track.points) <= 60
    assert holding(track) == ["spo2.low"]


def test_priorities_are_ranked() -> None:
    assert sorted(Priority, key=lambda priority: priority.rank) == [Priority.LOW, Priority.MEDIUM, Priority.HIGH]


def test_a_rule_above_its_limit_excludes_it() -> None:
    rule = Rule("glucose.high", "glucose.high", "glucose", "mmol/L", 0, 13, 0, Priority.MEDIUM, "x", above=13.9)
    assert [rule.broken_by(value) for value in (13.9, 14)] == [False, True]
    assert [rule.rearmed_by(value) for value in (13, 13.1)] == [True, False]
    assert Profile("p", 1, 1, (rule,)).watching("spo2") == ()
