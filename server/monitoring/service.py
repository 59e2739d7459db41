"""Alarms and the people who answer for them: acknowledging, and climbing the ladder where nobody does."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from devices.alarms import Episode, NotOpen, Transition, Worsened, acknowledge
from devices.rules import Priority
from server.access.audit import SYSTEM, AuditEntry
from server.access.principal import Principal
from server.access.roles import Action
from server.monitoring.alarms import AlarmRecord, alarm_view
from server.monitoring.errors import AlarmClosed, AlarmWorsened, NotFound
from server.monitoring.telling import Call, Ward, deliveries
from server.monitoring.views import AlarmView
from server.notifications.deliveries import NewDelivery
from server.notifications.ladder import Step, due, people
from server.notifications.messages import Sender
from server.side_by_side import try_each

logger = structlog.get_logger(__name__)

ALARMS_SHOWN = 100
Detail = dict[str, str | int | bool | None]  # of an audit entry


class AcknowledgeTx(Protocol):
    async def lock_episode(self, alarm_id: str) -> Episode | None: ...
    async def sees(self, doctor_id: str, patient_id: str) -> bool: ...
    async def save_episode(self, episode: Episode, transitions: Sequence[Transition]) -> Sequence[str]: ...
    async def audit(self, entry: AuditEntry) -> None: ...


class EscalateTx(Protocol):
    async def alarm(self, alarm_id: str) -> AlarmRecord | None: ...
    async def add_delivery(self, new: NewDelivery) -> bool: ...


class AlarmTx(AcknowledgeTx, EscalateTx, Protocol):
    """Both use cases' needs; each method asks for its own."""


class AlarmLook(Protocol):
    async def alarm(self, alarm_id: str) -> AlarmRecord | None: ...
    async def alarms_of(self, patient_id: str, limit: int) -> Sequence[AlarmRecord]: ...
    async def unanswered(self) -> Sequence[AlarmRecord]: ...
    async def sees(self, doctor_id: str, patient_id: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class AlarmStore:
    """Where alarms are kept: a factory of transactions, and one of snapshots."""

    begin: Callable[[], AbstractAsyncContextManager[AlarmTx]]
    look: Callable[[], AbstractAsyncContextManager[AlarmLook]]


class Announcer(Protocol):
    """Called after a commit. It never fails: what is on record is done, whoever looks on."""

    async def alarms_changed(self, patient_ids: Sequence[str]) -> None: ...
    async def unknown_changed(self) -> None: ...


class Alarms:
    """``ack`` is how long a step of the ladder is waited for. ``unreachable`` counts alarms that nobody can be told."""

    def __init__(self, store: AlarmStore, announcer: Announcer, sender: Sender, ack: timedelta) -> None:
        self._store = store
        self._announcer = announcer
        self._sender = sender
        self._ack = ack
        self.unreachable = 0

    async def of_patient(self, who: Principal, patient_id: str) -> list[AlarmView]:
        """The newest first, resolved ones too. Raises ``NotFound``."""
        async with self._store.look() as look:
            if not (who.may(Action.ALARM_READ) and await look.sees(who.id, patient_id)):
                raise NotFound
            return [alarm_view(record, self._ack) for record in await look.alarms_of(patient_id, ALARMS_SHOWN)]

    async def acknowledge(
        self, who: Principal, alarm_id: str, priority: Priority, now: datetime, *, seen_round: int | None = None
    ) -> AlarmView:
        """``priority`` and ``seen_round`` are what the person saw. Raises ``NotFound``, ``AlarmWorsened``,
        ``AlarmClosed``."""
        async with self._store.begin() as tx:
            seen = await tx.lock_episode(alarm_id)
            if seen is None or not await tx.sees(who.id, seen.patient_id):
                raise NotFound
            with _worded():
                episode, transitions = acknowledge(seen, who.id, priority, now, seen_round=seen_round)
            await tx.save_episode(episode, transitions)
            if transitions:
                detail: Detail = {"patient": episode.patient_id, "priority": priority, "round": episode.round}
                await tx.audit(AuditEntry(now, who.actor, "alarm.acknowledged", f"alarm:{alarm_id}", detail))
        await self._announcer.alarms_changed([episode.patient_id])
        return await self._view(alarm_id)

    async def escalate(self, now: datetime) -> None:
        """Take every step of the ladder that is due. Called each second; what was taken is not taken again.

        An alarm that fails does not keep the others; its error is raised at the end.
        """
        async with self._store.look() as look:
            waiting = [record for record in await look.unanswered() if self._due(record, now)]
        reachable = [record for record in waiting if _somebody(record.ward)]
        self._count_unreachable(len(waiting) - len(reachable))
        failed = await try_each(reachable, lambda record: self._climb(record.episode.id, now))
        if reachable:
            await self._announcer.alarms_changed(sorted({record.episode.patient_id for record in reachable}))
        if failed:
            raise ExceptionGroup("alarms whose next step could not be taken", failed)

    def _count_unreachable(self, alarms: int) -> None:
        if alarms > self.unreachable:
            logger.error("alarm.nobody_to_tell", alarms=alarms)
        self.unreachable = alarms

    def _due(self, record: AlarmRecord, now: datetime) -> tuple[Step, ...]:
        return due(record.climb, record.steps, now, self._ack)

    async def _climb(self, alarm_id: str, now: datetime) -> None:
        """Under the alarm's lock, since somebody may have acknowledged it while we looked."""
        async with self._store.begin() as tx:
            await tx.lock_episode(alarm_id)
            record = await tx.alarm(alarm_id)
            if record is None:
                return
            for step in self._due(record, now):
                await self._take(tx, Call(record.episode, record.transition_id, step, now), record.ward)

    async def _take(self, tx: AlarmTx, call: Call, ward: Ward) -> None:
        letters = deliveries(call, ward, self._sender)
        added = [await tx.add_delivery(letter) for letter in letters]
        if any(added):
            detail: Detail = {"step": int(call.step), "priority": call.episode.priority, "people": len(letters)}
            await tx.audit(AuditEntry(call.now, SYSTEM, "alarm.escalated", f"alarm:{call.episode.id}", detail))

    async def _view(self, alarm_id: str) -> AlarmView:
        async with self._store.look() as look:
            record = await look.alarm(alarm_id)
        if record is None:
            raise NotFound
        return alarm_view(record, self._ack)


def _somebody(ward: Ward) -> bool:
    return bool(people(Step.EVERYONE, ward.responsible, ward.operators))


@contextmanager
def _worded() -> Iterator[None]:
    try:
        yield
    except Worsened as error:
        raise AlarmWorsened from error
    except NotOpen as error:
        raise AlarmClosed from error
