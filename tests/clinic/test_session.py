"""A session's states, and the one line of text that those who wait read."""

from datetime import UTC, datetime, timedelta

import pytest

from server.clinic.errors import InvalidWords, SessionClosed, SessionNotOpen, TooEarly
from server.clinic.session import CHECK_IN_BEFORE, LINK_OUTLIVES_SESSION, Doctor, Session, SessionState

NOW = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
PLANNED = Session("s", "Respiratory", "li", "李医生", NOW, NOW + timedelta(hours=3))


def test_a_pause_has_words_and_ends_with_them() -> None:
    paused = PLANNED.opened().suspended("  抢救，约十分钟后继续  ")
    assert (paused.state, paused.message) == (SessionState.SUSPENDED, "抢救，约十分钟后继续")
    assert paused.suspended("再十分钟").message == "再十分钟"
    assert paused.resumed() == PLANNED.opened()
    assert paused.closed().message is None


@pytest.mark.parametrize("words", ["", "   ", "a\0b", "\u202eevil", "长" * 201])
def test_what_nobody_can_read_is_not_said(words: str) -> None:
    with pytest.raises(InvalidWords) as refused:
        PLANNED.opened().suspended(words)
    assert refused.value.field == "message"


@pytest.mark.parametrize("session", [PLANNED, PLANNED.closed()])
def test_only_an_open_session_pauses_and_only_a_paused_one_goes_on(session: Session) -> None:
    with pytest.raises(SessionNotOpen):
        session.suspended("back soon")
    with pytest.raises(SessionNotOpen):
        session.resumed()
    with pytest.raises(SessionNotOpen):
        session.opened().resumed()


def test_a_paused_session_takes_bookings_and_a_closed_one_does_not() -> None:
    PLANNED.opened().suspended("back soon").check_takes_bookings(NOW)
    with pytest.raises(SessionClosed):
        PLANNED.closed().check_takes_bookings(NOW)


def test_it_takes_bookings_until_whoever_is_left_in_its_line_gets_an_end() -> None:
    over = PLANNED.closes_at + LINK_OUTLIVES_SESSION
    PLANNED.check_takes_bookings(over - timedelta(seconds=1))
    with pytest.raises(SessionClosed):
        PLANNED.opened().check_takes_bookings(over)


def test_checking_in_begins_an_hour_before_or_as_soon_as_the_doctor_opens() -> None:
    PLANNED.check_takes_check_ins(NOW - CHECK_IN_BEFORE)
    early = NOW - CHECK_IN_BEFORE - timedelta(seconds=1)
    with pytest.raises(TooEarly):
        PLANNED.check_takes_check_ins(early)
    PLANNED.opened().check_takes_check_ins(early)
    assert (PLANNED.check_in_from, PLANNED.opened().check_in_from) == (NOW - CHECK_IN_BEFORE, None)


def test_a_turn_is_behind_the_minutes_before_it_and_not_after_the_hours() -> None:
    assert [PLANNED.turn_at(minutes) - NOW for minutes in (0, 25, 600)] == [
        timedelta(0),
        timedelta(minutes=25),
        timedelta(hours=3),
    ]


def test_those_who_joined_call_too_and_the_owner_comes_first() -> None:
    joined = Session("s", "Respiratory", "li", "李医生", NOW, NOW, joined=(Doctor("zhao", "赵医生"),))
    assert [doctor.id for doctor in joined.doctors] == ["li", "zhao"]
    assert joined.calls("zhao")
    assert not PLANNED.calls("zhao")
