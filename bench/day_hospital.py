"""A real server on a fast clock, and in it the day's sessions: made before it starts, booked over HTTP once it runs."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import aiohttp
import sqlalchemy as sa

from bench.day_clock import Day
from server.access.links import link_token
from server.access.sign_ins import hash_token, new_token
from server.clinic.session import Hours
from server.ids import new_id
from server.keys import link_key
from server.services import Services, build_services
from server.settings import Data, Settings
from server.store import tables
from server.store.engine import Store, open_store
from server.surroundings import house_of, nobody
from tests.children import ROOT
from tests.e2e.hospital import Hospital
from tests.replay.script import OPENS, Sitting

NIGHT: Final = OPENS[0] - timedelta(hours=4)  # when the server is started and everything booked
MINUTES: Final = 4  # planned for each visit
BORN: Final = "1957-03-14"
OPERATOR: Final = "operator"
AT_ONCE: Final = 8
STARTING_S: Final = 900.0
NO_BUDGET: Final = {
    f"BUDGETS__{name}": "1000000" for name in ("DAY", "PHONE", "PREFIX", "ADDRESS")
}  # one network, one day


class FastHospital(Hospital):
    """Started on the clock in ``clock.json``."""

    async def start(self, *_words: str) -> None:
        with (self.data / "server.log").open("ab") as log:
            self.process = subprocess.Popen(  # noqa: ASYNC220 – it starts at once and is waited for below
                [sys.executable, "-m", "bench.day_clock", str(self.data / "clock.json")],
                env=self.environment, cwd=ROOT, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        async with asyncio.timeout(STARTING_S):
            while not await asyncio.to_thread(self.is_ready):
                assert self.process.poll() is None, self.log()[-3000:]
                await asyncio.sleep(0.2)


@dataclass(frozen=True)
class Api:
    """The HTTP API, for whoever shows the ``cookie``."""

    http: aiohttp.ClientSession
    cookie: str = ""

    async def post(self, path: str, body: Mapping[str, object] | None = None) -> tuple[int, Any]:
        async with self.http.post(f"/api/v1{path}", json=body, headers={"Cookie": self.cookie}) as reply:
            return reply.status, await reply.json(content_type=None) if reply.content_length else None

    async def get(self, path: str) -> Any:  # noqa: ANN401 – JSON
        async with self.http.get(f"/api/v1{path}", headers={"Cookie": self.cookie}) as reply:
            assert reply.status == 200, await reply.text()
            return await reply.json()


@dataclass(frozen=True)
class Open:
    """A running hospital. ``cookies`` by doctor, and of the operator; ``sessions`` by sitting."""

    hospital: FastHospital
    day: Day
    http: aiohttp.ClientSession
    cookies: Mapping[str, str]
    sessions: Mapping[str, str]

    def by(self, who: str) -> Api:
        return Api(self.http, self.cookies[who])


@asynccontextmanager
async def opened(sittings: Sequence[Sitting]) -> AsyncIterator[Open]:
    with TemporaryDirectory(prefix="bedside-bench-") as name:
        hospital = FastHospital(Path(name, "hospital"), NO_BUDGET)
        day = Day(hospital.data / "clock.json", NIGHT)
        cookies, sessions = await _make(hospital, sittings)
        await hospital.start()
        assert isinstance(hospital.process, subprocess.Popen)
        day.pid = hospital.process.pid
        every = aiohttp.TCPConnector(limit=0)
        jar, wait = aiohttp.DummyCookieJar(), aiohttp.ClientTimeout(total=120)
        try:
            async with aiohttp.ClientSession(hospital.url, connector=every, cookie_jar=jar, timeout=wait) as http:
                yield Open(hospital, day, http, cookies, sessions)
        finally:
            await hospital.stop()


async def book_all(of: Open, sittings: Sequence[Sitting]) -> Mapping[str, tuple[str, str]]:
    """Over HTTP, in the order of the numbers: ticket and link of each patient, by sitting and number."""
    turnstile, desk = asyncio.Semaphore(AT_ONCE), of.by(OPERATOR)
    tickets: dict[str, str] = {}

    async def book(sitting: Sitting) -> None:
        async with turnstile:
            for patient in sitting.patients:
                number = len(tickets)
                who = {"name": f"Patient {number}", "sex": "female", "birth_date": BORN}
                who["phone"] = f"+86138{number:08d}"
                tickets[name := f"{sitting.id}.{patient.serial}"] = ""
                status, booked = await desk.post(f"/sessions/{of.sessions[sitting.id]}/tickets", who)
                assert status == 201, booked
                assert booked["ticket"]["serial"] == patient.serial
                tickets[name] = booked["ticket"]["id"]

    await asyncio.gather(*map(book, sittings))
    key = link_key(of.hospital.data)
    links = {row["ticket_id"]: row["id"] for row in of.hospital.rows("SELECT id, ticket_id FROM join_links")}
    return {name: (ticket_id, link_token(key, links[ticket_id])) for name, ticket_id in tickets.items()}


async def _make(hospital: Hospital, sittings: Sequence[Sitting]) -> tuple[dict[str, str], dict[str, str]]:
    """Cookies and sessions."""
    settings = Settings(data=Data(directory=hospital.data))
    store = await open_store(settings.data.database_url)
    try:
        house = house_of(settings, "http://localhost", link_key(hospital.data))
        services = build_services(settings, store, house, nobody(partial(datetime.now, UTC)))
        doctors = [doctor for sitting in sittings for doctor in sitting.doctors]
        cookies = {who: await _hire(store, who, "doctor") for who in doctors}
        cookies[OPERATOR] = await _hire(store, OPERATOR, "operator")
        return cookies, {sitting.id: await _session(store, services, sitting) for sitting in sittings}
    finally:
        await store.close()


async def _hire(store: Store, who: str, role: str) -> str:
    """Somebody who has signed in."""
    token = new_token()
    moments = {"created_at": NIGHT, "seen_at": NIGHT, "expires_at": NIGHT + timedelta(hours=24)}
    user = {"id": who, "login": who, "name": who, "role": role, "password_hash": "-", "locale": "en"}
    sign_in = {"id": new_id(), "token_hash": hash_token(token), "user_id": who, **moments}
    async with store.write(lambda connection: connection) as connection:
        await connection.execute(sa.insert(tables.users).values({**user, "created_at": NIGHT}))
        await connection.execute(sa.insert(tables.sign_ins).values(sign_in))
    return f"bedside={token}"


async def _session(store: Store, services: Services, sitting: Sitting) -> str:
    hours = Hours(sitting.doctors[0], sitting.id, sitting.opens_at, sitting.closes_at)
    session_id = await services.consulting.clinic.create_session(hours, "system", NIGHT)
    offered = {"kinds": [["advice", MINUTES]], "capacity": 2 * len(sitting.patients)}
    async with store.write(lambda connection: connection) as connection:
        session = sa.update(tables.sessions).where(tables.sessions.c.id == session_id)
        await connection.execute(session.values(offered))
        for doctor in sitting.doctors[1:]:
            joined: dict[str, str | datetime] = {"session_id": session_id, "user_id": doctor, "joined_at": NIGHT}
            await connection.execute(sa.insert(tables.session_doctors).values(joined))
    return session_id
