"""Whom a step of the line gives cause to write to – and whom not."""

from datetime import UTC, datetime, timedelta

import pytest

from server.clinic.letters import Contact
from server.clinic.line import MISSES_ALLOWED, Line
from server.clinic.movement import NEAR, Due, Movement, Word, due_letters, ended, near, written
from server.clinic.session import Session, SessionState
from server.clinic.ticket import Cause, Urgency, new_ticket
from server.notifications.messages import Sender

NOW = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
LI = "doctor Li"
SESSION = Session("s", "Respiratory", LI, "李医生", NOW, NOW + timedelta(hours=3), SessionState.OPEN)
SENDER = Sender("青山互联网医院", UTC, "https://hospital.example/console", telephone="0571-0000")


def line_of(here: int, booked: int = 0, state: SessionState = SessionState.OPEN) -> Line:
    """The first ``here`` numbers have checked in, ``booked`` more have not."""
    line = Line(state, tuple(new_ticket(str(serial), serial) for serial in range(1, here + booked + 1)))
    for serial in range(1, here + 1):
        line, _ = line.arrive(str(serial), NOW)
    return line


def seen(before: Line) -> Movement:
    """The next one is seen; the movement is the end of that visit."""
    called, (call,) = before.call_next(LI, NOW)
    after, happened = called.end(call.ticket_id, None)
    return Movement(SESSION, called, after, happened)


def told(moved: Movement, word: Word) -> set[str]:
    return {due.ticket_id for due in due_letters(moved) if due.word is word}


def test_who_has_three_ahead_for_the_first_time_is_told() -> None:
    moved = seen(line_of(6))
    assert moved.after.standing() == {"2": 0, "3": 1, "4": 2, "5": 3, "6": 4}
    assert due_letters(moved) == [Due("5", Word.THREE_AHEAD)]


def test_who_has_not_checked_in_is_told_too_when_the_own_number_comes_near() -> None:
    assert told(seen(line_of(4, booked=3)), Word.THREE_AHEAD) == {"5"}


def test_opening_tells_the_first_four_numbers_and_nobody_before() -> None:
    planned, opened = line_of(2, 8, SessionState.PLANNED), line_of(2, 8)
    assert due_letters(Movement(SESSION, planned, opened)) == [Due(str(n), Word.THREE_AHEAD) for n in (1, 2, 3, 4)]
    assert due_letters(Movement(SESSION, planned, planned)) == []
    assert near(planned) == {}


def test_who_checks_in_near_the_front_has_the_page_open_and_is_not_told() -> None:
    before = line_of(1, booked=1)
    after, happened = before.arrive("2", NOW)
    assert due_letters(Movement(SESSION, before, after, happened)) == []


def test_who_is_made_urgent_comes_near_and_is_told() -> None:
    before = line_of(9)
    after, happened = before.reclassify("9", Urgency.URGENT)
    assert told(Movement(SESSION, before, after, happened), Word.THREE_AHEAD) == {"9"}


def test_who_was_held_and_is_released_near_the_front_is_told() -> None:
    held, _ = line_of(6).hold("6")
    for _ in range(3):
        held = seen(held).after
    after, happened = held.release("6")
    assert after.standing()["6"] == 2
    assert told(Movement(SESSION, held, after, happened), Word.THREE_AHEAD) == {"6"}


def missed(line: Line) -> Movement:
    called, (call,) = line.call_next(LI, NOW)
    after, happened = called.miss(call.ticket_id)
    return Movement(SESSION, called, after, happened)


def test_who_misses_a_call_is_told_that_and_not_that_three_are_ahead() -> None:
    moved = missed(line_of(5))
    assert moved.after.standing()["1"] == NEAR
    assert Due("1", Word.MISSED) in due_letters(moved)
    assert "1" not in told(moved, Word.THREE_AHEAD)


def test_a_technical_failure_is_nobodys_news() -> None:
    called, (call,) = line_of(2).call_next(LI, NOW)
    after, happened = called.end(call.ticket_id, Cause.TECHNICAL_FAILURE)
    moved = Movement(SESSION, called, after, happened)
    assert due_letters(moved) == []
    assert ended(moved) == []


def test_who_is_given_up_or_cancelled_is_told_and_loses_the_way_in() -> None:
    line = line_of(1)
    for _ in range(MISSES_ALLOWED - 1):
        line = missed(line).after
    given_up = missed(line)
    assert due_letters(given_up) == [Due("1", Word.CANCELLED)]
    assert [ticket.id for ticket in ended(given_up)] == ["1"]
    before = line_of(1)
    after, happened = before.cancel("1", Cause.BY_CLINIC)
    assert due_letters(Movement(SESSION, before, after, happened)) == [Due("1", Word.CANCELLED)]


def test_who_goes_on_elsewhere_takes_the_link_along() -> None:
    before = line_of(1)
    after, happened = before.leave("1", Cause.MOVED)
    assert ended(Movement(SESSION, before, after, happened)) == []


@pytest.mark.parametrize("link_id", ["link", None])
def test_a_text_with_a_link_is_written_only_where_there_is_one(link_id: str | None) -> None:
    moved = seen(line_of(6))
    [due] = due_letters(moved)
    letter = written(SENDER, due, moved, Contact("5", 5, "p", "+8613812345678", "zh-CN", link_id), now=NOW)
    assert (letter is not None) is (link_id is not None)
    if letter:
        assert letter.cause == "ticket:5:three_ahead"
        assert "3" in letter.text.body.replace("{link}", "")
