"""The day of one patient over HTTP: booked, checked in, agreed, called, seen, written down, ended. And the refusals."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from pytest_aiohttp import AiohttpClient

from server.access.principal import Principal
from server.api import clinic, lines, ticket, visits
from server.api.cookies import cookie_name
from server.api.edge import Edge
from server.api.framework import Audience
from server.api.routes import Feature, route_table
from server.api.serving import Gate, build_api
from tests.clinic.house import LI, NOW, OPERATOR, ZHAO, House, patient_of

WANG: dict[str, str] = {"name": "王小明", "sex": "male", "birth_date": "1961-03-04", "phone": "138 1234 5678"}
Client = TestClient[Any, Any]


@dataclass
class Browser:
    """One person's requests. ``ask`` gives status and body."""

    client: Client
    who: Principal
    audience: Audience = Audience.STAFF

    async def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        token = f"{self.who.role}.{self.who.id}"
        headers = {"Cookie": f"{cookie_name(self.audience, secure=False)}={token}"}
        async with self.client.request(method, f"/api/v1{path}", json=body, headers=headers) as response:
            return response.status, await response.json() if response.status != 204 else None


@pytest.fixture
async def client(house: House, aiohttp_client: AiohttpClient) -> Client:
    people = {f"{who.role}.{who.id}": who for who in (LI, ZHAO, OPERATOR)}

    async def authenticate(token: str, _now: datetime) -> Principal | None:
        role, _, name = token.partition(".")
        return patient_of(name) if role == "patient" else people.get(token)

    table = route_table(
        [
            Feature(clinic.routes(house.clinic, house.line, "zh-CN"), clinic.problems),
            Feature(visits.routes(house.visits, house.records, house.read), visits.problems),
            Feature(lines.routes(house.calls, house.lines, house.line, house.read), {}),
            Feature(ticket.routes(house.visits, house.lines, house.records, house.read), ticket.problems),
        ]
    )
    app = web.Application()
    app.add_subapp("/api", build_api(table, Gate(authenticate, Edge(), lambda: NOW), version="1"))
    return await aiohttp_client(app)


def slug(reply: tuple[int, Any]) -> tuple[int, str]:
    status, problem = reply
    return status, problem["type"].removeprefix("/problems/")


async def test_the_whole_day(house: House, client: Client) -> None:
    doctor, session_id = Browser(client, LI), await house.session(opened=False)
    [session] = (await doctor.ask("GET", "/sessions"))[1]
    assert (session["id"], session["state"], session["doctor"]) == (
        session_id,
        "planned",
        {"id": LI.id, "name": LI.name},
    )
    assert (await doctor.ask("POST", f"/sessions/{session_id}/open"))[1]["state"] == "open"

    status, booked = await Browser(client, OPERATOR).ask("POST", f"/sessions/{session_id}/tickets", WANG)
    assert (status, booked["ticket"]["serial"], booked["ticket"]["state"]) == (201, 1, "booked")
    ticket_id = booked["ticket"]["id"]
    await house.clinic.arrive(ticket_id, NOW)

    patient = Browser(client, patient_of(ticket_id), Audience.PATIENT)
    mine = (await patient.ask("GET", "/ticket"))[1]
    assert (mine["serial"], mine["ahead"], mine["consented"], mine["visit"]) == (1, 0, False, None)
    assert slug(await patient.ask("POST", "/ticket/answer")) == (409, "not-called")

    called = (await doctor.ask("POST", f"/sessions/{session_id}/call-next"))[1]["visit"]
    assert (called["state"], called["ticket_id"], called["telephone"]) == ("called", ticket_id, None)
    assert slug(await doctor.ask("POST", f"/sessions/{session_id}/call-next")) == (409, "already-in-visit")
    assert slug(await patient.ask("POST", "/ticket/answer")) == (409, "consent-missing")

    text = (await patient.ask("GET", "/notice?locale=en"))[1]
    agreed = {"version": text["version"], "sha256": text["sha256"], "locale": text["locale"]}
    assert slug(await patient.ask("POST", "/ticket/consent", {**agreed, "version": "0"})) == (409, "notice-changed")
    assert (await patient.ask("POST", "/ticket/consent", agreed))[1]["consented"]
    assert await patient.ask("POST", "/ticket/answer") == (200, {"visit_id": called["id"]})

    path = f"/visits/{called['id']}"
    assert (await patient.ask("POST", "/ticket/media"))[0] == 204
    assert (await doctor.ask("POST", f"{path}/media"))[0] == 204
    assert (await doctor.ask("POST", f"{path}/confirm-identity"))[1]["identity_confirmed_by"] == LI.name
    assert (await doctor.ask("PUT", f"{path}/note", {"body": "Cough.", "version": 0}))[1]["version"] == 1
    conflict = await doctor.ask("PUT", f"{path}/note", {"body": "Fever.", "version": 0})
    assert (slug(conflict), conflict[1]["version"]) == ((409, "note-changed"), 1)

    ended = (await doctor.ask("POST", f"{path}/end", {"outcome": "completed"}))[1]
    assert (ended["state"], ended["outcome"], ended["note"]["body"]) == ("ended", "completed", "Cough.")
    assert slug(await doctor.ask("POST", f"{path}/end", {"outcome": "completed"})) == (409, "visit-over")
    assert (await patient.ask("GET", "/ticket"))[1]["visit"]["state"] == "ended"
    assert slug(await doctor.ask("POST", f"/sessions/{session_id}/call-next")) == (409, "nobody-waiting")
    assert slug(await doctor.ask("POST", f"/tickets/{ticket_id}/link")) == (409, "ticket-over")


