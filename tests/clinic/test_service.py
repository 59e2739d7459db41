"""Sessions, bookings, links and check-ins, on both databases."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial

import pytest

from server.access.links import link_token, token_hash
from server.access.principal import Principal
from server.clinic.booking import Bookings, ClinicRules, Newcomer, Wanted
from server.clinic.errors import InvalidSession, NotFound, SessionClosed, TicketOver, TooEarly
from server.clinic.service import ClinicService
from server.clinic.session import Hours, Session
from server.clinic.ticket import TicketState
from server.patients.patient import InvalidPatient, Patient, Sex
from server.store import tables
from server.store.clinic import ClinicQueries
from server.visits.visit import Outcome
from tests.clinic.house import ADMIN, KEY, LI, NOW, OPERATOR, SENDER, WANG, ZHAO, House, at

RULES = ClinicRules(SENDER, "CN", KEY)


async def test_a_booking_writes_patient_ticket_link_sms_and_audit_together(house: House) -> None:
    session_id = await house.session()
    ticket_id = await house.clinic.book(LI, session_id, WANG, NOW)

    [patient], [ticket] = await house.table(tables.patients), await house.table(tables.tickets)
    [link], [sms] = await house.table(tables.join_links), await house.table(tables.deliveries)
    assert (patient.name, patient.phone, patient.created_by) == ("王小明", "+8613812345678", LI.id)
    assert (ticket.id, ticket.serial, ticket.state, ticket.booked_by) == (ticket_id, 1, TicketState.BOOKED, LI.id)
    assert (link.ticket_id, link.token_hash) == (ticket_id, token_hash(link_token(KEY, link.id)))
    assert (sms.cause, sms.address, sms.link_id) == (f"ticket:{ticket_id}:booked", "+8613812345678", link.id)
    assert "1号" in sms.body
    assert "09:00" in sms.body
    assert "{link}" in sms.body
    assert await house.audited() == ["session.created", "session.open", "ticket.booked"]
    assert house.told[-3:] == [f"session:{session_id}", f"line:{session_id}", "outbox"]


async def test_a_refused_booking_leaves_nothing_behind(house: House) -> None:
    session_id = await house.session()
    with pytest.raises(InvalidPatient):
        await house.clinic.book(LI, session_id, replace(WANG, phone="12"), NOW)
    await house.clinic.close_session(LI, session_id, NOW)
    with pytest.raises(SessionClosed):
        await house.clinic.book(LI, session_id, WANG, NOW)
    await house.clinic.open_session(LI, session_id, NOW)
    await house.clinic.book(LI, session_id, WANG, NOW)
    assert [row.serial for row in await house.rows(session_id)] == [1]
    assert len(await house.table(tables.patients)) == 1


async def test_a_birth_date_is_judged_by_the_hospitals_day(house: House) -> None:
    session_id = await house.session(opens_at=NOW + timedelta(days=1))
    born_today = replace(WANG, birth_date=date(2026, 11, 22))
    with pytest.raises(InvalidPatient):
        await house.clinic.book(LI, session_id, born_today, NOW)
    late_evening = NOW + timedelta(hours=16)  # 17:00 UTC on the 21st is 01:00 on the 22nd in Hangzhou
    await house.clinic.book(LI, session_id, born_today, late_evening)


async def test_thirty_two_bookings_at_once_get_one_to_thirty_two(house: House) -> None:
    session_id = await house.session()
    await asyncio.gather(*(house.clinic.book(OPERATOR, session_id, WANG, NOW) for _ in range(32)))
    assert [row.serial for row in await house.rows(session_id)] == list(range(1, 33))


@dataclass
class Commits:
    """Counts the transactions of a house."""

    house: House
    begun: int = 0

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[ClinicQueries]:
        self.begun += 1
        async with self.house.store.write(ClinicQueries) as tx:
            yield tx


async def test_many_at_once_are_few_commits_and_pages_are_told_once_a_commit(house: House) -> None:
    session_id, commits = await house.session(), Commits(house)
    clinic = ClinicService(commits.begin, house._tell, RULES)
    house.told.clear()
    await asyncio.gather(*(clinic.book(OPERATOR, session_id, WANG, NOW) for _ in range(32)))
    assert commits.begun <= 2
    assert house.told == [f"session:{session_id}", f"line:{session_id}", "outbox"] * commits.begun
    assert len(await house.table(tables.patients)) == len(await house.table(tables.join_links)) == 32
    assert (await house.audited())[-32:] == ["ticket.booked"] * 32


async def test_one_whom_the_database_refuses_costs_the_neighbours_nothing(house: House) -> None:
    session_id = await house.session()
    bookings = Bookings(partial(house.store.write, ClinicQueries), house._tell, RULES)
    newcomers = [Newcomer(_patient(number), OPERATOR.id, OPERATOR.actor) for number in (1, 2, 1, 3)]
    wanted = [Wanted(session_id, newcomer, NOW, _anybody) for newcomer in newcomers]
    done = await asyncio.gather(*map(bookings.book, wanted), return_exceptions=True)
    assert [isinstance(each, Exception) for each in done] == [False, False, True, False]
    assert [row.serial for row in await house.rows(session_id)] == [1, 2, 3]


def _patient(number: int) -> Patient:
    return Patient(f"patient-{number}", "王小明", Sex.MALE, date(1961, 3, 4), "+8613812345678", "zh-CN")


def _anybody(session: Session | None) -> Session:
    assert session is not None
    return session


async def test_every_session_counts_from_one(house: House) -> None:
    first, second = await house.session(LI), await house.session(ZHAO)
    for session_id in (first, second, first):
        await house.clinic.book(OPERATOR, session_id, WANG, NOW)
    assert [row.serial for row in await house.rows(first)] == [1, 2]


async def test_a_new_link_ends_the_old_one_and_is_told_every_time(house: House) -> None:
    session_id = await house.session()
    [ticket_id] = await house.waiting(session_id)
    for seconds in (1, 2):
        await house.clinic.reset_link(OPERATOR, ticket_id, at(seconds))
    links = await house.table(tables.join_links, tables.join_links.c.created_at)
    assert [link.ended_at is None for link in links] == [False, False, True]
    texts = await house.table(tables.deliveries, tables.deliveries.c.created_at)
    assert [(text.template, text.link_id) for text in texts] == [
        ("booked", links[0].id),
        ("link_reset", links[1].id),
        ("link_reset", links[2].id),
    ]


async def test_nobody_gets_a_new_link_to_a_visit_that_is_over(house: House) -> None:
    visit_id, ticket_id = await house.in_visit()
    await house.visits.end(LI, visit_id, Outcome.COMPLETED, at(60))
    with pytest.raises(TicketOver):
        await house.clinic.reset_link(LI, ticket_id, at(61))
    with pytest.raises(TicketOver):
        await house.clinic.arrive(ticket_id, at(61))


async def test_checking_in_is_stamped_once_and_told_to_all_who_wait(house: House) -> None:
    session_id = await house.session()
    [first] = await house.waiting(session_id)
    second = await house.clinic.book(OPERATOR, session_id, WANG, NOW)
    house.told.clear()
    await house.clinic.arrive(second, at(60))
    assert set(house.told) == {f"session:{session_id}", f"line:{session_id}", f"ticket:{first}", f"ticket:{second}"}
    house.told.clear()
    await house.clinic.arrive(second, at(120))
    assert house.told == []
    assert [row.arrived_at for row in await house.rows(session_id)] == [NOW, at(60)]
    assert (await house.audited()).count("ticket.arrived") == 2


async def test_who_opens_the_link_on_the_day_before_is_in_but_not_in_the_line(house: House) -> None:
    """Else the doctor's first call would ring where nobody is, and nobody would be reminded."""
    session_id = await house.session(opened=False, opens_at=NOW + timedelta(days=1))
    ticket_id = await house.clinic.book(OPERATOR, session_id, WANG, NOW)
    await house.clinic.come_in(ticket_id, NOW)
    with pytest.raises(TooEarly):
        await house.clinic.arrive(ticket_id, NOW)
    mine = await house.read.my_ticket(ticket_id)
    assert (mine.state, mine.check_in_from) == (TicketState.BOOKED, NOW + timedelta(hours=23))
    await house.clinic.come_in(ticket_id, NOW + timedelta(hours=23))
    assert (await house.read.my_ticket(ticket_id)).state is TicketState.ARRIVED


