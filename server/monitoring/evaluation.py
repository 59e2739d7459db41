"""What evaluation derived becomes alarms and deliveries, in the transaction that moves its position on.

Implements devices.evaluation_log.EvaluationLog. Evaluation repeats a commit until it is answered, so one whose answer
was lost comes again: position and states say that it is on record, and nobody is told twice.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from devices.alarms import Change, Episode, Transition, step
from devices.conditions import Care, Input, PatientState
from devices.evaluation_log import Lease, Outcome, Standing
from server.access.audit import SYSTEM, AuditEntry
from server.ids import new_id
from server.monitoring.service import Announcer
from server.monitoring.telling import TELLING, Call, Ward, deliveries
from server.notifications.deliveries import NewDelivery
from server.notifications.ladder import Step
from server.notifications.messages import Sender

logger = structlog.get_logger(__name__)


class PartitionTx(Protocol):
    async def lease(self) -> Mapping[int, Lease]: ...
    async def fence(self, partition: int, epoch: int) -> None: ...
    async def is_on_record(self, outcome: Outcome) -> bool: ...
    async def save_states(self, partition: int, states: Mapping[str, PatientState]) -> None: ...
    async def set_evaluated(self, partition: int, position: int) -> None: ...


class EpisodeTx(Protocol):
    async def open_episodes(self, patient_id: str) -> Sequence[Episode]: ...
    async def add_episode(self, episode: Episode) -> bool: ...
    async def save_episode(self, episode: Episode, transitions: Sequence[Transition]) -> Sequence[str]: ...
    async def ward(self, patient_id: str) -> Ward: ...


class RecordTx(Protocol):
    async def add_delivery(self, new: NewDelivery) -> bool: ...
    async def audit(self, entry: AuditEntry) -> None: ...


class EvaluationTx(PartitionTx, EpisodeTx, RecordTx, Protocol):
    """One transaction of all three."""


class EvaluationLook(Protocol):
    async def pending(self, partition: int, after: int, limit: int) -> Sequence[Input]: ...
    async def states(self, partition: int) -> Mapping[str, PatientState]: ...
    async def cares(self, strange: Collection[tuple[str, str]] = ()) -> Mapping[str, Care]: ...
    async def newest(self) -> Mapping[int, int]: ...


@dataclass(frozen=True, slots=True)
class EvaluationStore:
    """Where evaluation is kept: a factory of transactions, and one of snapshots."""

    begin: Callable[[], AbstractAsyncContextManager[EvaluationTx]]
    look: Callable[[], AbstractAsyncContextManager[EvaluationLook]]


class EvaluationRecorder:
    """Implements devices.evaluation_log.EvaluationLog."""

    def __init__(
        self,
        store: EvaluationStore,
        sender: Sender,
        announcer: Announcer,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._sender = sender
        self._announcer = announcer
        self._clock = clock

    async def lease(self) -> Mapping[int, Lease]:
        """Whoever wrote before may have ended between a commit and telling the pages of it."""
        async with self._store.begin() as tx:
            leases = await tx.lease()
        await self._announcer.unknown_changed()
        return leases

    async def pending(self, partition: int, after: int, limit: int) -> Sequence[Input]:
        async with self._store.look() as look:
            return await look.pending(partition, after, limit)

    async def states(self, partition: int) -> Mapping[str, PatientState]:
        async with self._store.look() as look:
            return await look.states(partition)

    async def standing(self, strange: Collection[tuple[str, str]] = ()) -> Standing:
        async with self._store.look() as look:
            return Standing(await look.cares(strange), await look.newest())

    async def commit(self, outcome: Outcome) -> None:
        """Raises ``LeaseLost``, and then nothing of it is written."""
        async with self._store.begin() as tx:
            await tx.fence(outcome.partition, outcome.epoch)
            if not await tx.is_on_record(outcome):
                await self._record(tx, outcome)
        changed = [patient_id for patient_id, changes in outcome.changes.items() if changes]
        if changed:
            await self._announcer.alarms_changed(changed)

    async def _record(self, tx: EvaluationTx, outcome: Outcome) -> None:
        for patient_id, changes in sorted(outcome.changes.items()):
            await self._apply(tx, patient_id, changes)
        await tx.save_states(outcome.partition, outcome.states)
        await tx.set_evaluated(outcome.partition, outcome.position)

    async def _apply(self, tx: EvaluationTx, patient_id: str, changes: Sequence[Change]) -> None:
        ward = await tx.ward(patient_id)
        for change in changes:
            episode, transitions = await _step(tx, patient_id, change)
            if episode is None:
                continue
            ids = await tx.save_episode(episode, transitions)
            for transition_id, transition in zip(ids, transitions, strict=True):
                await tx.audit(_entry(episode, transition))
                if transition.kind in TELLING:
                    await self._tell(tx, Call(episode, transition_id, Step.RESPONSIBLE, self._clock()), ward)

    async def _tell(self, tx: EvaluationTx, call: Call, ward: Ward) -> None:
        letters = deliveries(call, ward, self._sender)
        for letter in letters:
            await tx.add_delivery(letter)
        if not letters:  # escalation looks again each second, so that the first telephone on record is rung
            logger.error("alarm.nobody_to_tell", alarm=call.episode.id)


async def _step(tx: EvaluationTx, patient_id: str, change: Change) -> tuple[Episode | None, Sequence[Transition]]:
    """The episode after ``change``, on record. A rival who opened it first is joined, never overwritten."""
    while True:
        before = next((e for e in await tx.open_episodes(patient_id) if e.condition == change.condition), None)
        episode, transitions = step(before, change, new_id(), patient_id)
        if before is not None or episode is None or await tx.add_episode(episode):
            return episode, transitions


def _entry(episode: Episode, transition: Transition) -> AuditEntry:
    detail = {"patient": episode.patient_id, "priority": transition.priority, "rule": transition.rule}
    return AuditEntry(transition.at, SYSTEM, f"alarm.{transition.kind}", f"alarm:{episode.id}", detail)
