"""Who wears which device, trends and alarms, for staff."""

from dataclasses import dataclass
from typing import Annotated, Final

import msgspec

from devices.metrics import METRICS
from devices.rules import Priority
from server.access.roles import Action
from server.api.errors import INVALID, NOT_FOUND, ProblemKind, Problems
from server.api.framework import Body, Call, Route
from server.monitoring import errors
from server.monitoring.associations import Associations, Wish
from server.monitoring.reader import MonitoringReader, Trend
from server.monitoring.service import Alarms
from server.monitoring.views import AlarmView, DeviceView, ReadingsView

problems: Final[Problems] = {
    errors.NotFound: NOT_FOUND,
    errors.DeviceWorn: ProblemKind(409, "device-worn", "The device is worn", ("field",)),
    errors.ProfileNotApplicable: ProblemKind(
        422, "profile-not-applicable", "These limits do not apply", ("field", "reason")
    ),
    errors.NobodyResponsible: ProblemKind(409, "nobody-responsible", "No doctor answers for the patient"),
    errors.UnknownMetric: INVALID,
    errors.AlarmWorsened: ProblemKind(409, "alarm-worsened", "The alarm is worse now"),
    errors.AlarmClosed: ProblemKind(409, "alarm-closed", "The alarm is resolved"),
}


class NewAssociation(Body, frozen=True):
    """``profile`` null: worn without limits. ``subject``: how the device names this patient."""

    device_id: Annotated[str, msgspec.Meta(max_length=64)]
    profile: Annotated[str, msgspec.Meta(max_length=32)] | None = None
    subject: Annotated[str, msgspec.Meta(max_length=160)] | None = None


class Acknowledgement(Body, frozen=True):
    """What the person saw; without ``round`` the answer is bound to the priority alone."""

    priority: Priority
    round: int | None = None


class TrendQuery(Body, frozen=True):
    """``metrics`` by name, separated by commas; ``minutes`` back from now, six hours at most."""

    metrics: Annotated[str, msgspec.Meta(max_length=400)]
    minutes: Annotated[int, msgspec.Meta(ge=1, le=360)] = 30


@dataclass(frozen=True, slots=True)
class Monitoring:
    """The services behind these routes."""

    associations: Associations
    alarms: Alarms
    reader: MonitoringReader


def routes(monitoring: Monitoring) -> list[Route]:
    handlers = _Handlers(monitoring)
    return [
        Route(
            method="GET",
            path="/patients/{id}/readings",
            handler=handlers.readings,
            action=Action.READINGS_READ,
            query=TrendQuery,
            reply=ReadingsView,
        ),
        Route(
            method="GET",
            path="/patients/{id}/alarms",
            handler=handlers.alarms,
            action=Action.ALARM_READ,
            reply=list[AlarmView],
        ),
        Route(
            method="POST",
            path="/alarms/{id}/acknowledge",
            handler=handlers.acknowledge,
            action=Action.ALARM_ACKNOWLEDGE,
            body=Acknowledgement,
            reply=AlarmView,
        ),
        Route(
            method="POST",
            path="/patients/{id}/devices",
            handler=handlers.associate,
            action=Action.DEVICE_ASSOCIATE,
            body=NewAssociation,
            reply=DeviceView,
        ),
        Route(
            method="DELETE",
            path="/patients/{id}/devices/{device_id}",
            handler=handlers.dissociate,
            action=Action.DEVICE_ASSOCIATE,
        ),
    ]


class _Handlers:
    def __init__(self, monitoring: Monitoring) -> None:
        self._monitoring = monitoring

    async def readings(self, call: Call[None]) -> ReadingsView:
        query: TrendQuery = call.query
        trend = Trend(_metrics(query.metrics), query.minutes, call.now)
        return await self._monitoring.reader.readings(call.who, call.path["id"], trend)

    async def alarms(self, call: Call[None]) -> list[AlarmView]:
        return await self._monitoring.alarms.of_patient(call.who, call.path["id"])

    async def acknowledge(self, call: Call[Acknowledgement]) -> AlarmView:
        seen, alarms = call.body, self._monitoring.alarms
        return await alarms.acknowledge(call.who, call.path["id"], seen.priority, call.now, seen_round=seen.round)

    async def associate(self, call: Call[NewAssociation]) -> DeviceView:
        wish = Wish(call.path["id"], call.body.device_id, call.body.profile, call.body.subject or None)
        return await self._monitoring.associations.associate(call.who, wish, call.now)

    async def dissociate(self, call: Call[None]) -> None:
        await self._monitoring.associations.dissociate(call.who, call.path["id"], call.path["device_id"], call.now)


def _metrics(named: str) -> list[str]:
    """Each once, in the order asked for. Raises ``UnknownMetric``."""
    metrics = list(dict.fromkeys(name.strip() for name in named.split(",")))
    for metric in metrics:
        if metric not in METRICS:
            raise errors.UnknownMetric(metric)
    return metrics
