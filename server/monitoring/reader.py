"""What pages read of monitoring: trends, and the whole state of the live topics ``patient:…`` and ``alarms:…``."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Protocol

from devices.rules import NoLimits, applicable
from server.access.principal import Principal
from server.access.roles import Action
from server.monitoring.alarms import AlarmRecord, alarm_view
from server.monitoring.errors import NotFound
from server.monitoring.series import Heard, newest, series
from server.monitoring.views import MonitoringView, PatientView, ReadingsView, WornView
from server.patients.patient import age_on

LONGEST_TREND = timedelta(hours=6)
NEWEST_WITHIN = timedelta(hours=24)  # an older value is history, and no tile's number
CONTINUOUS = "adult-continuous"


@dataclass(frozen=True, slots=True)
class PatientRow:
    id: str
    name: str
    sex: str
    birth_date: date


class TrendLook(Protocol):
    async def sees(self, doctor_id: str, patient_id: str) -> bool: ...
    async def heard(self, patient_id: str, start: datetime, until: datetime) -> Sequence[Heard]: ...
    async def last_heard(self, patient_id: str, since: datetime) -> Sequence[Heard]: ...


class TopicLook(Protocol):
    async def patient(self, patient_id: str) -> PatientRow | None: ...
    async def worn(self, patient_id: str) -> Sequence[WornView]: ...
    async def open_alarms_of(self, patient_id: str) -> Sequence[AlarmRecord]: ...
    async def open_alarms_for(self, user_id: str, now: datetime) -> Sequence[AlarmRecord]: ...


class MonitoringLook(TrendLook, TopicLook, Protocol):
    """One snapshot of both."""


class MonitoringReader:
    """``zone`` is the hospital's: it decides the day on which a patient comes of age."""

    def __init__(
        self,
        look: Callable[[], AbstractAsyncContextManager[MonitoringLook]],
        zone: tzinfo,
        ack: timedelta,
    ) -> None:
        self._look = look
        self._zone = zone
        self._ack = ack

    async def may_see(self, who: Principal, patient_id: str) -> bool:
        """Findings are for the doctor in charge, and for one whose session the patient is or was in."""
        async with self._look() as look:
            return who.may(Action.READINGS_READ) and await look.sees(who.id, patient_id)

    async def readings(self, who: Principal, patient_id: str, wish: "Trend") -> ReadingsView:
        """Raises ``NotFound``."""
        span = min(timedelta(minutes=wish.minutes), LONGEST_TREND)
        async with self._look() as look:
            if not (who.may(Action.READINGS_READ) and await look.sees(who.id, patient_id)):
                raise NotFound
            heard = await look.heard(patient_id, wish.until - span, wish.until)
        return ReadingsView(wish.until, series(heard, wish.metrics, wish.until - span, wish.until))

    async def patient_topic(self, patient_id: str, now: datetime) -> dict[str, object]:
        """Live key → value of ``patient:{id}``; empty where there is no such patient."""
        async with self._look() as look:
            patient = await look.patient(patient_id)
            if patient is None:
                return {}
            worn = await look.worn(patient_id)
            alarms = await look.open_alarms_of(patient_id)
            metrics = newest(await look.last_heard(patient_id, now - NEWEST_WITHIN))
        age = age_on(patient.birth_date, now.astimezone(self._zone).date())
        return {
            "patient": PatientView(patient.id, patient.name, patient.sex, patient.birth_date, age),
            "monitoring": monitoring_view(worn, age),
            **{f"metric/{metric}": view for metric, view in metrics.items()},
            **self._alarms(alarms),
        }

    async def alarms_topic(self, user_id: str, now: datetime) -> dict[str, object]:
        """Live key → value of ``alarms:{user_id}``: the open alarms of the patients whom this doctor watches."""
        async with self._look() as look:
            return self._alarms(await look.open_alarms_for(user_id, now))

    def _alarms(self, records: Sequence[AlarmRecord]) -> dict[str, object]:
        return {f"alarm/{record.episode.id}": alarm_view(record, self._ack) for record in records}


@dataclass(frozen=True, slots=True)
class Trend:
    """Which metrics of the last ``minutes`` before ``until``."""

    metrics: Sequence[str]
    minutes: int
    until: datetime


def monitoring_view(worn: Sequence[WornView], age: int) -> MonitoringView:
    """Which limits watch the patient – or why none do, which a screen must never leave unsaid."""
    devices = list(worn)
    if not worn:
        return MonitoringView(None, "no_device", devices)
    profile = next((device.profile for device in worn if device.profile), None)
    limits = applicable(profile or CONTINUOUS, age)
    if isinstance(limits, NoLimits):
        return MonitoringView(None, limits.reason, devices)
    unwatched = any(device.profile is None for device in worn)
    return MonitoringView(profile, None if not unwatched else "partly" if profile else "no_limits", devices)
