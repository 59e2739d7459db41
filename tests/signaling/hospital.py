"""A small hospital around a real hub: people with cookies, rooms, topics, and browsers that come over a real socket."""

import asyncio
import socket as sockets
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import aiohttp
import socketio
from aiohttp import web

from signaling.admission import Lane
from signaling.hub import Handshake, Hub, HubLimits
from signaling.ice import IceServers
from signaling.messages import Audience, Seat

VISIT = "a" * 32
OTHER_VISIT = "b" * 32
VISIT_TOPIC = f"visit:{VISIT}"
OTHER_TOPIC = f"visit:{OTHER_VISIT}"
DOCTOR, PATIENT, STRANGER = "doctor-cookie", "patient-cookie", "stranger-cookie"


@dataclass(frozen=True)
class Person:
    key: str


class People:
    """The doctor and the patient of a visit, and a stranger with a visit of their own."""

    def __init__(self) -> None:
        self.signed_in = {DOCTOR: "user:d", PATIENT: "ticket:p", STRANGER: "user:s"}
        self.seats = {
            ("user:d", VISIT): Seat.DOCTOR,
            ("ticket:p", VISIT): Seat.PATIENT,
            ("user:s", OTHER_VISIT): Seat.DOCTOR,
        }
        self.topics = {
            "user:d": {VISIT_TOPIC, "outbox"},
            "ticket:p": {f"ticket:{VISIT}", VISIT_TOPIC},
            "user:s": {OTHER_TOPIC},
        }
        self.broken = False
        self.asked = 0
        self.gate = asyncio.Event()  # while it is not set, nobody but ``let_pass`` is told who they are
        self.gate.set()
        self.let_pass: set[str] = set()
        self.at_the_gate: list[str] = []
        self.most_at_once = 0

    async def principal(self, handshake: Handshake) -> Person | None:
        if self.broken:
            raise ConnectionError
        cookie = {Audience.STAFF: "bedside", Audience.PATIENT: "bedside-visit"}[handshake.as_]
        token = handshake.cookies.get(cookie, "")
        if token not in self.let_pass:
            await self._pass_the_gate(token)
        key = self.signed_in.get(token)
        return None if key is None else Person(key)

    async def _pass_the_gate(self, token: str) -> None:
        self.at_the_gate.append(token)
        self.most_at_once = max(self.most_at_once, len(self.at_the_gate))
        await self.gate.wait()
        self.at_the_gate.remove(token)

    async def may_subscribe(self, principal: Person, topic: str) -> bool:
        return topic in self.topics[principal.key]

    async def seat(self, principal: Person, room: str) -> Seat | None:
        self.asked += 1
        await asyncio.sleep(0.002 * (self.asked % 2))  # so that one answer could overtake another
        return self.seats.get((principal.key, room))


class Records:
    """The store: what a topic is, how often it was read."""

    def __init__(self) -> None:
        self.state: dict[str, dict[str, object]] = defaultdict(dict)
        self.reads = 0
        self.failing = False
        self.gate = asyncio.Event()  # while it is not set, no reading ends
        self.gate.set()

    async def snapshot(self, topic: str) -> Mapping[str, object]:
        self.reads += 1
        state = dict(self.state[topic])
        await asyncio.sleep(0.002)  # so that a change may come between reading and answering
        await self.gate.wait()
        if self.failing:
            raise ConnectionError
        return state


class Approach:
    """Staff have a lane of their own, by their cookie; who comes from where is what they say in a header."""

    def lane(self, request: web.BaseRequest) -> Lane:
        return Lane.STAFF if "bedside" in request.cookies else Lane.EVERYBODY

    def caller(self, request: web.BaseRequest) -> str:
        return request.headers.get("X-From", "")

    def is_own(self, request: web.BaseRequest) -> bool:
        return request.headers.get("Origin") in {None, f"http://{request.host}", "https://visit.hospital.example"}


@dataclass
class Hospital:
    hub: Hub[Person]
    people: People
    records: Records
    url: str
    present: list[tuple[str, bool]] = field(default_factory=list)
    sight: list[bool] = field(default_factory=lambda: [True])  # its last entry: do readings and alarms come through

    async def write(self, topic: str, state: Mapping[str, object]) -> None:
        self.records.state[topic] = dict(state)
        await self.hub.refresh(topic)