WRONG_BOOKINGS: list[tuple[dict[str, str], str]] = [
    ({"phone": "12"}, "phone"),
    ({"name": "\u202eWang"}, "name"),
    ({"birth_date": "2999-01-01"}, "birth_date"),
    ({"birth_date": "yesterday"}, "birth_date"),
    ({"sex": "?"}, "sex"),
    ({"locale": "xx"}, "locale"),
    ({"insurance": "none"}, "insurance"),
]


async def test_a_booking_that_cannot_be_names_its_field(house: House, client: Client) -> None:
    session_id = await house.session()
    for wrong, field in WRONG_BOOKINGS:
        status, problem = await Browser(client, LI).ask("POST", f"/sessions/{session_id}/tickets", {**WANG, **wrong})
        assert (status, problem["field"]) == (422, field)


async def test_who_is_known_is_shown_to_the_desk_and_booked_as_it_says(house: House, client: Client) -> None:
    desk, path = Browser(client, OPERATOR), f"/sessions/{await house.session()}/tickets"
    first = (await desk.ask("POST", path, WANG))[1]["ticket"]["patient"]["id"]
    refused = await desk.ask("POST", path, WANG)
    assert slug(refused) == (409, "known-patient")
    [candidate] = refused[1]["candidates"]
    assert (candidate["id"], candidate["serial"], candidate["same_phone"]) == (first, 1, True)
    assert WANG["phone"] not in str(refused[1])
    assert (await desk.ask("POST", path, {**WANG, "patient_id": first}))[1]["ticket"]["patient"]["id"] == first
    assert (await desk.ask("POST", path, {**WANG, "new": True}))[1]["ticket"]["patient"]["id"] != first
    assert slug(await desk.ask("POST", path, {**WANG, "patient_id": "0" * 32})) == (404, "not-found")
    both = await desk.ask("POST", path, {**WANG, "new": True, "patient_id": first})
    assert (both[0], both[1]["field"]) == (422, "new")


async def test_a_note_with_a_null_character_names_its_field(house: House, client: Client) -> None:
    visit_id, _ = await house.in_visit()
    note = {"body": "a\0b", "version": 0}
    status, problem = await Browser(client, LI).ask("PUT", f"/visits/{visit_id}/note", note)
    assert (status, problem["field"]) == (422, "body")


async def test_a_closed_session_takes_nobody(house: House, client: Client) -> None:
    session_id, doctor = await house.session(), Browser(client, LI)
    await doctor.ask("POST", f"/sessions/{session_id}/close")
    assert slug(await doctor.ask("POST", f"/sessions/{session_id}/tickets", WANG)) == (409, "session-closed")
    assert slug(await doctor.ask("POST", f"/sessions/{session_id}/call-next")) == (409, "session-not-open")


FOREIGN: list[tuple[str, str, object]] = [
    ("POST", "/sessions/{session}/open", None),
    ("POST", "/sessions/{session}/close", None),
    ("GET", "/sessions/{session}/line", None),
    ("POST", "/sessions/{session}/tickets", WANG),
    ("POST", "/sessions/{session}/call-next", None),
    ("POST", "/sessions/{session}/suspend", {"message": "back soon"}),
    ("POST", "/sessions/{session}/resume", None),
    ("POST", "/sessions/{session}/join", None),
    ("POST", "/sessions/{session}/leave", None),
    ("POST", "/tickets/{ticket}/call", {"reason": "worse"}),
    ("POST", "/tickets/{ticket}/recall", {"reason": "is here"}),
    ("POST", "/tickets/{ticket}/hold", None),
    ("POST", "/tickets/{ticket}/unhold", None),
    ("POST", "/tickets/{ticket}/urgency", {"urgency": 0, "reason": "worse"}),
    ("POST", "/tickets/{ticket}/cancel", {"cause": "by_clinic"}),
    ("GET", "/tickets/{ticket}/targets", None),
    ("POST", "/tickets/{ticket}/transfer", {"session_id": "0" * 32, "reason": "heart"}),
    ("POST", "/tickets/{ticket}/link", None),
    ("GET", "/visits/{visit}", None),
    ("POST", "/visits/{visit}/confirm-identity", None),
    ("PUT", "/visits/{visit}/note", {"body": "Cough.", "version": 0}),
    ("POST", "/visits/{visit}/end", {"outcome": "completed"}),
    ("POST", "/visits/{visit}/media", None),
]


