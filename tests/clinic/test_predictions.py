"""Waiting times while a line moves, on both databases: told, kept, come true, learned from, and never in the way."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from functools import partial

import pytest

from server.clinic.calibration import Range
from server.clinic.measuring import SeenSession
from server.clinic.prediction_errors import PredictionErrorsReader
from server.clinic.predictions import shown
from server.store import tables
from server.store.errors import Unavailable
from server.store.waiting import WaitingLookQueries
from server.visits.visit import Outcome
from tests.clinic.board import Board
from tests.clinic.house import LI, NOW, OPERATOR, WANG, House, at


@pytest.fixture
def board(house: House) -> Board:
    return Board(house)


async def seen_by_li(house: House, session_id: str, called: float, ended: float) -> None:
    """One visit from call to end; the patient answers after five seconds."""
    visit_id = await house.calls.call_next(LI, session_id, at(called))
    [visit] = [row for row in await house.table(tables.visits) if row.id == visit_id]
    await house.visits.answer(visit.ticket_id, at(called + 5))
    await house.visits.end(LI, visit_id, Outcome.COMPLETED, at(ended))


async def test_everybody_who_waits_has_a_range_that_grows_along_the_line(house: House, board: Board) -> None:
    session_id = await house.session()
    tickets = await house.waiting(session_id, 4)
    await board.see(session_id, 0)
    waits = [board.predictions.wait(ticket_id) for ticket_id in tickets]
    assert all(wait and wait.low_s < wait.high_s and wait.as_of == NOW for wait in waits)
    assert [wait.high_s for wait in waits if wait] == sorted({wait.high_s for wait in waits if wait})


async def test_pages_are_told_when_their_range_is_another_one_and_not_otherwise(house: House, board: Board) -> None:
    session_id = await house.session()
    first, second = await house.waiting(session_id, 2)
    await board.see(session_id, 0)
    assert board.told == [
        f"session:{session_id}",
        f"line:{session_id}",
        *sorted([f"ticket:{first}", f"ticket:{second}"]),
    ]
    board.told.clear()
    await board.see(session_id, 1)
    assert board.told == []


async def test_who_is_called_or_suspended_waits_no_more(house: House, board: Board) -> None:
    session_id = await house.session()
    first, second = await house.waiting(session_id, 2)
    await board.see(session_id, 0)
    await house.calls.call_next(LI, session_id, at(30))
    await board.see(session_id, 30)
    assert board.predictions.wait(first) is None
    assert board.predictions.wait(second)
    await house.clinic.suspend_session(LI, session_id, "back at ten", at(40))
    await board.see(session_id, 40)
    assert board.predictions.wait(second) is None
    await house.clinic.resume_session(LI, session_id, at(50))
    await board.see(session_id, 50)
    assert board.predictions.wait(second)


async def test_a_prediction_is_kept_once_a_place_with_what_then_happened(house: House, board: Board) -> None:
    session_id = await house.session()
    first, second = await house.waiting(session_id, 2)
    for seconds in (0, 10, 20):
        await board.see(session_id, seconds)
    await seen_by_li(house, session_id, 60, 400)
    await board.see(session_id, 400)
    await house.calls.call_next(LI, session_id, at(460))
    await board.see(session_id, 461)
    rows = await house.table(tables.predictions, tables.predictions.c.made_at, tables.predictions.c.ahead)
    assert [(row.ticket_id, row.ahead, row.waited_s) for row in rows] == [
        (first, 0, 60),
        (second, 1, 460),
        (second, 0, 60),
    ]
    assert all(row.low_s < row.middle_s < row.high_s for row in rows)


async def test_a_restarted_server_changes_nothing_that_is_on_record(house: House, board: Board) -> None:
    session_id = await house.session()
    await house.waiting(session_id, 3)
    await board.see(session_id, 0)
    before = await house.table(tables.predictions, tables.predictions.c.ahead)
    again = Board(house)
    await again.see(session_id, 50)
    assert await house.table(tables.predictions, tables.predictions.c.ahead) == before
    assert [row.opened_at for row in await house.table(tables.openings)] == [NOW]


async def test_operators_read_how_far_it_was_off(house: House, board: Board) -> None:
    session_id = await house.session()
    await house.waiting(session_id, 2)
    await board.see(session_id, 0)
    await seen_by_li(house, session_id, 60, 4000)
    await house.calls.call_next(LI, session_id, at(9000))
    await board.see(session_id, 9001)
    [errors] = await PredictionErrorsReader(board.look).recent(at(9001))
    assert (errors.doctor.id, errors.n, errors.coverage) == (LI.id, 2, 0.5)
    assert errors.mean_abs_error_s > 3000
    assert errors.bias_s < 0
    assert await PredictionErrorsReader(board.look).recent(NOW + timedelta(days=40)) == []


async def test_what_sessions_have_taught_counts_in_the_next_ones(house: House, board: Board) -> None:
    slow = await house.session()
    await house.waiting(slow, 12)
    for number in range(11):
        await seen_by_li(house, slow, 1800 * number + 10, 1800 * (number + 1))
    today = await house.session(opens_at=NOW + timedelta(days=1))
    tickets = await house.waiting(today, 3)
    day = timedelta(days=1).total_seconds()
    naive, learned = Board(house), Board(house)
    naive.predictions._learned_at = at(day + 10)
    for of in (naive, learned):
        await of.see(today, day + 10)
    told, known = (of.predictions.wait(tickets[-1]) for of in (naive, learned))
    assert told
    assert known
    assert known.low_s > 1.5 * told.low_s


async def test_it_works_by_itself_once_it_is_told(house: House, board: Board) -> None:
    session_id = await house.session()
    [ticket_id] = await house.waiting(session_id, 1)
    board.predictions.changed(session_id)
    with suppress(TimeoutError):
        await asyncio.wait_for(board.predictions.run(), 2)
    assert board.predictions.wait(ticket_id)


async def test_a_database_that_fails_costs_the_line_nothing_and_is_asked_again(house: House, board: Board) -> None:
    session_id = await house.session()
    [ticket_id] = await house.waiting(session_id, 1)

    @asynccontextmanager
    async def down() -> AsyncIterator[WaitingLookQueries]:
        raise Unavailable("down")
        yield  # the type of a context that is never entered

    board.predictions._look = down
    with pytest.raises(Unavailable):
        await board.see(session_id, 0)
    assert await house.calls.call_next(LI, session_id, at(5))
    board.predictions._look = board.look
    await board.predictions.work()
    assert board.predictions.wait(ticket_id) is None


async def test_a_line_that_fails_does_not_keep_the_others(house: House, board: Board) -> None:
    first, second = await house.session(), await house.session()
    [bad], [good] = await house.waiting(first), await house.waiting(second)

    class Broken(WaitingLookQueries):
        async def seen(self, session_id: str) -> SeenSession | None:
            return await super().seen(session_id) if session_id == second else 1 / 0  # type: ignore[return-value]

    board.predictions._look = partial(house.store.read, Broken)
    board.predictions.changed(first)
    with pytest.raises(ExceptionGroup, match="could not be told"):
        await board.see(second, 0)
    assert (board.predictions.wait(bad), bool(board.predictions.wait(good))) == (None, True)
    board.predictions._look = board.look
    await board.predictions.work()
    assert board.predictions.wait(bad)


async def test_the_line_shows_what_is_predicted(house: House, board: Board) -> None:
    session_id = await house.session()
    [ticket_id] = await house.waiting(session_id, 1)
    house.line._known = type(house.line._known)(house.line._known.online, board.predictions.wait)
    house.read._waits = board.predictions.wait
    await board.see(session_id, 0)
    mine, [row] = await house.read.my_ticket(ticket_id), await house.rows(session_id)
    assert mine.wait == board.predictions.wait(ticket_id)
    assert row.wait
    assert mine.wait
    assert (row.wait.low_s, row.wait.high_s) == (mine.wait.low_s, mine.wait.high_s)


@pytest.mark.parametrize(
    ("told", "minutes"),
    [
        (Range(70, 200, 430), (1, 8)),
        (Range(0, 5, 20), (0, 1)),
        (Range(9.9 * 60, 600, 10.2 * 60), (9, 15)),
        (Range(1300, 2000, 3000), (20, 50)),
    ],
)
def test_a_range_is_told_in_steps_and_outwards(told: Range, minutes: tuple[int, int]) -> None:
    wait = shown(told, NOW)
    assert (wait.low_s / 60, wait.high_s / 60) == minutes


async def test_a_line_in_which_nobody_waits_is_not_read(
    house: House, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    seen = WaitingLookQueries.seen

    async def counted(look: WaitingLookQueries, session_id: str) -> SeenSession | None:
        read.append(session_id)
        return await seen(look, session_id)

    monkeypatch.setattr(WaitingLookQueries, "seen", counted)
    booked, waited_for = await house.session(), await house.session()
    await house.clinic.book(OPERATOR, booked, WANG, NOW)
    await house.waiting(waited_for)
    board.predictions.changed(booked)
    await board.see(waited_for, 0)
    assert read == [waited_for]


async def test_who_comes_while_it_is_asked_who_waits_is_not_passed_over(
    house: House, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id = await house.session()
    lines = WaitingLookQueries.lines

    async def late(look: WaitingLookQueries, since: datetime) -> Sequence[str]:
        found = await lines(look, since)
        board.predictions.changed(session_id)
        monkeypatch.undo()
        return found

    monkeypatch.setattr(WaitingLookQueries, "lines", late)
    await board.see(session_id, 0)
    [ticket_id] = await house.waiting(session_id)
    await board.predictions.work()
    assert board.predictions.wait(ticket_id)