@asynccontextmanager
async def hospital(limits: HubLimits | None = None, *, ice: IceServers | None = None) -> AsyncIterator[Hospital]:
    people, records, present, sight = People(), Records(), list[tuple[str, bool]](), [True]

    async def presence(news: Mapping[str, bool]) -> None:
        present.extend(news.items())

    hub = Hub(
        people,
        records,
        ice=ice or IceServers(),
        limits=limits or HubLimits(),
        presence=presence,
        approach=Approach(),
        sees=lambda: sight[-1],
    )
    app = web.Application()
    hub.attach(app)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    listening = sockets.create_server(("127.0.0.1", 0))
    listening.setsockopt(sockets.SOL_SOCKET, sockets.SO_SNDBUF, 4096)  # a slow page is noticed early
    await web.SockSite(runner, listening).start()
    run = asyncio.get_running_loop().create_task(hub.run())
    try:
        yield Hospital(hub, people, records, f"http://127.0.0.1:{listening.getsockname()[1]}", present, sight)
        assert not run.done(), run
    finally:
        run.cancel()
        with suppress(asyncio.CancelledError):
            await run
        await hub.close()
        await runner.cleanup()


class Page:
    """A browser's page: what it was told, in order, and the topics as it would show them."""

    def __init__(self, place: Hospital, cookie: str, audience: Audience) -> None:
        self._url, self._cookie, self._audience = place.url, cookie, audience
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.topics: dict[str, dict[str, Any]] = {}
        self.event_ids: dict[str, str] = {}
        self.io = socketio.AsyncClient(reconnection=False)
        self.io.on("*", self._hear)

    async def open(self, transports: tuple[str, ...] = ("websocket",), **headers: str) -> Self:
        name = "bedside" if self._audience is Audience.STAFF else "bedside-visit"
        await self.io.connect(
            self._url,
            headers={"Cookie": f"{name}={self._cookie}", **headers},
            auth={"as": self._audience.value},
            socketio_path="live",
            transports=list(transports),
        )
        return self

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.io.disconnect()
        await self.io.shutdown()

    async def ask(self, event: str, **fields: object) -> dict[str, Any]:
        reply: dict[str, Any] = await self.io.call(event, fields, timeout=5)
        return reply

    async def watch(self, topic: str, last_event_id: str | None = None) -> dict[str, Any]:
        known = {} if last_event_id is None else {"last_event_id": last_event_id}
        reply = await self.ask("subscribe", topic=topic, **known)
        if "state" in reply:
            self.topics[topic] = reply["state"]
        for delta in reply.get("deltas", ()):
            self._apply(topic, delta)
        if reply["ok"]:
            self.event_ids[topic] = reply["event_id"]
        return reply

    def heard(self, event: str) -> list[dict[str, Any]]:
        return [data for name, data in self.told if name == event]

    async def hears(self, event: str, times: int = 1, within_s: float = 20) -> dict[str, Any]:
        await until(lambda: len(self.heard(event)) >= times, within_s)
        return self.heard(event)[times - 1]

    async def _hear(self, event: str, data: dict[str, Any]) -> None:
        self.told.append((event, data))
        if event == "delta":
            self._apply(data["topic"], data)
            self.event_ids[data["topic"]] = data["event_id"]

    def _apply(self, topic: str, delta: dict[str, Any]) -> None:
        self.topics[topic].update(delta["set"])
        for key in delta["drop"]:
            del self.topics[topic][key]


def doctor(place: Hospital) -> Page:
    return Page(place, DOCTOR, Audience.STAFF)


def patient(place: Hospital) -> Page:
    return Page(place, PATIENT, Audience.PATIENT)


def stranger(place: Hospital) -> Page:
    return Page(place, STRANGER, Audience.STAFF)


class RawPage:
    """A WebSocket without a library above it, for what a library would not do. ``answer``: to its hello."""

    def __init__(
        self, place: Hospital, cookie: str = DOCTOR, hello: str = '{"as":"staff"}', name: str = "bedside"
    ) -> None:
        self._url, self._cookie, self._hello, self._name = place.url, cookie, hello, name

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(socket_factory=_small_socket),
            headers={"Cookie": f"{self._name}={self._cookie}"},
        )
        self.socket = await self._session.ws_connect(f"{self._url}/live/?EIO=4&transport=websocket", compress=15)
        await self.socket.receive_str()
        await self.socket.send_str(f"40{self._hello}")
        self.answer = await self.socket.receive_str()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    @property
    def transport(self) -> asyncio.Transport:
        transport: asyncio.Transport = self.socket._response.connection.transport  # type: ignore[union-attr,assignment]
        return transport


def _small_socket(address: tuple[Any, ...]) -> sockets.socket:
    made = sockets.socket(address[0], address[1], address[2])
    made.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    return made


async def until(true: Callable[[], bool], within_s: float = 20) -> None:
    async with asyncio.timeout(within_s):
        while not true():
            await asyncio.sleep(0.005)
