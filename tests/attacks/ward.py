"""A whole hospital to attack: the real server, two doctors in a visit each, an operator, two oximeters."""

import asyncio
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self, TypeVar
from zoneinfo import ZoneInfo

import aiohttp

from server import desk
from server.settings import Data, Settings
from tests.attacks.oximeter import Oximeter, message, reading
from tests.e2e.hospital import Hospital

T = TypeVar("T")
PASSWORD = "correct-horse-battery"
STAFF, PATIENT = "bedside", "bedside-visit"  # the two cookies over plain HTTP
SETTLED_S = 0.3  # in which whatever the server does after an answer is done


@dataclass(frozen=True)
class Reply:
    status: int
    body: Any
    headers: Mapping[str, str]

    @property
    def kind(self) -> str:
        """The last part of the problem's type; "" where it is none."""
        told = self.body.get("type", "") if isinstance(self.body, dict) else ""
        return str(told).rpartition("/")[2]


@dataclass(frozen=True)
class Who:
    """Somebody with a cookie. ``owns`` are the ids of what is theirs, by kind."""

    cookie: str = field(default="", repr=False)
    name: str = STAFF
    owns: Mapping[str, str] = field(default_factory=dict)

    @property
    def headers(self) -> dict[str, str]:
        return {"Cookie": f"{self.name}={self.cookie}"} if self.cookie else {}


NOBODY = Who()


