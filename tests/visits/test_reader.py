"""What doctor and patient are shown, who sits where, and the live topics, on both databases."""

import pytest

from server.access.principal import Principal
from server.clinic.errors import NotFound
from server.clinic.session import SessionState
from server.clinic.ticket import TicketState
from server.store.visits import VisitLookQueries
from server.visits.visit import Outcome, Side, VisitState
from tests.clinic.house import ADMIN, LI, NOW, OPERATOR, ZHAO, House, at, patient_of


async def test_a_patient_sees_number_and_those_ahead(house: House) -> None:
    session_id = await house.session()
    _, second = await house.waiting(session_id, 2)
    ticket = await house.read.my_ticket(second)
    assert (ticket.serial, ticket.state, ticket.ahead, ticket.visit) == (2, TicketState.ARRIVED, 1, None)
    assert (ticket.doctor.name, ticket.hospital.name, ticket.session.state) == (
        "李医生",
        "青山互联网医院",
        SessionState.OPEN,
    )
    await house.calls.call_next(LI, session_id, NOW)
    assert (await house.read.my_ticket(second)).ahead == 1


async def test_a_patients_ticket_rings(house: House) -> None:
    session_id = await house.session()
    [ticket_id] = await house.waiting(session_id)
    visit_id = await house.calls.call_next(LI, session_id, NOW)
    ticket = await house.read.my_ticket(ticket_id)
    assert ticket.visit is not None
    assert (ticket.visit.id, ticket.visit.state, ticket.visit.ring_until) == (visit_id, VisitState.CALLED, at(45))


async def test_a_ticket_shows_its_latest_visit(house: House) -> None:
    session_id = await house.session()
    [ticket_id] = await house.waiting(session_id)
    await house.calls.call_next(LI, session_id, NOW)
    await house.visits.tick(at(45))
    second = await house.calls.call_next(LI, session_id, at(60))
    ticket = await house.read.my_ticket(ticket_id)
    assert ticket.visit is not None
    assert (ticket.visit.id, ticket.missed) == (second, 1)


async def test_a_visit_is_shown_to_its_doctor_alone(house: House) -> None:
    visit_id, ticket_id = await house.in_visit(LI)
    visit = await house.read.visit(LI, visit_id)
    assert (visit.patient.name, visit.patient.age, visit.serial) == ("王小明", 65, 1)
    assert [consent.text_id for consent in visit.consents] == ["risk-notice"]
    for who in (ZHAO, OPERATOR, ADMIN, patient_of(ticket_id)):
        with pytest.raises(NotFound, match="no such visit"):
            await house.read.visit(who, visit_id)
    with pytest.raises(NotFound, match="no such visit"):
        await house.read.visit(LI, "nowhere")
    with pytest.raises(NotFound):
        await house.read.my_ticket("nobody")


async def test_the_doctor_sits_down_when_it_rings_and_the_patient_by_answering(house: House) -> None:
    session_id = await house.session(LI)
    [ticket_id] = await house.waiting(session_id)
    visit_id = await house.calls.call_next(LI, session_id, NOW)
    assert await house.read.seat(LI, visit_id) is Side.DOCTOR
    assert await house.read.seat(patient_of(ticket_id), visit_id) is None
    await house.visits.answer(ticket_id, at(5))
    assert await house.read.seat(patient_of(ticket_id), visit_id) is Side.PATIENT
    for stranger in (ZHAO, OPERATOR, ADMIN, patient_of("another")):
        assert await house.read.seat(stranger, visit_id) is None
    assert await house.read.seat(LI, "nowhere") is None
    await house.visits.end(LI, visit_id, Outcome.COMPLETED, at(60))
    assert await house.read.seat(LI, visit_id) is None
    assert await house.read.seat(patient_of(ticket_id), visit_id) is None


@pytest.mark.parametrize(
    ("who", "allowed"),
    [(LI, {"session", "line", "visit"}), (ZHAO, set()), (OPERATOR, {"line"}), (ADMIN, {"line"})],
    ids=["own doctor", "other doctor", "operator", "admin"],
)
async def test_each_watches_what_is_theirs(house: House, who: Principal, allowed: set[str]) -> None:
    visit_id, ticket_id = await house.in_visit(LI)
    session_id = (await house.read.visit(LI, visit_id)).session_id
    topics = {
        f"session:{session_id}",
        f"line:{session_id}",
        f"ticket:{ticket_id}",
        f"visit:{visit_id}",
        f"patient:{ticket_id}",
        "outbox",
    }
    assert {topic.partition(":")[0] for topic in topics if await house.topics.may_subscribe(who, topic)} == allowed


async def test_a_patient_watches_the_own_ticket_and_nothing_else(house: House) -> None:
    visit_id, ticket_id = await house.in_visit()
    patient = patient_of(ticket_id)
    assert await house.topics.may_subscribe(patient, f"ticket:{ticket_id}")
    for topic in (f"visit:{visit_id}", "ticket:another", "session:any", "ticket"):
        assert not await house.topics.may_subscribe(patient, topic)


async def test_the_live_states_are_the_views_ready_for_json(house: House) -> None:
    visit_id, ticket_id = await house.in_visit()
    visit = (await house.topics.snapshot(f"visit:{visit_id}"))["visit"]
    ticket = (await house.topics.snapshot(f"ticket:{ticket_id}"))["ticket"]
    assert isinstance(visit, dict)
    assert isinstance(ticket, dict)
    assert (visit["state"], visit["called_at"], visit["patient"]["birth_date"]) == (
        "in_visit",
        "2026-11-21T01:00:00Z",
        "1961-03-04",
    )
    assert (ticket["state"], ticket["visit"]["id"]) == ("in_visit", visit_id)
    session = await house.topics.snapshot(f"session:{visit['session_id']}")
    assert set(session) == {"session", f"ticket/{ticket_id}"}
    for topic in ("visit:nowhere", "ticket:nobody", "session:nowhere", "outbox"):
        assert await house.topics.snapshot(topic) == {}


async def test_the_lines_of_a_crowd_are_found_at_once(house: House) -> None:
    first, second, other = await house.session(), await house.session(), await house.session()
    here = [*await house.waiting(first, 2), *await house.waiting(second, 1)]
    await house.waiting(other, 1)
    async with house.store.read(VisitLookQueries) as look:
        assert await look.sessions_of([*here, "nobody"]) == {first, second}
        assert await look.sessions_of([]) == set()
