"""Whom a message names, against who wears the device: what is said of somebody else goes to nobody, and is told.

An association keeps how its device names the patient: as somebody said, or as the device said first.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from devices.readings import Body, Message, Reading, Reason, Refusal
from server.store.tables import associations

SUBJECT_LIMIT = 160

Part = tuple[Message, str | None]  # a message, and the patient whose it is, if anybody's


def names_somebody(message: Message) -> bool:
    return [reading.subject for reading in message.body.readings].count(None) != len(message.body.readings)


@dataclass(slots=True)
class Named:
    """An association: how its device names the patient."""

    id: str
    patient_id: str
    from_at: datetime
    until_at: datetime | None
    subject: str | None

    def covers(self, at: datetime) -> bool:
        return self.from_at <= at and (self.until_at is None or at < self.until_at)

    def is_other(self, subject: str | None) -> bool:
        """Our own id is right in any case: a hospital may teach its devices that."""
        return subject is not None and subject[:SUBJECT_LIMIT] not in {self.subject, self.patient_id}


@dataclass
class Register:
    """The associations of a batch's devices. ``learned``: by association, the name that its device said first."""

    worn: Mapping[str, Sequence[Named]]
    learned: dict[str, str] = field(default_factory=dict)

    def told_apart(self, part: Part) -> Iterable[Part]:
        """The part, less the readings that name another; those after it, nobody's."""
        message, patient_id = part
        named = self._named(message, patient_id)
        if named is None or not names_somebody(message):
            return (part,)
        if named.subject is None:
            self._learn(named, message)
        own = tuple(reading for reading in message.body.readings if not named.is_other(reading.subject))
        if len(own) == len(message.body.readings):
            return (part,)
        foreign = tuple(reading for reading in message.body.readings if named.is_other(reading.subject))
        return ((_without(message, own), patient_id), (_only(message, foreign), None))

    def _named(self, message: Message, patient_id: str | None) -> Named | None:
        ours = (one for one in self.worn.get(message.device_id, ()) if one.patient_id == patient_id)
        return next((one for one in ours if one.covers(message.measured_at)), None)

    def _learn(self, named: Named, message: Message) -> None:
        said = next(one.subject for one in message.body.readings if one.subject is not None)[:SUBJECT_LIMIT]
        if said != named.patient_id:
            named.subject = self.learned[named.id] = said


class SubjectQueries:
    """Mixed into the journal's queries; a batch in which nobody is named costs no question."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def told_apart(self, parts: Sequence[Part]) -> Sequence[Part]:
        """To be called under the lock of their devices' rows."""
        naming = {message.device_id for message, _ in parts if names_somebody(message)}
        if not naming:
            return parts
        register = Register(await self._register(naming))
        apart = [found for part in parts for found in register.told_apart(part)]
        if register.learned:
            await self._keep(register.learned)
        return apart

    async def _register(self, device_ids: set[str]) -> Mapping[str, Sequence[Named]]:
        columns = (associations.c[name] for name in ("id", "patient_id", "from_at", "until_at", "subject", "device_id"))
        worn = sa.select(*columns).where(associations.c.device_id.in_(sorted(device_ids)))
        found: defaultdict[str, list[Named]] = defaultdict(list)
        for row in await self._connection.execute(worn):
            found[row.device_id].append(Named(row.id, row.patient_id, row.from_at, row.until_at, row.subject))
        return found

    async def _keep(self, learned: Mapping[str, str]) -> None:
        nameless = (associations.c.id == sa.bindparam("worn")) & associations.c.subject.is_(None)
        said = sa.update(associations).where(nameless).values(subject=sa.bindparam("said"))
        rows: list[dict[str, Any]] = [{"worn": worn, "said": subject} for worn, subject in sorted(learned.items())]
        await self._connection.execute(said, rows)


def _without(message: Message, own: tuple[Reading, ...]) -> Message:
    """Its number counts, and whoever watches its wearer hears that somebody else was named."""
    others = len(message.body.readings) - len(own)
    refusal = Refusal(Reason.WRONG_PATIENT, detail=f"{others} readings name somebody else")
    body = msgspec.structs.replace(message.body, readings=own, refusals=(*message.body.refusals, refusal))
    return msgspec.structs.replace(message, body=body)


def _only(message: Message, foreign: tuple[Reading, ...]) -> Message:
    return Message(
        device_id=message.device_id,
        identity=f"{message.identity}~other",
        received_at=message.received_at,
        measured_at=message.measured_at,
        body=Body(readings=foreign),
        sent_at=message.sent_at,
        clock_offset=message.clock_offset,
    )