async def test_another_doctor_finds_nothing_there_and_cannot_tell_it_from_nothing(house: House, client: Client) -> None:
    visit_id, ticket_id = await house.in_visit(LI)
    session_id = (await house.read.visit(LI, visit_id)).session_id
    stranger, nowhere = Browser(client, ZHAO), "0" * 32
    for method, path, body in FOREIGN:
        foreign = await stranger.ask(method, path.format(session=session_id, ticket=ticket_id, visit=visit_id), body)
        missing = await stranger.ask(method, path.format(session=nowhere, ticket=nowhere, visit=nowhere), body)
        for _, problem in (foreign, missing):
            del problem["request_id"]
        assert foreign == missing, path
        assert foreign[0] == 404, path
    assert (await stranger.ask("GET", "/sessions"))[1] == []


async def test_every_route_of_a_doctors_is_tried_by_the_stranger(house: House) -> None:
    staff = [
        *(route for route in clinic.routes(house.clinic, house.line, "en") if route.action is not None),
        *visits.routes(house.visits, house.records, house.read),
        *lines.routes(house.calls, house.lines, house.line, house.read),
    ]
    tried = {(method, path.partition("{")[0], path.rpartition("}")[2]) for method, path, _ in FOREIGN}
    of_somebody = [route for route in staff if "{" in route.path]
    listed = {(route.method, route.path.partition("{")[0], route.path.rpartition("}")[2]) for route in of_somebody}
    assert not listed - tried


async def test_a_busy_morning_at_one_line(house: House, client: Client) -> None:
    """Urgent first, one on hold, a pause, this one out of turn, one sent on to a colleague, one given back."""
    session_id, other_id = await house.session(LI), await house.session(ZHAO)
    tickets = await house.waiting(session_id, 4)
    doctor, desk = Browser(client, LI), Browser(client, OPERATOR)

    status, row = await desk.ask("POST", f"/tickets/{tickets[3]}/urgency", {"urgency": 0, "reason": "chest pain"})
    assert (status, row["urgency"], row["reason"], row["ahead"]) == (200, 0, None, 0)  # why is for the line's doctors
    _, line = await doctor.ask("GET", f"/sessions/{session_id}/line")
    assert [row["reason"] for row in line["tickets"] if row["id"] == tickets[3]] == ["chest pain"]
    assert (await doctor.ask("POST", f"/tickets/{tickets[0]}/hold"))[1]["held"]
    assert slug(await doctor.ask("POST", f"/tickets/{tickets[0]}/hold")) == (409, "not-waiting")

    path = f"/sessions/{session_id}"
    assert (await doctor.ask("POST", f"{path}/suspend", {"message": "Back in ten minutes"}))[1]["state"] == "suspended"
    mine = (await Browser(client, patient_of(tickets[1]), Audience.PATIENT).ask("GET", "/ticket"))[1]
    assert (mine["suspended"], mine["can_cancel"], mine["ahead"]) == ({"message": "Back in ten minutes"}, True, 1)
    assert slug(await doctor.ask("POST", f"{path}/call-next")) == (409, "session-not-open")
    assert (await doctor.ask("POST", f"{path}/resume"))[1]["state"] == "open"

    called = (await doctor.ask("POST", f"/tickets/{tickets[0]}/call", {"reason": "result is here"}))[1]["visit"]
    assert called["serial"] == 1
    screen = (await Browser(client, patient_of("nobody"), Audience.PATIENT).ask("GET", f"/display/{session_id}"))[1]
    assert screen == {"calling": [1], "waiting": 3, "suspended": None, "doctors": 1}

    targets = (await doctor.ask("GET", f"/tickets/{tickets[0]}/targets"))[1]
    assert [target["id"] for target in targets] == [other_id]
    wish = {"session_id": other_id, "reason": "heart"}
    status, sent_on = await doctor.ask("POST", f"/tickets/{tickets[0]}/transfer", wish)
    assert (status, sent_on["session_id"]) == (200, other_id)
    assert (await doctor.ask("GET", f"/visits/{called['id']}"))[1]["outcome"] == "transferred"
    [row] = (await Browser(client, ZHAO).ask("GET", f"/sessions/{other_id}/line"))[1]["tickets"]
    assert (row["id"], row["state"], row["came_from"]) == (sent_on["ticket_id"], "arrived", tickets[0])

    patient = Browser(client, patient_of(tickets[1]), Audience.PATIENT)
    assert (await patient.ask("POST", "/ticket/cancel"))[1]["state"] == "withdrawn"
    assert slug(await desk.ask("POST", f"/tickets/{tickets[1]}/cancel", {"cause": "by_clinic"})) == (409, "ticket-over")
    assert slug(await desk.ask("POST", f"/tickets/{tickets[2]}/cancel", {"cause": "late"})) == (422, "invalid")
    wordless = await doctor.ask("POST", f"/tickets/{tickets[2]}/call", {"reason": " "})
    assert (slug(wordless), wordless[1]["field"]) == ((422, "invalid"), "reason")
    assert slug(await desk.ask("POST", f"/tickets/{tickets[2]}/recall", {"reason": "is here"})) == (403, "not-allowed")
