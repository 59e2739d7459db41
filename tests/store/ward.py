"""Patients, devices and who wears what, for tests of the journal and of evaluation."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from devices.readings import Body, Message, Reading
from server.ids import new_id
from server.store import tables
from server.store.engine import Store
from tests.store.filled import plain

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DOCTOR = "d" * 32


def at(seconds: float) -> datetime:
    """A moment ``seconds`` after noon."""
    return NOON + timedelta(seconds=seconds)


def message(seq: int, device: str = "BM-1", *, oldest: int | None = None, epoch: str | None = "e") -> Message:
    """The device's message number ``seq``: one SpO2, measured ``seq`` seconds after noon, received a second later."""
    reading = Reading(metric="spo2", value=97.0, unit="%", at=at(seq))
    return Message(
        device_id=device,
        identity=f"{epoch or ''}:{seq}",
        received_at=at(seq + 1),
        measured_at=at(seq),
        body=Body(readings=(reading,)),
        epoch=epoch,
        seq=seq,
        oldest=oldest,
    )


class Ward:
    """Writes what a test needs to be there, and reads what was stored."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def open(self) -> None:
        """A doctor, whom every association names."""
        await self._add(
            tables.users,
            id=DOCTOR,
            login="li",
            name="李",
            role="doctor",
            password_hash="-",
            locale="en",
            created_at=NOON,
        )

    async def device(self, device: str = "BM-1", **changed: Any) -> str:  # noqa: ANN401
        row = {"id": device, "label": device, "secret_hash": bytes(32), "created_at": NOON, "clock_offset_ms": 0}
        await self._add(tables.devices, **row | changed)
        return device

    async def patient(self) -> str:
        patient = new_id()
        await self._add(
            tables.patients, id=patient, name="王", sex="female", birth_date=date(1954, 2, 28), phone="+8613800000000",
            locale="zh-CN", created_at=NOON, created_by=DOCTOR,
        )  # fmt: skip
        return patient

    async def wear(self, patient: str, device: str = "BM-1", since: datetime = NOON, **changed: Any) -> None:  # noqa: ANN401
        row: dict[str, Any] = {
            "id": new_id(),
            "device_id": device,
            "patient_id": patient,
            "profile": "adult-continuous",
        }
        row |= {"responsible_id": DOCTOR, "created_by": DOCTOR, "from_at": since}
        await self._add(tables.associations, **row | changed)

    async def worn(self, device: str = "BM-1") -> str:
        """A device that a new patient wears since noon: the patient."""
        await self.device(device)
        patient = await self.patient()
        await self.wear(patient, device)
        return patient

    async def rows(self, table: sa.Table) -> list[sa.Row[Any]]:
        async with self._store.read(plain) as connection:
            return list((await connection.execute(sa.select(table))).all())

    async def positions(self) -> list[tuple[int, int, int]]:
        """(partition, position, seq) of every message that has a place, in that order."""
        placed = [row for row in await self.rows(tables.messages) if row.position is not None]
        return sorted((row.partition, row.position, row.seq) for row in placed)

    async def bodies(self) -> list[Body]:
        return [msgspec.json.decode(row.body, type=Body) for row in await self.rows(tables.messages)]

    async def execute(self, statement: sa.Executable) -> None:
        async with self._store.write(plain) as connection:
            await connection.execute(statement)

    async def _add(self, table: sa.Table, **row: Any) -> None:  # noqa: ANN401
        async with self._store.write(plain) as connection:
            await connection.execute(sa.insert(table).values(row))