class Caller:
    """Asks the API of one house; a context manager."""

    def __init__(self, url: str, address: str = "127.0.0.1") -> None:
        self._url, self._address = url.replace("localhost", "127.0.0.1"), address

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(local_addr=(self._address, 0), limit=0)
        self.http = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.close()

    async def ask(self, who: Who, method: str, path: str, body: object = None, **headers: str) -> Reply:
        sent = None if body is None else json.dumps(body)
        typed = {"Content-Type": "application/json"} if sent else {}
        url = f"{self._url}/api/v1{path}"
        all_headers = {**who.headers, **typed, **{name.replace("_", "-"): value for name, value in headers.items()}}
        async with self.http.request(method, url, data=sent, headers=all_headers) as reply:
            raw = await reply.read()
            body = json.loads(raw) if raw and reply.content_type.endswith("json") else raw or None
            return Reply(reply.status, body, dict(reply.headers))

    async def take(self, who: Who, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 – JSON
        """What is given; fails where it is refused."""
        reply = await self.ask(who, method, path, body)
        assert reply.status < 300, (method, path, reply.status, reply.body)
        return reply.body

    async def sign_in(self, login: str, password: str = PASSWORD) -> Who:
        reply = await self.ask(NOBODY, "POST", "/sign-in", {"login": login, "password": password})
        assert reply.status == 200, reply.body
        return Who(_cookie(reply), STAFF, {"user": reply.body["id"]})

    async def join(self, token: str, birth_date: str) -> Who:
        reply = await self.ask(NOBODY, "POST", "/join/check", {"token": token, "birth_date": birth_date})
        assert reply.status == 200, reply.body
        return Who(_cookie(reply), PATIENT, {"ticket": reply.body["ticket"]["id"]})


def _cookie(reply: Reply) -> str:
    return reply.headers["Set-Cookie"].partition("=")[2].partition(";")[0]


@dataclass(frozen=True)
class Person:
    """A patient as booked."""

    name: str
    birth_date: str
    phone: str

    @property
    def booking(self) -> dict[str, object]:
        """As somebody new, however often: each ticket's patient is another."""
        said = {"name": self.name, "sex": "female", "birth_date": self.birth_date, "phone": self.phone}
        return {**said, "new": True}


MIN = Person("Zhao Min", "1957-03-14", "13800138001")
LEI = Person("Qian Lei", "1961-07-02", "13800138002")


@dataclass(frozen=True)
class Side:
    """A doctor with a patient in the room. ``doctor.owns`` holds session, ticket, patient, visit, device, alarm."""

    doctor: Who
    patient: Who
    token: str = field(repr=False)
    secret: str = field(repr=False)

    def __getitem__(self, kind: str) -> str:
        return self.doctor.owns[kind]


@dataclass
class Ward:
    hospital: Hospital
    operator: Who = NOBODY
    sides: dict[str, Side] = field(default_factory=dict)

    @property
    def a(self) -> Side:
        return self.sides["a"]

    @property
    def b(self) -> Side:
        return self.sides["b"]

    def caller(self, address: str = "127.0.0.1") -> Caller:
        return Caller(self.hospital.url, address)

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        return self.hospital.rows(query, *values)

    def record(self, *tables: str) -> dict[str, list[dict[str, Any]]]:
        """What is on record in these tables, whole: to prove that an attack changed nothing."""
        return {table: self.rows(f"SELECT * FROM {table}") for table in tables}  # noqa: S608 – our own names


async def people(directory: Path, title: str = "Clinic") -> None:
    """Two doctors with a session each and an operator, put into the database as the command line does."""
    settings = Settings(data=Data(directory=directory))
    opens = datetime.now(ZoneInfo("Asia/Shanghai")).replace(minute=0, second=0, microsecond=0)
    hours = tuple(f"{moment:%Y-%m-%dT%H:%M}" for moment in (opens, opens + timedelta(hours=6)))
    for login, name, phone in (("dr.a", "Lin Wei", "+8613800000001"), ("dr.b", "Gao Min", "+8613800000002")):
        await desk.add_user(settings, desk.StaffWish("doctor", login, name, PASSWORD, phone, "en"))
        await desk.add_session(settings, login, title, (hours[0], hours[1]))
    await desk.add_user(settings, desk.StaffWish("operator", "desk", "Chen Jing", PASSWORD, "+8613800000003", "en"))


async def open_ward(hospital: Hospital, title: str = "Clinic") -> Ward:
    """Open: staff signed in, nobody booked."""
    await people(hospital.data, title)
    await hospital.start()
    ward = Ward(hospital)
    async with ward.caller() as caller:
        ward.operator = await caller.sign_in("desk")
    return ward


async def open_busy_ward(hospital: Hospital) -> Ward:
    """Min is in the room with doctor a, Lei with doctor b; each wears a monitored oximeter with an open alarm."""
    ward = await open_ward(hospital)
    async with ward.caller() as caller:
        for key, person in (("a", MIN), ("b", LEI)):
            ward.sides[key] = await _visit(caller, ward, await caller.sign_in(f"dr.{key}"), person)
    return ward


async def _visit(caller: Caller, ward: Ward, doctor: Who, person: Person) -> Side:
    session = (await caller.take(doctor, "GET", "/sessions"))[0]["id"]
    await caller.take(doctor, "POST", f"/sessions/{session}/open")
    ticket = await book(caller, doctor, session, person)
    token = await token_of(caller, ward.operator, person.phone)
    patient = await caller.join(token, person.birth_date)
    await agree(caller, patient)
    visit = (await caller.take(doctor, "POST", f"/sessions/{session}/call-next"))["visit"]["id"]
    await caller.take(patient, "POST", "/ticket/answer")
    patient_id = ticket["patient"]["id"]
    device, secret = await put_on(caller, ward.operator, doctor, patient_id)
    await _break(ward, device, secret)
    alarm = (await until(lambda: ward.rows("SELECT id FROM alarms WHERE patient_id = ?", patient_id)))[0]["id"]
    owns = {"session": session, "ticket": ticket["id"], "patient": patient_id, "visit": visit, "alarm": alarm}
    owns |= {"device": device, "user": doctor.owns["user"]}
    return Side(Who(doctor.cookie, STAFF, owns), patient, token, secret)


async def _break(ward: Ward, device: str, secret: str) -> None:
    """It says that SpO2 is not a number: a technical alarm, at once."""
    oximeter = await Oximeter.on(ward.hospital.mqtt, device, secret)
    await oximeter.tells(message(1, reading(value=float("nan")), epoch="broken"))
    await oximeter.close()
    written = "SELECT id FROM devices WHERE id = ? AND first_received_at IS NOT NULL"
    await until(lambda: ward.rows(written, device), 30.0)  # by the second; after that its row is left alone


async def book(caller: Caller, doctor: Who, session: str, person: Person) -> dict[str, Any]:
    booked = await caller.take(doctor, "POST", f"/sessions/{session}/tickets", person.booking)
    ticket: dict[str, Any] = booked["ticket"]
    return ticket


async def agree(caller: Caller, patient: Who) -> None:
    notice = await caller.take(NOBODY, "GET", "/notice?locale=en")
    await caller.take(patient, "POST", "/ticket/consent", {key: notice[key] for key in ("version", "sha256", "locale")})


async def put_on(
    caller: Caller, operator: Who, doctor: Who, patient_id: str, profile: str | None = "adult-continuous"
) -> tuple[str, str]:
    """A new device, on the patient: id and secret."""
    wish = {"id": f"ox-{secrets.token_hex(4)}", "label": "Oximeter"}
    added = await caller.take(operator, "POST", "/devices", wish)
    await caller.take(doctor, "POST", f"/patients/{patient_id}/devices", {"device_id": wish["id"], "profile": profile})
    return wish["id"], added["secret"]


async def token_of(caller: Caller, operator: Who, phone: str) -> str:
    """Of the newest join link that was sent to this telephone."""
    for letter in await caller.take(operator, "GET", "/outbox"):
        if letter["address"].endswith(phone[-11:]) and "/join#" in letter["body"]:
            token: str = letter["body"].partition("/join#")[2].split()[0]
            return token
    raise AssertionError("no such letter")


async def until(seen: Callable[[], T], within_s: float = 20.0) -> T:
    """Ask ``seen`` until it gives something; fails after ``within_s``."""
    async with asyncio.timeout(within_s):
        while not (found := seen()):
            await asyncio.sleep(0.02)
        return found
