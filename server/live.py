"""Between the hub and the services: whose socket it is, what it may watch, where it sits, what a topic shows.

The role × action table is asked here as over HTTP; whose object it is, the services decide.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from server.access.limits import caller
from server.access.principal import Principal
from server.access.roles import Action, Role
from server.api.cookies import token_in
from server.api.edge import Edge
from server.api.framework import Audience
from server.services import Services
from signaling.admission import Lane
from signaling.hub import Handshake
from signaling.messages import Seat

TOPIC_ACTIONS: Mapping[str, Action] = {
    "session": Action.LINE_RUN,
    "line": Action.LINE_READ,
    "desk": Action.DESK_READ,
    "ticket": Action.TICKET_OWN,
    "visit": Action.VISIT_READ,
    "patient": Action.READINGS_READ,
    "wave": Action.READINGS_READ,
    "alarms": Action.ALARM_READ,
    "unattended": Action.UNATTENDED_READ,
    "outbox": Action.OUTBOX_READ,
    "device": Action.DEVICE_READ,
    "devices": Action.DEVICE_READ,
}


@dataclass(frozen=True, slots=True)
class Visitor:
    """A principal as the hub knows it: by a key under which it can be revoked."""

    who: Principal

    @property
    def key(self) -> str:
        return self.who.actor


def lane_of(cookies: Mapping[str, str]) -> Lane:
    """A staff cookie, whatever it is worth, comes in by the staff's lane: patients' pages are never before a doctor."""
    staff = any(token_in(cookies, Audience.STAFF, secure=secure) for secure in (True, False))
    return Lane.STAFF if staff else Lane.EVERYBODY


class PageApproach:
    """Implements signaling.sockets.Approach."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    def lane(self, request: web.BaseRequest) -> Lane:
        return lane_of(request.cookies)

    def caller(self, request: web.BaseRequest) -> str:
        return caller(self._edge.address(request))

    def is_own(self, request: web.BaseRequest) -> bool:
        return self._edge.is_own(request)


class LiveDoor:
    """Implements signaling.hub.Authenticator."""

    def __init__(self, services: Services, clock: Callable[[], datetime]) -> None:
        self._services = services
        self._clock = clock

    async def principal(self, handshake: Handshake) -> Visitor | None:
        """Only the cookie of the side that the page says it is; either spelling, for HTTPS and for this machine."""
        audience = Audience(handshake.as_.value)
        token = token_in(handshake.cookies, audience, secure=True) or token_in(
            handshake.cookies, audience, secure=False
        )
        who = await self._services.sign_ins.authenticate(token, self._clock()) if token else None
        if who is None or (who.role is Role.PATIENT) is not (audience is Audience.PATIENT):
            return None
        return Visitor(who)

    async def may_subscribe(self, principal: Visitor, topic: str) -> bool:
        kind, _, subject = topic.partition(":")
        action, who = TOPIC_ACTIONS.get(kind), principal.who
        if action is None or not who.may(action):
            return False
        match kind:
            case "patient" | "wave":
                return await self._services.monitoring_reader.may_see(who, subject)
            case "alarms" | "unattended":
                return subject == who.id
            case "outbox" | "desk" | "devices":
                return not subject
            case "device":
                return await self._services.registering.device_reader.knows(subject)
            case _:
                return await self._services.consulting.clinic_topics.may_subscribe(who, topic)

    async def seat(self, principal: Visitor, room: str) -> Seat | None:
        if not principal.who.may(Action.ROOM_JOIN):
            return None
        side = await self._services.consulting.visit_reader.seat(principal.who, room)
        return Seat(side.value) if side else None


class LiveTopics:
    """Implements signaling.fanout.Topics: the whole state of a topic, read from the store."""

    def __init__(self, services: Services, clock: Callable[[], datetime]) -> None:
        self._services = services
        self._clock = clock

    async def snapshot(self, topic: str) -> Mapping[str, object]:
        kind, _, subject = topic.partition(":")
        services = self._services
        match kind:
            case "patient" | "wave":
                return await self._of_a_patient(kind, subject)
            case "alarms" | "unattended":
                return await self._of_a_person(kind, subject)
            case "desk":
                return await services.consulting.today.snapshot(self._clock())
            case "outbox":
                return await services.messaging.doors.outbox.topic()
            case "device" | "devices":
                return await services.registering.device_reader.topic(subject)
            case _:
                return await services.consulting.clinic_topics.snapshot(topic)

    async def _of_a_patient(self, kind: str, patient_id: str) -> Mapping[str, object]:
        if kind == "wave":
            return await self._services.waves.topic(patient_id, self._clock())
        return await self._services.monitoring_reader.patient_topic(patient_id, self._clock())

    async def _of_a_person(self, kind: str, user_id: str) -> Mapping[str, object]:
        if kind == "alarms":
            return await self._services.monitoring_reader.alarms_topic(user_id, self._clock())
        return await self._services.handover.topic(user_id)


class Gathered:
    """Many changes told together: the first at once, those of the next ``every_s`` after it in one.

    Once in ``at_least_s`` it tells without a change: a new day begins, and a command line writes beside the server.
    """

    def __init__(self, tell: Callable[[], Awaitable[None]], *, every_s: float, at_least_s: float) -> None:
        self._tell = tell
        self._every_s, self._at_least_s = every_s, at_least_s
        self._changed = asyncio.Event()

    def changed(self) -> None:
        self._changed.set()

    async def run(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), self._at_least_s)
            self._changed.clear()
            await self._tell()
            await asyncio.sleep(self._every_s)


class Presence:
    """Which patients have their page open on this server. A place in the line does not depend on it."""

    def __init__(self, changed: Callable[[Collection[str]], Awaitable[None]]) -> None:
        self._here: set[str] = set()
        self._changed = changed

    def online(self, ticket_id: str) -> bool:
        return ticket_id in self._here

    async def told(self, news: Mapping[str, bool]) -> None:
        """From the hub: first sockets of patients came, or last ones went."""
        tickets = {key.removeprefix("ticket:"): here for key, here in news.items()}
        self._here.update(ticket_id for ticket_id, here in tickets.items() if here)
        self._here.difference_update(ticket_id for ticket_id, here in tickets.items() if not here)
        await self._changed(tickets)
