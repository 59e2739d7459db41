"""Stories of one patient: readings, time and silence become conditions, and cease to be."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.alarms import AlarmKind, Change, Priority, What
from devices.conditions import Care, Input, PatientState, Worn, evaluate, skip
from devices.readings import Body, Gap, Reading, Reason, Refusal

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ADULT = "adult-continuous"
UNITS = {"spo2": "%", "pulse_rate": "/min", "temp": "Cel"}


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def reading(value: float, at_s: float, metric: str = "spo2") -> Reading:
    return Reading(metric, value, UNITS[metric], after(at_s))


def message(received_s: float, *readings: Reading, device: str = "BM-77", **body: object) -> Input:
    made = msgspec.structs.replace(Body(readings), **body)
    return Input(f"m{received_s}", "p1", device, 0, after(received_s), made)


def spo2(received_s: float, value: float, at_s: float | None = None) -> Input:
    return message(received_s, reading(value, received_s if at_s is None else at_s))


def refusing(received_s: float, *refusals: Refusal) -> Input:
    return message(received_s, refusals=refusals)


class Bed:
    """A patient who wears a device; speaks of changes as "12 raised spo2.low medium"."""

    def __init__(self, *worn: Worn) -> None:
        self.care = Care("p1", worn or (Worn("BM-77", ADULT, NOON),))
        self.state = PatientState()
        self.changes: list[Change] = []

    def receives(self, *inputs: Input) -> list[str]:
        return self._evaluate(inputs, inputs[-1].received_at)

    def waits(self, until_s: float) -> list[str]:
        return self._evaluate((), after(until_s))

    def _evaluate(self, inputs: Sequence[Input], now: datetime) -> list[str]:
        self.state, changes = evaluate(self.state, self.care, inputs, now)
        self.changes += changes
        return [said(change) for change in changes]


def said(change: Change) -> str:
    second = (change.at - NOON).total_seconds()
    late = " late" if change.late else ""
    return f"{second:g} {change.what} {change.condition} {change.priority}{late}"


def test_the_story_a_saturation_falls_to_79_and_recovers_and_the_device_falls_silent() -> None:
    bed = Bed()
    falling = [97, 95, 93, 91, *(89,) * 16, *(79,) * 20]
    heard = [line for second, value in enumerate(falling) for line in bed.receives(spo2(second, value))]
    assert heard == ["19 raised spo2.low medium", "30 worsened spo2.low high"]
    recovering = [82, 88, *(96,) * 60]
    heard = [line for second, value in enumerate(recovering, 40) for line in bed.receives(spo2(second, value))]
    assert heard == ["72 ended spo2.low medium"]
    assert bed.waits(101 + 120) == []
    assert bed.waits(101 + 120.5) == ["221.5 raised silence:BM-77 medium"]
    assert bed.waits(900) == []
    assert bed.receives(spo2(901, 97)) == ["901 ended silence:BM-77 medium"]


def test_a_change_carries_the_reading_that_proved_it() -> None:
    bed = Bed()
    for second in range(16):
        bed.receives(message(second, reading(36.6, second, "temp"), reading(85 - second / 10, second)))
    raised = bed.changes[0]
    assert (raised.rule, raised.kind, raised.metric) == ("spo2.low", AlarmKind.PHYSIOLOGICAL, "spo2")
    assert (raised.value, raised.unit, raised.message_id, raised.reading_index) == (83.6, "%", "m14", 1)
    assert raised.device_id == "BM-77"


def test_a_slow_and_a_fast_pulse_are_two_conditions() -> None:
    bed = Bed()
    bed.receives(*(message(s, reading(38, s, "pulse_rate")) for s in range(16)))
    bed.receives(*(message(100 + s, reading(140, 100 + s, "pulse_rate")) for s in range(62)))
    assert [said(change) for change in bed.changes] == [
        "15 raised pulse.low high",
        "115 raised pulse.high high",
        "160 ended pulse.low medium",
    ]


def test_falling_again_after_getting_better_worsens_again_without_having_ended() -> None:
    bed = Bed()
    values = [*(78,) * 16, *(87,) * 20, *(78,) * 11]
    heard = [line for second, value in enumerate(values) for line in bed.receives(spo2(second, value))]
    assert heard == ["10 raised spo2.low high", "46 worsened spo2.low high"]


def test_one_low_reading_that_nothing_contradicts_becomes_an_alarm_by_time_alone() -> None:
    bed = Bed()
    assert bed.receives(spo2(0, 85)) == []
    assert bed.waits(14) == []
    assert bed.waits(15) == ["15 raised spo2.low medium"]


def test_a_clock_a_little_ahead_does_not_blind_the_rules() -> None:
    bed = Bed()
    bed.receives(spo2(0, 97, at_s=240))
    assert [line for s in range(1, 30) for line in bed.receives(spo2(s, 85))] == ["16 raised spo2.low medium"]


def test_a_message_that_brings_a_minute_at_once_is_read_by_its_own_times() -> None:
    fell_and_rose = [reading(85 if 5 <= s <= 25 else 97, s) for s in range(59)]
    assert Bed().receives(message(59, *fell_and_rose)) == [
        "59 raised spo2.low medium",
        "59 ended spo2.low medium",
    ]


# ── late ──


def test_a_backlog_may_raise_an_alarm_marked_late_and_never_ends_one() -> None:
    bed = Bed()
    assert bed.receives(message(600, *(reading(85, s) for s in range(16)))) == [
        "600 raised silence:BM-77 medium",
        "600 raised spo2.low medium late",
    ]
    assert bed.receives(message(601, *(reading(98, s) for s in range(20, 300)))) == []
    recovered = [line for s in range(602, 640) for line in bed.receives(spo2(s, 98))]
    assert recovered == ["602 ended silence:BM-77 medium", "632 ended spo2.low medium late"]


def test_a_backlog_that_something_newer_contradicts_raises_nothing() -> None:
    bed = Bed()
    bed.receives(spo2(590, 97))
    assert bed.receives(message(600, *(reading(79, s) for s in range(100)))) == []
    assert bed.waits(700) == []


def test_late_readings_satisfy_no_live_timer() -> None:
    bed = Bed()
    bed.receives(spo2(99, 97))
    bed.receives(message(100, *(reading(85, s) for s in range(30)), reading(85, 100)))
    assert bed.waits(114) == []
    assert bed.waits(115) == ["115 raised spo2.low medium"]


# ── silence ──


def test_silence_is_judged_from_the_association_until_the_first_reading() -> None:
    bed = Bed(Worn("BM-77", ADULT, after(50)))
    assert bed.waits(170) == []
    assert bed.waits(170.1) == ["170.1 raised silence:BM-77 medium"]


@pytest.mark.parametrize(
    "backlog",
    [
        message(300, reading(97, 100)),
        message(300),
        refusing(300, Refusal(Reason.BAD_JSON)),
        refusing(300, Refusal(Reason.UNKNOWN_METRIC, "")),
        message(300, gaps=(Gap(1, 2),)),
        message(300, reading(97, 300), device="another"),
    ],
)
def test_only_a_live_reading_of_that_device_ends_its_silence(backlog: Input) -> None:
    bed = Bed()
    bed.waits(200)
    assert "300 ended silence:BM-77 medium" not in bed.receives(backlog)
    assert bed.receives(spo2(301, 97))[0] == "301 ended silence:BM-77 medium"


def both(received_s: float) -> Input:
    return message(received_s, reading(97, received_s), reading(70, received_s, "pulse_rate"))


def pulse(received_s: float) -> Input:
    return message(received_s, reading(70, received_s, "pulse_rate"))


def test_a_probe_that_is_off_while_the_pulse_goes_on_is_missed() -> None:
    bed = Bed()
    bed.receives(both(10))
    assert bed.receives(*(pulse(second) for second in range(11, 131))) == []
    assert bed.receives(pulse(131)) == ["131 raised missing:BM-77:spo2 medium"]
    assert (bed.changes[-1].kind, bed.changes[-1].metric) == (AlarmKind.TECHNICAL, "spo2")
    assert bed.receives(both(140)) == ["140 ended missing:BM-77:spo2 medium"]


def test_a_late_reading_is_no_sign_that_a_metric_is_measured_now() -> None:
    bed = Bed()
    bed.receives(both(10))
    bed.receives(*(pulse(second) for second in range(11, 132)))
    assert bed.receives(message(140, reading(97, 50), reading(70, 140, "pulse_rate"))) == []


def test_what_a_device_never_measured_is_not_missed() -> None:
    bed = Bed()
    assert bed.receives(*(pulse(second) for second in range(10, 600, 10))) == []


def test_a_device_that_says_nothing_at_all_is_one_alarm() -> None:
    bed = Bed()
    bed.receives(both(10))
    assert bed.waits(131) == ["131 raised silence:BM-77 medium"]
    assert bed.receives(pulse(200)) == ["200 ended silence:BM-77 medium"]
    assert bed.receives(*(pulse(second) for second in range(210, 321, 10))) == []
    assert bed.receives(pulse(321)) == ["321 raised missing:BM-77:spo2 medium"]


def test_a_missed_metric_becomes_the_silence_of_its_device() -> None:
    bed = Bed()
    bed.receives(both(10))
    bed.receives(*(pulse(second) for second in range(11, 132)))
    assert bed.waits(252) == ["252 ended missing:BM-77:spo2 medium", "252 raised silence:BM-77 medium"]


def test_readings_that_are_refused_are_one_alarm_and_no_missing_metric() -> None:
    bed = Bed()
    bed.receives(both(10))
    off = Refusal(Reason.NOT_A_NUMBER, "spo2")
    said = bed.receives(*(message(t, reading(70, t, "pulse_rate"), refusals=(off,)) for t in range(11, 300)))
    assert [line.split()[2] for line in said] == ["refused:spo2"]


def test_a_metric_without_rules_is_a_sign_of_life_too() -> None:
    bed = Bed()
    bed.receives(message(100, reading(36.6, 100, "temp")))
    assert bed.waits(220) == []


# ── refusals and gaps ──


@pytest.mark.parametrize(
    ("refusal", "priority"),
    [
        (Refusal(Reason.NOT_A_NUMBER, "spo2"), Priority.HIGH),
        (Refusal(Reason.UNKNOWN_UNIT, "spo2"), Priority.HIGH),
        (Refusal(Reason.IMPOSSIBLE, "spo2", 45), Priority.HIGH),
        (Refusal(Reason.FUTURE, "spo2", 79), Priority.HIGH),
        (Refusal(Reason.FUTURE, "spo2", 85), Priority.MEDIUM),
        (Refusal(Reason.FUTURE, "spo2", 97), Priority.LOW),
        (Refusal(Reason.IMPOSSIBLE, "spo2", 120), Priority.LOW),
        (Refusal(Reason.IMPOSSIBLE, "pulse_rate", 400), Priority.HIGH),
    ],
)
def test_a_refused_reading_is_as_bad_as_the_worst_rule_that_it_would_have_broken(
    refusal: Refusal, priority: Priority
) -> None:
    assert Bed().receives(refusing(5, refusal)) == [f"5 raised refused:{refusal.metric} {priority}"]


@pytest.mark.parametrize("reason", [reason for reason in Reason if not reason.fault])
def test_what_was_no_measurement_of_the_patient_raises_nothing(reason: Reason) -> None:
    assert Bed().receives(refusing(5, Refusal(reason, "spo2", 79))) == []


def test_a_refusal_ends_with_the_next_good_live_reading_of_that_metric() -> None:
    bed = Bed()
    bed.receives(spo2(4, 97))
    bed.receives(refusing(5, Refusal(Reason.NOT_A_NUMBER, "spo2")))
    assert bed.receives(message(6, reading(70, 6, "pulse_rate"))) == []
    assert bed.receives(spo2(70, 97, at_s=1)) == []
    assert bed.receives(spo2(71, 97)) == ["71 ended refused:spo2 high"]


def test_a_refusal_can_worsen_and_is_not_ended_by_its_own_message() -> None:
    bed = Bed()
    both = message(5, reading(97, 5), refusals=(Refusal(Reason.FUTURE, "spo2", 85),))
    assert bed.receives(both) == ["5 raised refused:spo2 medium"]
    assert bed.receives(refusing(6, Refusal(Reason.NOT_A_NUMBER, "spo2"))) == ["6 worsened refused:spo2 high"]


def test_a_refusal_of_what_no_rule_watches_is_no_alarm() -> None:
    assert Bed().receives(refusing(5, Refusal(Reason.NOT_A_NUMBER, "temp"), Refusal(Reason.UNKNOWN_METRIC, "x"))) == []


def test_a_nan_temperature_costs_no_saturation_of_79() -> None:
    bed = Bed()
    nan = Refusal(Reason.NOT_A_NUMBER, "temp")
    heard = [line for s in range(12) for line in bed.receives(message(s, reading(79, s), refusals=(nan,)))]
    assert heard == ["10 raised spo2.low high"]


def test_an_unreadable_device_is_told_of_until_it_can_be_read_again() -> None:
    bed = Bed()
    assert bed.receives(refusing(5, Refusal(Reason.BAD_JSON))) == ["5 raised unreadable:BM-77 medium"]
    assert bed.receives(refusing(6, Refusal(Reason.TOO_LARGE))) == []
    assert bed.receives(message(7)) == []
    assert bed.receives(spo2(35, 97)) == []
    assert bed.receives(spo2(36, 97)) == ["36 ended unreadable:BM-77 medium"]


def test_a_device_that_names_another_patient_is_told_of_by_that_name_alone() -> None:
    bed = Bed()
    other = Refusal(Reason.WRONG_PATIENT, detail="1 readings name somebody else")
    assert bed.receives(refusing(5, other)) == ["5 raised wrong_patient:BM-77 medium"]
    assert bed.receives(message(6, reading(97, 6), refusals=(other,))) == []
    assert bed.receives(spo2(35, 97)) == []
    assert bed.receives(spo2(36, 97)) == ["36 ended wrong_patient:BM-77 medium"]


def test_a_device_that_alternates_between_a_fault_and_a_good_reading_is_told_of_once() -> None:
    bed = Bed()
    heard: list[str] = []
    for second in range(5, 65, 2):
        heard += bed.receives(refusing(second, Refusal(Reason.NOT_A_NUMBER, "spo2"), Refusal(Reason.BAD_JSON)))
        heard += bed.receives(spo2(second + 1, 97))
    assert heard == ["5 raised refused:spo2 high", "5 raised unreadable:BM-77 medium"]


def test_a_gap_is_said_once_for_each_loss() -> None:
    bed = Bed()
    for second in (5, 6):
        heard = bed.receives(message(second, reading(97, second), gaps=(Gap(1, 2), Gap(4, 9))))
        assert heard == [f"{second} raised gap:BM-77 low", f"{second} ended gap:BM-77 low"]
        assert [change.value for change in bed.changes[-2:]] == [8, None]


def test_an_input_that_cannot_be_evaluated_is_told_of() -> None:
    state, changes = skip(PatientState(), Bed().care, spo2(5, 85))
    assert [said(change) for change in changes] == ["5 raised unreadable:BM-77 medium"]
    _, changes = evaluate(state, Bed().care, [spo2(35, 97)], after(35))
    assert [said(change) for change in changes] == ["35 ended unreadable:BM-77 medium"]


# ── who is watched ──


@pytest.mark.parametrize("profile", [None, "of-tomorrow"])
def test_without_limits_nothing_is_raised(profile: str | None) -> None:
    bed = Bed(Worn("BM-77", profile, NOON))
    bed.receives(*(spo2(s, 79) for s in range(30)), refusing(31, Refusal(Reason.BAD_JSON)))
    bed.waits(900)
    assert bed.changes == []


def test_a_device_that_is_taken_off_takes_its_conditions_along() -> None:
    bed = Bed()
    bed.receives(*(spo2(s, 85) for s in range(16)), refusing(17, Refusal(Reason.BAD_JSON)))
    bed.waits(900)
    bed.care = Care("p1")
    assert bed.waits(901) == [
        "901 ended silence:BM-77 medium",
        "901 ended spo2.low medium",
        "901 ended unreadable:BM-77 medium",
    ]
    assert bed.state == PatientState()


def test_two_devices_of_one_metric_make_one_condition_that_ends_with_the_last() -> None:
    bed = Bed(Worn("A", ADULT, NOON), Worn("B", ADULT, NOON))
    for second in range(70):
        low_a, low_b = second < 20, second < 30
        bed.receives(message(second, reading(85 if low_a else 97, second), device="A"))
        bed.receives(message(second, reading(78 if low_b else 97, second), device="B"))
    assert [said(change) for change in bed.changes] == [
        "10 raised spo2.low high",
        "60 ended spo2.low medium",
    ]


# ── properties ──

REFUSALS = st.sampled_from(
    [
        Refusal(Reason.NOT_A_NUMBER, "spo2"),
        Refusal(Reason.FUTURE, "spo2", 85),
        Refusal(Reason.BAD_JSON),
        Refusal(Reason.UNKNOWN_METRIC, "x"),
    ]
)


@st.composite
def histories(draw: st.DrawFn) -> list[Input]:
    received, inputs = 0.0, []
    for _ in range(draw(st.integers(1, 15))):
        received += draw(st.sampled_from([0, 0.5, 1, 5, 14, 15, 60, 130]))
        readings = tuple(
            reading(draw(st.sampled_from([78, 85, 91, 97])), received - draw(st.sampled_from([-60, 0, 1, 20, 61, 500])))
            for _ in range(draw(st.integers(0, 4)))
        )
        inputs.append(
            message(
                received,
                *readings,
                device=draw(st.sampled_from(["BM-77", "B", "stranger"])),
                refusals=tuple(draw(st.lists(REFUSALS, max_size=2))),
                gaps=(Gap(1, 2),) if draw(st.booleans()) else (),
            )
        )
    return inputs


WARD = Care("p1", (Worn("BM-77", ADULT, NOON), Worn("B", ADULT, after(30))))


@given(histories(), st.data())
def test_it_does_not_matter_how_inputs_are_cut_into_batches_or_whether_the_state_was_stored_between(
    inputs: list[Input], data: st.DataObject
) -> None:
    end = inputs[-1].received_at
    at_once = evaluate(PatientState(), WARD, inputs, end)
    state, changes, rest = PatientState(), list[Change](), inputs
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        batch, rest = rest[:size], rest[size:]
        state, more = evaluate(state, WARD, batch, batch[-1].received_at)
        state = msgspec.json.decode(msgspec.json.encode(state), type=PatientState)
        changes += more
    assert (state, tuple(changes)) == at_once


@given(histories())
def test_conditions_are_raised_worsened_and_ended_in_that_order_only(inputs: list[Input]) -> None:
    state, changes = evaluate(PatientState(), WARD, inputs, inputs[-1].received_at)
    active: dict[str, Priority] = {}
    for change in changes:
        if change.what is What.RAISED:
            assert change.condition not in active
            active[change.condition] = change.priority
        elif change.what is What.WORSENED:
            assert change.condition in active
            active[change.condition] = change.priority
        else:
            active.pop(change.condition)
    assert active.keys() == state.active.keys()


@given(histories())
def test_time_alone_repeats_nothing(inputs: list[Input]) -> None:
    end = inputs[-1].received_at + timedelta(hours=1)
    state, _ = evaluate(PatientState(), WARD, inputs, end)
    assert evaluate(state, WARD, (), end) == (state, ())
