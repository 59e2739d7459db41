"""Waiting pages without browsers: what a patient's page says and when, over the barest connections."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Self

import sqlalchemy as sa

from bench.bare_page import ANSWER, EVENT, BarePage, hello_of, request_of
from server.access.roles import Role
from server.access.sign_ins import hash_token, new_token
from server.access.users import UserWish
from server.clinic.session import Hours
from server.ids import new_id
from server.keys import link_key
from server.services import Services, build_services
from server.settings import Data, Settings
from server.store import tables
from server.store.engine import Store, open_store
from server.surroundings import house_of, nobody
from tests.e2e.hospital import Hospital
from tests.e2e.people import PASSWORD

FIRST_PAUSE_S, LONGEST_PAUSE_S, SPREAD = 0.4, 5.0, 0.6  # web/src/shared/live/live.ts: its back-off,
PATIENCE_S = {"staff": 5.0, "patient": 20.0}  # and how long it waits for a connection


@dataclass(frozen=True)
class Seat:
    """Who opens a page: the cookie of a sign-in, and the topic that the page shows."""

    cookie: str
    audience: str
    topic: str


@dataclass(eq=False)
class Page:
    """One who waits. ``seen_at`` is when its topic last changed; ``back_after_s`` how long it took to be shown."""

    seat: Seat
    tries: int = 0
    back_after_s: float | None = None
    seen_at: float = 0.0
    turned_away: Counter[str] = field(default_factory=Counter)  # by what it was told

    async def stay(self, host: str, port: int) -> None:
        """Connect, with a browser's back-off, and stay until cancelled."""
        begun, loop = time.perf_counter(), asyncio.get_running_loop()
        request = request_of(f"{host}:{port}", self.seat.cookie)
        words = hello_of(self.seat.audience), f'{{"topic":"{self.seat.topic}"}}', partial(self._hear, begun)
        while True:
            with suppress(OSError):
                transport, page = await loop.create_connection(lambda: BarePage(request, *words), host, port)
                try:
                    await self._wait(page)
                finally:
                    transport.close()
            pause = min(FIRST_PAUSE_S * 2**self.tries, LONGEST_PAUSE_S)
            self.tries += 1
            await asyncio.sleep(pause * random.uniform(1 - SPREAD, 1 + SPREAD))  # noqa: S311 – jitter

    async def _wait(self, page: BarePage) -> None:
        """Until it is gone, or has not been let in for as long as a browser has patience."""
        try:
            async with asyncio.timeout(PATIENCE_S[self.seat.audience]) as patience:
                page.entered = partial(patience.reschedule, None)
                self.turned_away[await page.gone] += 1  # the real page asks why, and comes back
        except TimeoutError:
            self.turned_away["not let in"] += 1

    def _hear(self, begun: float, said: str) -> None:
        if said.startswith(ANSWER):
            assert '"ok":true' in said, said
            self.back_after_s = self.back_after_s or time.perf_counter() - begun
        elif said.startswith(f'{EVENT}["delta"'):
            self.seen_at = time.perf_counter()


@dataclass(frozen=True)
class Line:
    """A session of today, its doctor's cookie, and those who have arrived in it."""

    session_id: str
    ticket_ids: tuple[str, ...]
    pages: tuple[Seat, ...]


@dataclass(frozen=True)
class Clinic:
    staff: tuple[Seat, ...]
    lines: tuple[Line, ...]

    @property
    def patients(self) -> list[Seat]:
        return [seat for line in self.lines for seat in line.pages]


async def fill(hospital: Hospital, doctors: int, lines: int, waiting: int) -> Clinic:
    """Before the server starts: ``lines`` sessions in which ``waiting`` patients each have arrived, signed in.

    And an operator, who signs in as "desk".
    """
    settings = Settings(data=Data(directory=hospital.data))
    store = await open_store(settings.data.database_url)
    try:
        house = house_of(settings, "http://localhost", link_key(hospital.data))
        services = build_services(settings, store, house, nobody(partial(datetime.now, UTC)))
        await _user(services, Role.OPERATOR, "desk")
        ids = [await _user(services, Role.DOCTOR, f"dr.{number}") for number in range(doctors)]
        filled = [await _line(store, services, ids[n % len(ids)], waiting) for n in range(lines)]
        staff = [await _doctor(store, doctor, filled[n]) for n, doctor in enumerate(ids)]
    finally:
        await store.close()
    return Clinic(tuple(staff), tuple(filled))


