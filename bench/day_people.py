"""The people of a day at a real server: patients with their pages, doctors who press Next, an operator. They follow the
script of ``tests.replay``; what they do when is said in the day's time, what they measure in the machine's."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from bench.bare_page import ANSWER, EVENT
from bench.crowd import Page, Seat
from bench.day_hospital import BORN, OPERATOR, Api, Open
from server.visits.visit import Outcome
from tests.replay.script import ANSWERS, Sitting, Visiting

COOKIE: Final = "bedside-visit"
RING: Final = timedelta(seconds=45)
LOOK_AGAIN: Final = timedelta(seconds=60)  # a doctor whose console shows nothing new
NEVER: Final = datetime.max.replace(tzinfo=UTC)
BROKEN_OFF_S: Final = 20.0
HELPER_COMES: Final = timedelta(minutes=10)
OVERTIME: Final = timedelta(hours=2)
GONE: Final = {"completed", "no_show", "cancelled", "withdrawn"}


class Screen(Page):
    """A page that tells ``shown`` the new value of the only thing that its topic has."""

    def __init__(self, seat: Seat, shown: Callable[[Any], None]) -> None:
        super().__init__(seat)
        self._shown = shown

    def _hear(self, _begun: float, said: str) -> None:
        if said.startswith(ANSWER):
            [answer] = msgspec.json.decode(said[said.index("[") :])
            state = answer.get("state", {})
        elif said.startswith(f'{EVENT}["delta"'):
            state = msgspec.json.decode(said[len(EVENT) :])[1]["set"]
        else:
            return
        self._shown(state)


@dataclass
class Story:
    """What happened, by visit. Seconds are the machine's."""

    pressed_s: dict[str, float] = field(default_factory=dict)
    heard_s: dict[str, float] = field(default_factory=dict)
    answered: dict[str, asyncio.Event] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    joined: int = 0

    def seeing(self, visit_id: str) -> asyncio.Event:
        return self.answered.setdefault(visit_id, asyncio.Event())

    @property
    def late_ms(self) -> list[float]:
        """From the doctor's press to the patient's page, of those whose page was open."""
        return [(self.heard_s[each] - self.pressed_s[each]) * 1000 for each in self.heard_s if each in self.pressed_s]


@asynccontextmanager
async def _shown(of: Open, screen: Screen) -> AsyncIterator[asyncio.TaskGroup]:
    """The page is open for as long as the context lasts, and what is done on it is done before it closes."""
    async with asyncio.TaskGroup() as group:
        page = group.create_task(screen.stay("127.0.0.1", of.hospital.http))
        yield group
        page.cancel()


@dataclass
class Patient:
    """``ticket_id`` changes when the patient is sent on; link and sign-in stay."""

    of: Open
    story: Story
    script: Visiting
    ticket_id: str
    token: str
    notice: Mapping[str, str]
    rung: int = 0
    over: bool = False
    left: asyncio.Event = field(default_factory=asyncio.Event)  # the line: for good, or for another one
    calls: set[str] = field(default_factory=set)

    async def come(self) -> None:
        """To the end of the day, or of the ticket."""
        if self.script.arrives_at is None:
            return
        await self.of.day.until(self.script.arrives_at)
        if not await self._join():
            return
        for start, end in [*sorted(self.script.drops), (NEVER, NEVER)]:
            if start > self.of.day.now():
                await self._stay(start)
            if self.over:
                return
            await self.of.day.until(end)

    async def _join(self) -> bool:
        async with self.of.http.post("/api/v1/join/check", json={"token": self.token, "birth_date": BORN}) as reply:
            if reply.status != 200:
                self.story.refused[f"join {reply.status}"] += 1
                return False
            self.ticket_id = (await reply.json())["ticket"]["id"]
            self.api = Api(self.of.http, f"{COOKIE}={reply.cookies[COOKIE].value}")
        status, answer = await self.api.post("/ticket/consent", self.notice)
        assert status < 300, answer
        self.story.joined += 1
        return True

    async def _stay(self, until: datetime) -> None:
        """On the page until then, or until the ticket is over."""
        while not self.over:
            self.left.clear()
            screen = Screen(Seat(self.api.cookie, "patient", f"ticket:{self.ticket_id}"), self._see)
            async with _shown(self.of, screen) as self._group:
                left = await self.of.day.within(self.left, until)
            if not left:
                return
            if not self.over:
                self.ticket_id = (await self.api.get("/ticket"))["id"]

    def _see(self, state: Mapping[str, Any]) -> None:
        ticket = state.get("ticket")
        if not ticket:
            return
        if ticket["state"] in GONE | {"transferred"}:
            self.over = ticket["state"] in GONE
            self.left.set()
        elif ticket["state"] == "called" and ticket["visit"] and ticket["visit"]["id"] not in self.calls:
            visit_id = ticket["visit"]["id"]
            self.calls.add(visit_id)
            self.story.heard_s[visit_id] = time.monotonic()
            self._group.create_task(self._answer(visit_id))

    async def _answer(self, visit_id: str) -> None:
        self.rung += 1
        delay_s = self.script.answers[min(self.rung, ANSWERS) - 1]
        if delay_s is None:
            return
        await self.of.day.sleep(delay_s)
        status, _ = await self.api.post("/ticket/answer")
        if status == 200:
            self.story.seeing(visit_id).set()
        else:
            self.story.refused[f"answer {status}"] += 1


