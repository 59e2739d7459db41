"""The short way gives what the careful one gives, or leaves the message to it."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from devices.alarms import Change
from devices.conditions import Care, Input, PatientState, Worn, evaluate
from devices.quiet import is_quiet, pass_over
from devices.readings import Body, Gap, Reading, Reason, Refusal

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
CARE = Care(
    "P-1", (Worn("BM-1", "adult-continuous", NOON), Worn("BM-2", "adult-continuous", NOON), Worn("BM-3", None, NOON))
)
UNITS = {"spo2": "%", "pulse_rate": "/min", "temp": "Cel"}
GOOD = [("spo2", 97.0, 0), ("pulse_rate", 70.0, 0)]
Said = tuple[str, int, list[tuple[str, float, int]], Body]  # device, seconds later, readings, the rest
WELL: list[Said] = [("BM-1", 1, GOOD, Body())]
BAD: list[Said] = [("BM-1", 10, [("spo2", 79.0, 0)], Body())]
OTHERWISE: list[Said] = [  # each departs from the good in one way
    ("BM-1", 1, [("spo2", 97.0, 0)], Body()),
    ("BM-1", 60, [("pulse_rate", 72.0, 0), ("temp", 41.0, 0)], Body()),
    ("BM-1", 1, [("spo2", 91.0, 0), ("pulse_rate", 70.0, 0)], Body()),  # between limit and rearming
    ("BM-1", 20, [("spo2", 79.0, 0)], Body()),
    ("BM-1", 40, [("pulse_rate", 112.0, 0)], Body()),
    ("BM-1", 1, [("spo2", 97.0, 70), ("pulse_rate", 70.0, 0)], Body()),  # late
    ("BM-1", 1, [("spo2", 79.0, 70)], Body()),
    ("BM-1", 100, [("spo2", 97.0, 70), ("pulse_rate", 70.0, 0)], Body()),  # late, and newer than what is known
    ("BM-1", 1, [("spo2", 97.0, 5), ("spo2", 98.0, 2)], Body()),  # older than what is known
    ("BM-1", 1, [("spo2", 97.0, -9)], Body()),  # its clock is ahead
    ("BM-1", -2, GOOD, Body()),
    ("BM-1", 121, GOOD, Body()),  # after a silence
    ("BM-1", 1, [], Body()),
    ("BM-1", 1, GOOD, Body(gaps=(Gap(3, 4),))),
    ("BM-1", 1, GOOD, Body(refusals=(Refusal(Reason.NO_VALUE, "spo2"),))),
    ("BM-1", 1, GOOD, Body(refusals=(Refusal(Reason.BAD_JSON),))),
    ("BM-2", 1, GOOD, Body()),
    ("BM-3", 1, GOOD, Body()),  # no limits
    ("BM-4", 1, GOOD, Body()),  # not worn
]
told = st.lists(st.sampled_from(WELL * len(OTHERWISE) + OTHERWISE), max_size=30)
SAID: dict[str, Sequence[float]] = {"spo2": (97.0, 91.0, 88.0, 79.0), "pulse_rate": (70.0, 38.0, 112.0, 135.0)}
readings = st.sampled_from(sorted(SAID)).flatmap(
    lambda metric: st.tuples(st.just(metric), st.sampled_from(SAID[metric]), st.sampled_from((0, 0, 65, 75, 100, 200)))
)
REFUSED = Body(refusals=(Refusal(Reason.NO_VALUE, "spo2"),))
mixed = st.lists(  # live and late, good and bad, of two devices
    st.tuples(
        st.sampled_from(("BM-1", "BM-1", "BM-2", "BM-3")),
        st.sampled_from((0, 0, 1, 15, 40, 125)),
        st.lists(readings, max_size=3),
        st.sampled_from((Body(), Body(), Body(), REFUSED)),
    ),
    max_size=25,
)
AWAY: Said = ("BM-1", 200, [], Body())  # nothing for so long that it is silent


def backlog(values: Sequence[float], *, ago: int = 190) -> list[Said]:
    """SpO2 of one second each, all received at once, the oldest first; the newest of them ``ago`` seconds old."""
    return [("BM-1", 0, [("spo2", v, ago + len(values) - at)], Body()) for at, v in enumerate(values, start=1)]


def inputs(told: Sequence[Said]) -> list[Input]:
    """Messages one after another; a reading is (metric, value, seconds before its receipt)."""
    given_, now = [], NOON
    for position, (device, later, values, body) in enumerate(told, start=1):
        now += timedelta(seconds=later)
        taken = tuple(Reading(m, value, UNITS[m], now - timedelta(seconds=ago)) for m, value, ago in values)
        whole = msgspec.structs.replace(body, readings=taken)
        given_.append(Input(f"m{position}", "P-1", device, position, now, whole))
    return given_


def with_care(state: PatientState, all_of: Sequence[Input]) -> tuple[PatientState, list[Change]]:
    changes: list[Change] = []
    for one in all_of:
        state, more = evaluate(state, CARE, [one], one.received_at)
        changes += more
    return state, changes


def short(state: PatientState, all_of: Sequence[Input]) -> tuple[PatientState, list[Change], int]:
    """As the evaluator goes: what is quiet in one step, the rest one by one. How many were quiet."""
    changes: list[Change] = []
    at = quiet = 0
    while at < len(all_of):
        state, taken = pass_over(state, CARE, all_of[at:])
        quiet += taken
        if not taken:
            state, more = evaluate(state, CARE, [all_of[at]], all_of[at].received_at)
            changes += more
        at += taken or 1
    return state, changes, quiet


@settings(max_examples=150)
@given(told, told)
@example(WELL, BAD * 3 + WELL * 50)
@example([], WELL * 3 + [("BM-1", 130, [("spo2", 97.0, 0)], Body())])
def test_the_short_way_ends_where_the_careful_one_does_byte_for_byte(before: list[Said], after: list[Said]) -> None:
    heard = inputs([*WELL, *before, *after])
    start, _ = with_care(PatientState(), heard[: 1 + len(before)])
    careful, changes = with_care(start, heard[1 + len(before) :])
    state, same_changes, _ = short(start, heard[1 + len(before) :])
    assert same_changes == changes
    assert msgspec.json.encode(state) == msgspec.json.encode(careful)


@settings(max_examples=60)
@given(mixed, mixed)
@example([*WELL, AWAY], backlog([97.0] * 20 + [79.0] * 20 + [97.0] * 20))
@example([*WELL, *BAD * 3, AWAY], backlog([79.0] * 20 + [97.0] * 40))
@example([*WELL, ("BM-1", 1, [], Body(refusals=(Refusal(Reason.BAD_JSON),)))], [("BM-1", 40, *backlog([97.0])[0][2:])])
@example([*WELL], [said for late in backlog([97.0] * 10 + [79.0] * 30) for said in (late, *WELL)])
def test_late_or_live_good_or_bad_the_short_way_ends_where_the_careful_one_does(
    before: list[Said], after: list[Said]
) -> None:
    heard = inputs([*before, *after])
    start, _ = with_care(PatientState(), heard[: len(before)])
    careful, changes = with_care(start, heard[len(before) :])
    state, same_changes, _ = short(start, heard[len(before) :])
    assert same_changes == changes
    assert msgspec.json.encode(state) == msgspec.json.encode(careful)


def test_a_backlog_takes_the_short_way_while_the_device_is_silent_and_beside_what_it_says_now() -> None:
    away = inputs([*WELL, AWAY, *backlog([97.0] * 60)])
    beside = inputs([*WELL, *[said for late in backlog([97.0] * 60) for said in (late, *WELL)]])
    assert short(PatientState(), away)[2] == 60
    assert short(PatientState(), beside)[2] == 120


def test_a_backlog_of_an_alarmed_patient_takes_the_short_way_and_a_desaturation_in_it_raises_its_alarm() -> None:
    alarmed = inputs([*WELL, *BAD * 3, AWAY, *backlog([79.0] * 30 + [97.0] * 30)])
    _, changes, quiet = short(PatientState(), alarmed)
    assert [change.condition for change in changes] == ["spo2.low", "silence:BM-1", "silence:BM-2"]
    assert quiet == 60
    well = inputs([*WELL, AWAY, *backlog([97.0] * 30 + [79.0] * 30)])
    _, changes, quiet = short(PatientState(), well)
    assert [change.condition for change in changes if change.late] == ["spo2.low"]
    assert quiet > 30


def test_what_comes_on_time_but_before_what_is_known_takes_the_short_way() -> None:
    beside = [said for ago in range(40, 0, -1) for said in (("BM-1", 0, [("spo2", 97.0, ago)], Body()), *WELL)]
    assert short(PatientState(), inputs([*WELL, *beside]))[1:] == ([], 80)


def test_a_late_desaturation_that_something_newer_contradicts_is_no_alarm() -> None:
    beside = [said for late in backlog([79.0] * 60) for said in (late, *WELL)]
    _, changes, quiet = short(PatientState(), inputs([*WELL, *beside]))
    assert (changes, quiet) == ([], 120)


def test_who_is_not_watched_takes_the_short_way_unless_it_was_before() -> None:
    heard = inputs([*WELL, *[("BM-3", 0, GOOD, Body())] * 10])
    assert short(PatientState(), heard)[2] == 10


def test_who_is_well_takes_the_short_way_from_the_second_message_on() -> None:
    _, changes, quiet = short(PatientState(), inputs(WELL * 60))
    assert (changes, quiet) == ([], 59)


@settings(max_examples=80)
@given(told, st.sampled_from((0, 1, 119, 120, 121, 300)))
@example(WELL, 120)
def test_time_alone_changes_nothing_for_whom_it_calls_quiet(before: list[Said], later: int) -> None:
    heard = inputs([*WELL, *before])
    state, _ = with_care(PatientState(), heard)
    now = heard[-1].received_at + timedelta(seconds=later)
    if is_quiet(state, CARE, now, now):
        assert evaluate(state, CARE, (), now) == (state, ())


def test_a_second_device_that_falls_silent_is_no_quiet() -> None:
    heard = inputs([*WELL, ("BM-2", 1, GOOD, Body()), *WELL * 130])
    state, changes = with_care(PatientState(), heard)
    assert [change.condition for change in changes] == ["silence:BM-2"]
    assert short(PatientState(), heard)[:2] == (state, changes)