async def _user(services: Services, role: Role, login: str) -> str:
    wish = UserWish(login=login, name=login, role=role, password=PASSWORD, phone="")
    return (await services.users.create(wish, "system", datetime.now(UTC))).id


async def _line(store: Store, services: Services, doctor_id: str, waiting: int) -> Line:
    now = datetime.now(UTC)
    session_id = await services.consulting.clinic.create_session(
        Hours(doctor_id, "Crowd", now, now + timedelta(hours=6)), "system", now
    )
    patient, tickets, tokens = new_id(), [new_id() for _ in range(waiting)], [new_token() for _ in range(waiting)]
    async with store.write(lambda connection: connection) as connection:
        who = {"id": patient, "name": "Somebody", "sex": "female", "birth_date": datetime(1957, 3, 14).date()}  # noqa: DTZ001
        more = {"phone": "+8613800138000", "locale": "zh-CN", "created_at": now, "created_by": "system"}
        await connection.execute(sa.insert(tables.patients), [{**who, **more}])
        whose = {"session_id": session_id, "patient_id": patient}
        rows = [{**_ticket(id_, serial, now), **whose} for serial, id_ in enumerate(tickets, start=1)]
        await connection.execute(sa.insert(tables.tickets), rows)
        await connection.execute(
            sa.insert(tables.sign_ins),
            [_sign_in(t, now, ticket_id=id_) for t, id_ in zip(tokens, tickets, strict=True)],
        )
        opened = sa.update(tables.sessions).where(tables.sessions.c.id == session_id)
        await connection.execute(opened.values(state="open", last_serial=waiting))
    pages = tuple(
        Seat(f"bedside-visit={token}", "patient", f"ticket:{id_}") for token, id_ in zip(tokens, tickets, strict=True)
    )
    return Line(session_id, tuple(tickets), pages)


def _ticket(ticket_id: str, serial: int, now: datetime) -> dict[str, object]:
    of = {"id": ticket_id, "serial": serial, "place": serial * 1000}
    return {**of, "state": "arrived", "missed": 0, "booked_at": now, "booked_by": "system", "arrived_at": now}


def _sign_in(token: str, now: datetime, **whose: str) -> dict[str, object]:
    moments = {"created_at": now, "seen_at": now, "expires_at": now + timedelta(hours=12)}
    return {"id": new_id(), "token_hash": hash_token(token), "user_id": None, "ticket_id": None, **whose, **moments}


async def _doctor(store: Store, doctor_id: str, line: Line) -> Seat:
    token, now = new_token(), datetime.now(UTC)
    async with store.write(lambda connection: connection) as connection:
        await connection.execute(sa.insert(tables.sign_ins), [_sign_in(token, now, user_id=doctor_id)])
    return Seat(f"bedside={token}", "staff", f"session:{line.session_id}")


class Crowd:
    """Pages that are open for as long as the context lasts."""

    def __init__(self, hospital: Hospital, seats: list[Seat]) -> None:
        self._hospital = hospital
        self.pages = [Page(seat) for seat in seats]

    async def __aenter__(self) -> Self:
        self._group = asyncio.TaskGroup()
        await self._group.__aenter__()
        self._tasks = [self._group.create_task(page.stay("127.0.0.1", self._hospital.http)) for page in self.pages]
        return self

    @property
    def turned_away(self) -> Counter[str]:
        """Why pages had to come again, by what they were told."""
        return sum((page.turned_away for page in self.pages), Counter[str]())

    async def all_here(self, within_s: float) -> None:
        async with asyncio.timeout(within_s):
            while any(page.back_after_s is None for page in self.pages):  # noqa: ASYNC110 – thousands of events
                await asyncio.sleep(0.05)

    async def see_a_change(self, change: Callable[[], Awaitable[None]], within_s: float = 10) -> list[float]:
        """Milliseconds from just before ``change`` until each page has heard of it."""
        begun = time.perf_counter()
        await change()
        async with asyncio.timeout(within_s):
            while any(page.seen_at < begun for page in self.pages):  # noqa: ASYNC110 – thousands of events
                await asyncio.sleep(0.005)
        return [(page.seen_at - begun) * 1000 for page in self.pages]

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await self._group.__aexit__(None, None, None)
