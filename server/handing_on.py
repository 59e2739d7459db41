"""What becomes of messages once on record: evaluation is handed them, and the pages that show their patients."""

from collections.abc import Awaitable, Callable

from devices.conditions import Input
from devices.evaluate import Evaluator
from devices.journal import Committed, Stored
from devices.readings import Message, Reason
from server.live import Visitor
from server.monitoring.series import Heard, NewestByPatient
from server.monitoring.sightings import Sightings
from signaling.hub import Hub


class HandsOn:
    """``elsewhere`` tells the pages of other nodes; None where there are none."""

    def __init__(
        self,
        evaluator: Evaluator,
        sightings: Sightings,
        hub: Hub[Visitor],
        elsewhere: Callable[[str], Awaitable[None]] | None,
    ) -> None:
        self._evaluator, self._sightings = evaluator, sightings
        self._hub, self._elsewhere = hub, elsewhere
        self._shown = NewestByPatient()

    async def committed(self, committed: Committed) -> None:
        inputs: dict[int, list[Input]] = {}
        heard: dict[str, list[Heard]] = {}
        for stored in committed.stored:
            if stored.partition is None or stored.patient_id is None:
                continue
            inputs.setdefault(stored.partition, []).append(_input(stored))
            message = stored.message
            self._note_wrong_patient(message)
            heard.setdefault(stored.patient_id, []).append(Heard(message.device_id, message.received_at, message.body))
        for partition, given in inputs.items():
            self._evaluator.offer(partition, given)
        for patient_id in {patient_id for waves in committed.waves for patient_id in waves.patient_ids}:
            await self._show_waves(patient_id)
        await self._show(heard)

    async def _show(self, heard: dict[str, list[Heard]]) -> None:
        for patient_id, changes in self._shown.changes(heard).items():
            await self._hub.merge(f"patient:{patient_id}", changes)
            if self._elsewhere:
                await self._elsewhere(f"patient:{patient_id}")

    async def _show_waves(self, patient_id: str) -> None:
        """They are read anew where somebody looks, on whatever node, and nowhere else."""
        await self._hub.refresh(f"wave:{patient_id}")
        if self._elsewhere:
            await self._elsewhere(f"wave:{patient_id}")

    def _note_wrong_patient(self, message: Message) -> None:
        """Only the journal knows who wears the device, and so whom else a message names."""
        for refusal in message.body.refusals:
            if refusal.reason is Reason.WRONG_PATIENT:
                self._sightings.refused(message.device_id, refusal.reason, message.received_at, refusal.detail)


def _input(stored: Stored) -> Input:
    message = stored.message
    return Input(
        message_id=stored.message_id,
        patient_id=stored.patient_id or "",
        device_id=message.device_id,
        position=stored.position or 0,
        received_at=message.received_at,
        body=message.body,
    )
