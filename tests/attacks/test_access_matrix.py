"""Each cell of the access matrix on a running hospital: who may gets in, and nobody else, whosever the thing is."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import pytest

from server import desk
from server.access.roles import Action, Role, may
from server.api.framework import Audience, Route
from server.api.routes import RouteTable, roles_that_may
from server.live import TOPIC_ACTIONS
from server.settings import Data, Settings
from tests.access_matrix.__main__ import table_of
from tests.access_matrix.page import EVENT_ACTIONS, line_of
from tests.access_matrix.rows import BODIES, EVENTS, OTHERS_SESSION, ROUTES, TOPICS, WORN_DEVICE, Row
from tests.attacks.screen import Screen
from tests.attacks.test_foreign import QUERIES, RECORD
from tests.attacks.ward import NOBODY, PASSWORD, PATIENT, STAFF, Caller, Reply, Ward, Who

NOWHERE = "0" * 32
URGENT = {"urgency": 0, "reason": "coughs blood"}
ENDS = (  # after these there is less to ask for: last, and the patients before the doctors
    "POST /ticket/cancel",
    "POST /ticket/move",
    "POST /tickets/{id}/cancel",
    "POST /tickets/{id}/move",
    "POST /tickets/{id}/transfer",
    "POST /tickets/{id}/link",
    "POST /sessions/{id}/leave",
    "DELETE /patients/{id}/devices/{device_id}",
    "POST /visits/{id}/end",
    "POST /sign-out",
)


class Verdict(Enum):
    IN = "let in"
    NOT_FOUND = "there is no such thing"
    NOT_ALLOWED = "not for this role"
    NOT_SIGNED_IN = "nobody is signed in"


@dataclass(frozen=True)
class Persona:
    """Somebody who knocks; ``owns`` says whether doctor a's side is theirs."""

    name: str
    who: Who
    role: Role | None = None
    owns: bool = False

    @property
    def books(self) -> bool:
        return self.role is not None and may(self.role, Action.TICKET_BOOK)

    @property
    def audience(self) -> Audience:
        return Audience.PATIENT if self.role is Role.PATIENT else Audience.STAFF


@dataclass(frozen=True)
class House:
    ward: Ward
    table: RouteTable
    personas: tuple[Persona, ...]

    def path(self, route: Route) -> str:
        """Everything named in it is doctor a's; what the ward has none of is nowhere."""
        own = self.ward.a.doctor.owns
        thing = own.get(ROUTES[line_of(route)].thing.value, NOWHERE)
        filled = route.path.replace("{id}", thing).replace("{device_id}", own["device"])
        for name in ("gateway", "locale", "day", "fingerprint"):
            filled = filled.replace(f"{{{name}}}", "none")
        return filled + QUERIES.get(route.path, "")

    def body(self, route: Route) -> dict[str, object] | None:
        body = BODIES.get(line_of(route))
        meant: dict[object, object] = {OTHERS_SESSION: self.ward.b["session"], WORN_DEVICE: self.ward.a["device"]}
        return body and {name: meant.get(value, value) for name, value in body.items()}

    def names_own(self, route: Route) -> bool:
        """The ward's devices have no certificates."""
        named = "/{id}" in route.path and "{fingerprint}" not in route.path
        return named and ROUTES[line_of(route)].thing.value in self.ward.a.doctor.owns


@pytest.fixture
async def house(own_busy_ward: Ward, tmp_path_factory: pytest.TempPathFactory) -> House:
    ward = own_busy_ward
    settings = Settings(data=Data(directory=ward.hospital.data))
    await desk.add_user(settings, desk.StaffWish("admin", "root", "Wu Fang", PASSWORD, None, "en"))
    async with ward.caller() as caller:
        admin = await caller.sign_in("root")
    personas = (
        Persona("nobody", NOBODY),
        Persona("the doctor with a patient's cookie", Who(ward.a.doctor.cookie, PATIENT)),
        Persona("the patient with a doctor's cookie", Who(ward.a.patient.cookie, STAFF)),
        Persona("the patient", ward.a.patient, Role.PATIENT, owns=True),
        Persona("another patient", ward.b.patient, Role.PATIENT),
        Persona("the doctor", ward.a.doctor, Role.DOCTOR, owns=True),
        Persona("another doctor", ward.b.doctor, Role.DOCTOR),
        Persona("an operator", ward.operator, Role.OPERATOR),
        Persona("an administrator", admin, Role.ADMIN),
    )
    return House(ward, await table_of(tmp_path_factory.mktemp("table")), personas)


def expected(house: House, route: Route, persona: Persona) -> Verdict:
    if route.audience is Audience.PUBLIC:
        return Verdict.IN
    if persona.role is None or persona.audience is not route.audience:
        return Verdict.NOT_SIGNED_IN
    if persona.role not in roles_that_may(route):
        return Verdict.NOT_ALLOWED
    foreign = persona.role in ROUTES[line_of(route)].own and not persona.owns
    return Verdict.NOT_FOUND if foreign and house.names_own(route) else Verdict.IN


def verdict(reply: Reply) -> Verdict:
    kinds = {
        "not-found": Verdict.NOT_FOUND,
        "not-allowed": Verdict.NOT_ALLOWED,
        "not-signed-in": Verdict.NOT_SIGNED_IN,
    }
    return kinds.get(reply.kind, Verdict.IN)


async def knock(caller: Caller, house: House, route: Route, persona: Persona) -> Reply:
    return await caller.ask(persona.who, route.method, house.path(route), house.body(route))


