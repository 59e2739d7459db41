"""What is remembered moves with the clock, so that what follows is as if it had never been set."""

from datetime import UTC, datetime, timedelta

import pytest

from devices.alarms import Change
from devices.conditions import Care, Input, PatientState, Worn, evaluate
from devices.readings import Body, Reading, Reason, Refusal
from devices.setback import moved, not_after, not_received_after, not_received_before

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
CARE = Care("anna", (Worn("ox", "adult-continuous", NOON - 30 * HOUR),))


def heard(second: float, spo2: float | None, base: datetime = NOON) -> Input:
    """None: a value that was refused."""
    at = base + timedelta(seconds=second)
    body = Body((Reading("spo2", spo2, "%", at),)) if spo2 else Body(refusals=(Refusal(Reason.NOT_A_NUMBER, "spo2"),))
    return Input(f"m-{second}", "anna", "ox", int(second * 10), at, body)


def told(state: PatientState, inputs: list[Input], now: datetime) -> tuple[PatientState, list[str]]:
    changes: list[Change] = []
    for given in inputs:
        state, said = evaluate(state, CARE, [given], given.received_at)
        changes += said
    state, said = evaluate(state, CARE, (), now)
    return state, [f"{change.what} {change.condition} {change.rule}" for change in (*changes, *said)]


FALL = [heard(second, 97.0 if second < 3 else 78.0) for second in range(12)]
RISE = [(float(second), 97.0 if second > 25 else 78.0) for second in range(12, 40)]


@pytest.mark.parametrize("by", [HOUR, -HOUR, 30 * timedelta(days=1)])
def test_a_fall_that_goes_on_after_the_clock_was_set_is_told_as_if_it_had_not_been(by: timedelta) -> None:
    state, _ = told(PatientState(), FALL, NOON + timedelta(seconds=11))
    quiet = told(state, [heard(*at) for at in RISE], NOON + timedelta(seconds=40))[1]
    late = told(moved(state, by), [heard(*at, NOON + by) for at in RISE], NOON + by + timedelta(seconds=40))[1]
    assert late == quiet
    assert "raised spo2.low spo2.desaturation" in quiet


def test_without_it_a_clock_that_is_put_back_hides_the_fall() -> None:
    """Why it is done: what was heard later by the old clock contradicts whatever is heard now."""
    well, _ = told(PatientState(), [heard(second, 97.0) for second in range(3)], NOON + timedelta(seconds=3))
    falls = [heard(second, 78.0, NOON - HOUR) for second in range(30)]
    assert told(well, falls, NOON - HOUR + timedelta(seconds=30))[1] == []
    assert told(not_after(well, NOON - HOUR), falls, NOON - HOUR + timedelta(seconds=30))[1] != []


def test_there_and_back_is_where_it_was() -> None:
    state, _ = told(
        PatientState(), [*FALL, heard(12, None), *(heard(*at) for at in RISE)], NOON + timedelta(seconds=40)
    )
    assert state.active
    assert moved(moved(state, HOUR), -HOUR) == state


def test_nothing_that_is_remembered_is_yet_to_come_and_what_is_past_stays() -> None:
    state, _ = told(PatientState(), FALL, NOON + timedelta(seconds=11))
    assert not_after(state, NOON + timedelta(seconds=7)) is state, "two machines may differ by seconds"
    back = not_after(state, NOON - HOUR)
    assert back.devices["ox"].live_at == NOON - HOUR
    assert not_after(PatientState(), NOON) == PatientState()


def test_a_message_from_before_the_clock_was_put_back_was_received_now() -> None:
    given = not_received_after(heard(0, 78.0), NOON - HOUR)
    assert (given.received_at, given.body.readings[0].at) == (NOON - HOUR, NOON - HOUR)
    assert not_received_after(heard(0, 78.0), NOON) == heard(0, 78.0)


def test_a_message_from_before_the_clock_was_put_forward_was_received_as_much_later() -> None:
    given = not_received_before(heard(-1, 78.0), NOON + HOUR, HOUR)
    assert (given.received_at, given.body.readings[0].at) == (NOON + HOUR - timedelta(seconds=1),) * 2
    assert not_received_before(heard(0, 78.0, NOON + HOUR), NOON + HOUR, HOUR) == heard(0, 78.0, NOON + HOUR)
