"""The second check: five tries, however many guess at once; a look without a trace; one patient, one sign-in."""

import asyncio
from datetime import date, timedelta

import pytest

from server.access.errors import LinkDead, LinkLocked, TooManyTries, WrongBirthDate
from server.access.join_check import JoinCheck
from server.access.roles import Role
from server.store import tables
from server.store.engine import Store
from tests.access.people import (
    BIRTH_DATE,
    HERE,
    NOW,
    Arrivals,
    add_staff,
    audited,
    book,
    end_access,
    join_check_of,
    rows_of,
    send_link,
    sign_ins_of,
)

WRONG = date(1950, 3, 15)
LATER = NOW + timedelta(minutes=5)


async def booked(store: Store) -> tuple[str, str]:
    """A ticket and its link's token."""
    ticket_id = await book(store, await add_staff(store))
    return ticket_id, await send_link(store, ticket_id)


def checking(store: Store) -> JoinCheck:
    return join_check_of(store, Arrivals([]))


async def test_the_birth_date_lets_the_patient_in_and_stamps_the_arrival(store: Store) -> None:
    ticket_id, token = await booked(store)
    arrivals = Arrivals([])
    signed_in = await join_check_of(store, arrivals).check(token, BIRTH_DATE, HERE, NOW)
    assert arrivals.stamped == [(ticket_id, NOW)]
    principal = await sign_ins_of(store).authenticate(signed_in.token, LATER)
    assert principal == signed_in.principal
    assert principal is not None
    assert (principal.role, principal.id, principal.name) == (Role.PATIENT, ticket_id, "Zhao Min")
    assert (await audited(store))[-1] == "ticket.joined"


async def test_a_look_tells_the_hours_and_leaves_no_trace(store: Store) -> None:
    _, token = await booked(store)
    before = [await rows_of(store, table) for table in (tables.join_links, tables.sign_ins, tables.audit)]
    for _ in range(50):
        link = await checking(store).look(token, HERE, NOW)
    assert (link.opens_at, link.closes_at, link.tries_left) == (NOW, NOW + timedelta(hours=3), 5)
    assert [await rows_of(store, table) for table in (tables.join_links, tables.sign_ins, tables.audit)] == before


async def test_wrong_birth_dates_count_down_and_then_the_right_one_is_too_late(store: Store) -> None:
    _, token = await booked(store)
    check = checking(store)
    left = []
    for _ in range(5):
        with pytest.raises(WrongBirthDate) as refused:
            await check.check(token, WRONG, HERE, NOW)
        left.append(refused.value.tries_left)
    assert left == [4, 3, 2, 1, 0]
    with pytest.raises(LinkLocked):
        await check.check(token, BIRTH_DATE, HERE, NOW)
    with pytest.raises(LinkLocked):
        await check.look(token, HERE, NOW)
    assert await rows_of(store, tables.sign_ins) == []
    assert (await audited(store)).count("ticket.join_refused") == 5


async def test_of_twenty_guesses_at_once_five_are_judged(store: Store) -> None:
    _, token = await booked(store)
    check = checking(store)
    guesses = (check.check(token, WRONG, f"192.0.2.{n}", NOW) for n in range(20))
    outcomes = [type(outcome) for outcome in await asyncio.gather(*guesses, return_exceptions=True)]
    assert (outcomes.count(WrongBirthDate), outcomes.count(LinkLocked)) == (5, 15)
    (link,) = await rows_of(store, tables.join_links)
    assert link["tries_left"] == 0


async def test_right_answers_use_no_try_up_and_do_not_restore_any(store: Store) -> None:
    _, token = await booked(store)
    check = checking(store)
    with pytest.raises(WrongBirthDate):
        await check.check(token, WRONG, HERE, NOW)
    for _ in range(8):
        await check.check(token, BIRTH_DATE, HERE, NOW)
    assert (await check.look(token, HERE, NOW)).tries_left == 4


async def test_a_second_phone_takes_the_first_ones_sign_in_over(store: Store) -> None:
    _, token = await booked(store)
    check, sign_ins = checking(store), sign_ins_of(store)
    first = await check.check(token, BIRTH_DATE, HERE, NOW)
    second = await check.check(token, BIRTH_DATE, "198.51.100.1", NOW)
    assert await sign_ins.authenticate(first.token, LATER) is None
    assert await sign_ins.authenticate(second.token, LATER) == second.principal