def cells(house: House, *, admitted: bool) -> Iterator[tuple[Route, Persona]]:
    """Those who are let in, what ends something last; or all the others."""
    routes = sorted(
        house.table.routes, key=lambda route: ENDS.index(line_of(route)) + 1 if line_of(route) in ENDS else 0
    )
    for route in routes:
        for persona in house.personas:
            if (expected(house, route, persona) is Verdict.IN) is admitted:
                yield route, persona


async def reasons(house: House, persona: Persona) -> set[str | None]:
    """Why doctor a's ticket stepped out of the order, as this person reads it: over HTTP, and live."""
    session, own = house.ward.a["session"], house.ward.a["ticket"]
    async with house.ward.caller() as caller, Screen(house.ward, persona.who) as screen:
        row = await caller.take(persona.who, "POST", f"/tickets/{own}/urgency", URGENT) if persona.books else None
        line = await caller.take(persona.who, "GET", f"/sessions/{session}/line")
        live = await screen.is_given("subscribe", {"topic": f"{'session' if persona.owns else 'line'}:{session}"})
    listed = [each for each in line["tickets"] if each["id"] == own]
    rows = [*listed, live["state"][f"ticket/{own}"], *([row] if row else [])]
    assert {each["urgency"] for each in rows} == {0}  # the bare class, for everybody who sees the line
    return {each["reason"] for each in rows}


async def test_why_a_ticket_is_urgent_is_for_the_doctors_of_its_line_alone(house: House) -> None:
    by_name = {persona.name: persona for persona in house.personas}
    assert await reasons(house, by_name["the doctor"]) == {URGENT["reason"]}
    assert await reasons(house, by_name["an operator"]) == {None}
    assert await reasons(house, by_name["an administrator"]) == {None}


async def test_the_desk_hears_of_a_line_that_pauses(house: House) -> None:
    """Not of a patient: who is called there, and why, it is not told."""
    doctor, session = house.ward.a.doctor, house.ward.a["session"]
    async with house.ward.caller() as caller, Screen(house.ward, house.ward.operator) as screen:
        first = await screen.is_given("subscribe", {"topic": "desk"})
        assert first["state"][f"line/{session}"]["session"]["state"] == "open"
        await caller.take(doctor, "POST", f"/sessions/{session}/suspend", {"message": "Back at ten."})
        async with asyncio.timeout(5):
            while not (heard := [delta for delta in screen.heard("delta") if delta["topic"] == "desk"]):
                await asyncio.sleep(0.02)
        await caller.take(doctor, "POST", f"/sessions/{session}/resume")
    assert list(heard[0]["set"]) == [f"line/{session}"]
    assert heard[0]["set"][f"line/{session}"]["session"]["message"] == "Back at ten."
    assert "Zhao" not in str([first, heard])


async def test_every_route_lets_in_whom_its_row_lets_in_and_nobody_else(house: House) -> None:
    wrong = []
    before = house.ward.record(*RECORD)
    async with house.ward.caller() as caller:
        for route, persona in cells(house, admitted=False):
            reply = await knock(caller, house, route, persona)
            if verdict(reply) is not expected(house, route, persona):
                wrong.append((line_of(route), persona.name, reply.status, reply.body))
        assert not wrong
        assert house.ward.record(*RECORD) == before
        for route, persona in cells(house, admitted=True):
            reply = await knock(caller, house, route, persona)
            gone = line_of(route) in ENDS or not house.names_own(route)  # by then, or never there
            unread = line_of(route) in BODIES and reply.status == 422  # a body that asks nobody whose the thing is
            if unread or verdict(reply) not in ({Verdict.IN, Verdict.NOT_FOUND} if gone else {Verdict.IN}):
                wrong.append((line_of(route), persona.name, reply.status, reply.body))
    assert not wrong


def topic_of(house: House, kind: str) -> str:
    own = house.ward.a.doctor.owns
    thing = {"alarms": "user", "unattended": "user", "line": "session", "wave": "patient"}.get(kind, kind)
    return f"{kind}:{own[thing]}" if thing in own else kind


def reaches(persona: Persona, row: Row, *, allowed: bool) -> bool:
    return allowed and (persona.owns or persona.role not in row.own)


async def test_every_topic_and_event_lets_in_whom_its_row_lets_in_and_nobody_else(house: House) -> None:
    room = house.ward.a["visit"]
    for persona in house.personas:
        if persona.role is None:
            with pytest.raises(Exception, match=r"(?i)sign|refused|one or more"):
                await Screen(house.ward, persona.who).open()
            continue
        async with Screen(house.ward, persona.who) as screen:
            for kind, action in TOPIC_ACTIONS.items():
                reply = await screen.say("subscribe", {"topic": topic_of(house, kind)})
                may_watch = reaches(persona, TOPICS[kind], allowed=may(persona.role, action))
                assert reply["ok"] is may_watch, (kind, persona.name, reply)
            for event, fields in (
                ("unsubscribe", {"topic": topic_of(house, "visit")}),
                ("join", {"room": room}),
                ("signal", {"room": room, "candidate": {"candidate": ""}}),
                ("leave", {"room": room}),
            ):
                asked = EVENT_ACTIONS.get(event)
                opens = asked is None or reaches(persona, EVENTS[event], allowed=may(persona.role, asked))
                assert (await screen.say(event, fields))["ok"] is opens, (event, persona.name)
