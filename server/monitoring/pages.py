"""After a commit: wakes the urgent dispatcher, and names the live topics on which something of a patient is shown."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from server.notifications.deliveries import Delivery

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Audience:
    """Whose pages show something of a patient: doctors' alarm lists, and sessions' lines."""

    user_ids: Sequence[str]
    session_ids: Sequence[str]


class PagesLook(Protocol):
    async def audience(self, patient_id: str, now: datetime) -> Audience: ...
    async def patient_of(self, transition_id: str) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Wires:
    """``tell`` takes the name of a live topic that changed, ``hint`` wakes the dispatcher of urgent deliveries.

    ``missed``: nobody knows which topics changed, so that whatever is watched is read again.
    """

    tell: Callable[[str], Awaitable[None]]
    missed: Callable[[], None]
    hint: Callable[[], None]
    clock: Callable[[], datetime]


class Pages:
    """Never fails: what is on record is done. Where it cannot be found out whom to tell, everybody is."""

    def __init__(self, look: Callable[[], AbstractAsyncContextManager[PagesLook]], wires: Wires) -> None:
        self._look = look
        self._wires = wires

    async def alarms_changed(self, patient_ids: Sequence[str]) -> None:
        """The outbox may have work, and whoever looks at these patients sees something else now."""
        self._wires.hint()
        await self._tell("outbox")
        for patient_id in patient_ids:
            await self.patient_changed(patient_id)

    async def unattended_changed(self) -> None:
        """Somebody answers for alarms whose doctor has left."""
        await self._tell("unattended")

    async def unknown_changed(self) -> None:
        """Something may be on record of which nobody was told: an answer of the store was lost."""
        self._wires.hint()
        self._wires.missed()

    async def patient_changed(self, patient_id: str) -> None:
        """An alarm of the patient's, or what the patient wears."""
        await self._tell(f"patient:{patient_id}")
        with self._or_everybody("pages.audience_unknown"):
            async with self._look() as look:
                audience = await look.audience(patient_id, self._wires.clock())
            for user_id in audience.user_ids:
                await self._tell(f"alarms:{user_id}")
            for session_id in audience.session_ids:
                await self._tell(f"session:{session_id}")

    async def delivery_changed(self, delivery: Delivery) -> None:
        """The dispatcher sent it, or failed to: the outbox shows that, and so does the alarm that it speaks of."""
        await self._tell("outbox")
        kind, _, transition_id = delivery.cause.partition(":")
        if kind != "transition":
            return
        with self._or_everybody("pages.alarm_unknown"):
            async with self._look() as look:
                patient_id = await look.patient_of(transition_id)
            if patient_id:
                await self.patient_changed(patient_id)

    async def _tell(self, topic: str) -> None:
        with self._or_everybody("pages.not_told"):
            await self._wires.tell(topic)

    @contextmanager
    def _or_everybody(self, event: str) -> Iterator[None]:
        """An alarm that stays off the page because the store did not answer would be a silent one."""
        try:
            yield
        except Exception:
            logger.exception(event)
            self._wires.missed()