async def test_two_phones_at_the_same_moment_leave_one_sign_in(store: Store) -> None:
    _, token = await booked(store)
    check = checking(store)
    await asyncio.gather(*(check.check(token, BIRTH_DATE, HERE, NOW) for _ in range(5)))
    assert [row["ended_at"] for row in await rows_of(store, tables.sign_ins)].count(None) == 1


@pytest.mark.parametrize("token", ["", "x" * 22, "é\x00"])
async def test_an_unknown_link_is_dead(store: Store, token: str) -> None:
    with pytest.raises(LinkDead):
        await checking(store).look(token, HERE, NOW)
    with pytest.raises(LinkDead):
        await checking(store).check(token, BIRTH_DATE, HERE, NOW)


async def test_a_link_dies_with_its_time_and_so_does_the_sign_in(store: Store) -> None:
    ticket_id = await book(store, await add_staff(store))
    token = await send_link(store, ticket_id, timedelta(hours=1))
    end = NOW + timedelta(hours=1)
    signed_in = await checking(store).check(token, BIRTH_DATE, HERE, end - timedelta(seconds=1))
    assert signed_in.expires_at == end
    for answer in (BIRTH_DATE, WRONG):
        with pytest.raises(LinkDead):
            await checking(store).check(token, answer, HERE, end)
    with pytest.raises(LinkDead):
        await checking(store).look(token, HERE, end)
    assert await sign_ins_of(store).authenticate(signed_in.token, end) is None


async def test_when_the_visit_ends_link_and_sign_in_are_dead_and_a_new_link_lives(store: Store) -> None:
    ticket_id, token = await booked(store)
    signed_in = await checking(store).check(token, BIRTH_DATE, HERE, NOW)
    await end_access(store, ticket_id, LATER)
    assert await sign_ins_of(store).authenticate(signed_in.token, LATER) is None
    with pytest.raises(LinkDead):
        await checking(store).check(token, BIRTH_DATE, HERE, LATER)
    again = await send_link(store, ticket_id)
    assert (await checking(store).look(again, HERE, LATER)).tries_left == 5


async def test_a_patient_who_is_idle_all_day_stays_signed_in(store: Store) -> None:
    ticket_id = await book(store, await add_staff(store))
    token = await send_link(store, ticket_id, timedelta(hours=30))
    signed_in = await checking(store).check(token, BIRTH_DATE, HERE, NOW)
    assert await sign_ins_of(store).authenticate(signed_in.token, NOW + timedelta(hours=29)) is not None


async def test_an_arrival_that_fails_is_repeated_by_the_next_check(store: Store) -> None:
    ticket_id, token = await booked(store)
    arrivals = Arrivals([], broken=True)
    check = join_check_of(store, arrivals)
    with pytest.raises(ConnectionError):
        await check.check(token, BIRTH_DATE, HERE, NOW)
    arrivals.broken = False
    await check.check(token, BIRTH_DATE, HERE, LATER)
    assert arrivals.stamped == [(ticket_id, LATER)]


async def test_an_address_that_guesses_links_has_to_wait_one_that_opens_real_ones_has_not(sqlite_store: Store) -> None:
    _, token = await booked(sqlite_store)
    check = checking(sqlite_store)
    for _ in range(40):
        await check.look(token, HERE, NOW)
    for n in range(20):
        with pytest.raises(LinkDead):
            await check.look(f"guess {n}", HERE, NOW)
    with pytest.raises(TooManyTries):
        await check.look(token, HERE, NOW)
    await check.look(token, "198.51.100.1", NOW)


async def test_an_address_that_guesses_birth_dates_has_to_wait_whichever_links_it_holds(sqlite_store: Store) -> None:
    doctor = await add_staff(sqlite_store)
    tokens = [await send_link(sqlite_store, await book(sqlite_store, doctor)) for _ in range(5)]
    check = checking(sqlite_store)
    for token in tokens[:4]:
        for _ in range(5):
            with pytest.raises(WrongBirthDate):
                await check.check(token, WRONG, HERE, NOW)
    with pytest.raises(TooManyTries):
        await check.check(tokens[4], WRONG, HERE, NOW)
    assert (await check.look(tokens[4], "198.51.100.1", NOW)).tries_left == 5