@dataclass
class Doctor:
    of: Open
    story: Story
    sitting: Sitting
    name: str
    patients: Mapping[str, Patient]  # by ticket, as booked
    seen: dict[str, int]  # how many visits of each ticket have been answered

    _called: Mapping[str, Any] | None = None

    async def work(self) -> None:
        self.api, self.session_id = self.of.by(self.name), self.of.sessions[self.sitting.id]
        self._stirred = asyncio.Event()
        owner = self.name == self.sitting.doctors[0]
        await self.of.day.until(self.sitting.comes_at + (timedelta() if owner else HELPER_COMES))
        if owner:
            status, answer = await self.api.post(f"/sessions/{self.session_id}/open")
            assert status < 300, answer
        seat = Seat(self.api.cookie, "staff", f"session:{self.session_id}")
        async with _shown(self.of, Screen(seat, lambda _state: self._stirred.set())):
            while await self._next():
                pass

    async def _next(self) -> bool:
        """Press the button; false when the day is over."""
        self._stirred.clear()
        pressed_s, now = time.monotonic(), self.of.day.now()
        status, answer = await self.api.post(f"/sessions/{self.session_id}/call-next")
        if status == 200:
            self.story.pressed_s[answer["visit"]["id"]] = pressed_s
            self._called = answer["visit"]
            await self._see(answer["visit"])
            return True
        busy = answer["type"].endswith("already-in-visit")
        if now > self.sitting.closes_at + (OVERTIME if busy else timedelta()):
            await self._go_home()
            return False
        if busy and self._called:  # it rings still, or was answered at the last moment
            await self._see(self._called)
        else:
            await self.of.day.within(self._stirred, now + LOOK_AGAIN)
        return True

    async def _go_home(self) -> None:
        """Whoever is called just now is told so."""
        if self._called:
            await self.api.post(f"/visits/{self._called['id']}/end", {"outcome": Outcome.DOCTOR_ABSENT.value})

    async def _see(self, visit: Mapping[str, Any]) -> None:
        answered = self.story.seeing(visit["id"])
        if not await self.of.day.within(answered, self.of.day.now() + RING):
            return  # the server ends the ring
        self._called = None
        patient = self._patient(visit["ticket_id"])
        times = self.seen[patient.token] = self.seen.get(patient.token, 0) + 1
        endings = patient.script.endings
        outcome = endings[min(times, len(endings)) - 1]
        await self.of.day.sleep(patient.script.visit_s if outcome is Outcome.COMPLETED else BROKEN_OFF_S)
        status, answer = await self.api.post(f"/visits/{visit['id']}/end", {"outcome": outcome.value})
        if status >= 300:
            self.story.refused[f"end {answer['type']}"] += 1

    def _patient(self, ticket_id: str) -> Patient:
        found = self.patients.get(ticket_id)
        return found or next(each for each in self.patients.values() if each.ticket_id == ticket_id)


@dataclass(frozen=True)
class Desk:
    """Does with one patient what the script has besides."""

    of: Open
    story: Story
    sittings: Mapping[str, Sitting]

    async def pauses(self, sitting: Sitting) -> None:
        api, path = self.of.by(sitting.doctors[0]), f"/sessions/{self.of.sessions[sitting.id]}"
        for start, end in sitting.pauses:
            if start > sitting.comes_at:
                await self._at(start, api, f"{path}/suspend", {"message": "an emergency"})
                await self._at(end, api, f"{path}/resume")

    async def oddities(self, sitting: Sitting, patient: Patient) -> None:
        api, script, path = self.of.by(OPERATOR), patient.script, f"/tickets/{patient.ticket_id}"
        if script.cancels_at:
            await self._at(script.cancels_at, api, f"{path}/cancel", {"cause": "by_patient"})
        if script.urgent_at:
            await self._at(script.urgent_at, api, f"{path}/urgency", {"urgency": 0, "reason": "chest pain"})
        if script.held:
            await self._at(script.held[0], api, f"{path}/hold")
            await self._at(script.held[1], api, f"{path}/unhold")
        if script.moves_at:
            target = self.of.sessions[sitting.sends_to]
            sending = {"session_id": target, "reason": "a colleague knows more", "even_if_full": True}
            await self._at(script.moves_at, api, f"{path}/transfer", sending)

    async def _at(self, when: datetime, api: Api, path: str, body: Mapping[str, object] | None = None) -> None:
        await self.of.day.until(when)
        status, _ = await api.post(path, body)
        if status >= 300:
            self.story.refused[f"{path.rpartition('/')[2]} {status}"] += 1