async def test_a_page_that_waits_for_the_hour_is_told_when_the_doctor_opens_before_it(house: House) -> None:
    session_id = await house.session(opened=False, opens_at=NOW + timedelta(days=1))
    ticket_id = await house.clinic.book(OPERATOR, session_id, WANG, NOW)
    house.told.clear()
    await house.clinic.open_session(LI, session_id, NOW)
    assert f"ticket:{ticket_id}" in house.told
    assert (await house.read.my_ticket(ticket_id)).check_in_from is None
    await house.clinic.arrive(ticket_id, NOW)


async def test_opening_and_closing_is_audited_once_and_those_who_wait_keep_their_places(house: House) -> None:
    session_id = await house.session()
    tickets = await house.waiting(session_id, 2)
    house.told.clear()
    for _ in range(2):
        await house.clinic.close_session(LI, session_id, NOW)
    assert {f"session:{session_id}", *(f"ticket:{ticket_id}" for ticket_id in tickets)} <= set(house.told)
    assert (await house.audited()).count("session.closed") == 1
    assert await house.order(session_id) == [1, 2]


async def test_a_session_that_ends_before_it_begins_is_refused(house: House) -> None:
    with pytest.raises(InvalidSession):
        await house.clinic.create_session(Hours(LI.id, "Respiratory", NOW, NOW), "system", NOW)


STRANGER_STEPS = ["open", "close", "book", "reset_link"]


async def attempt(clinic: ClinicService, step: str, who: Principal, ids: tuple[str, str]) -> None:
    session_id, ticket_id = ids
    match step:
        case "open":
            await clinic.open_session(who, session_id, NOW)
        case "close":
            await clinic.close_session(who, session_id, NOW)
        case "book":
            await clinic.book(who, session_id, WANG, NOW)
        case "reset_link":
            await clinic.reset_link(who, ticket_id, NOW)


@pytest.mark.parametrize("step", STRANGER_STEPS)
async def test_another_doctors_session_and_a_missing_one_are_the_same_to_a_stranger(house: House, step: str) -> None:
    session_id = await house.session(LI)
    [ticket_id] = await house.waiting(session_id)
    before = await house.audited()
    said = []
    for ids in ((session_id, ticket_id), ("nowhere", "nobody")):
        with pytest.raises(NotFound) as refusal:
            await attempt(house.clinic, step, ZHAO, ids)
        said.append(str(refusal.value))
    assert said[0] == said[1]
    assert await house.audited() == before


@pytest.mark.parametrize("who", [OPERATOR, ADMIN])
async def test_only_the_doctor_moves_a_session_and_only_operators_book_beside(house: House, who: Principal) -> None:
    session_id = await house.session(LI)
    with pytest.raises(NotFound):
        await house.clinic.close_session(who, session_id, NOW)
    if who is OPERATOR:
        await house.clinic.book(who, session_id, WANG, NOW)
    else:
        with pytest.raises(NotFound):
            await house.clinic.book(who, session_id, WANG, NOW)
