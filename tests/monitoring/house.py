"""A small hospital for the tests of monitoring: two doctors, an operator, a patient with an oximeter, and a clock."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, cast
from zoneinfo import ZoneInfo

import msgspec
import sqlalchemy as sa

from devices.alarms import AlarmKind, Change, What
from devices.evaluation_log import Outcome
from devices.readings import Body, Message, Reading, Reason, Refusal
from devices.rules import Priority
from server.access.principal import Principal
from server.access.roles import Role
from server.ids import new_id
from server.monitoring.alarms import AlarmRecord
from server.monitoring.associations import Associations, Wish
from server.monitoring.bulk import Bulk
from server.monitoring.certificates import DeviceCertificates
from server.monitoring.claiming import Claims, Codes
from server.monitoring.credentials import CredentialChange
from server.monitoring.device_list import DeviceReader
from server.monitoring.evaluation import EvaluationRecorder, EvaluationStore
from server.monitoring.pages import Pages, Wires
from server.monitoring.reader import MonitoringReader
from server.monitoring.registry import Devices
from server.monitoring.replacing import Replacing
from server.monitoring.service import Alarms, AlarmStore
from server.monitoring.sightings import Sightings
from server.notifications.deliveries import Delivery
from server.notifications.messages import Sender
from server.patients.known import name_key
from server.store.certificates import CertificateQueries
from server.store.devices import BulkQueries, ClaimQueries, DeviceQueries, ReplaceQueries, SightingQueries
from server.store.engine import Store
from server.store.journal import StoreJournal, partition_of
from server.store.monitoring import (
    AlarmQueries,
    AssociationQueries,
    EvaluationStoreQueries,
    MonitoringLookQueries,
)
from server.store.notifications import OutboxLookQueries
from server.store.tables import audit, messages, partitions, patients, sessions, tickets, transitions, users

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")
SENDER = Sender("青石互联网医院", SHANGHAI, "https://bedside.example/console")
ACK = timedelta(seconds=120)
DEVICE = "BM-77"
EVERYTHING = "*"  # told where whoever watches anything reads again
STRANGER = "nobody-knows-me"  # no device on record

DOCTOR = Principal(Role.DOCTOR, "doctor", "李医生", "s1")
FOREIGN = Principal(Role.DOCTOR, "foreign", "赵医生", "s2")
OPERATOR = Principal(Role.OPERATOR, "operator", "前台", "s3")
ADMIN = Principal(Role.ADMIN, "admin", "管理员", "s4")
STAFF = (DOCTOR, FOREIGN, OPERATOR, ADMIN)
PHONES = {"doctor": "+8613800000001", "foreign": "+8613800000002", "operator": "+8613800000003", "admin": None}


@dataclass
class House:
    """The services of monitoring over one store, with what they told and hinted kept."""

    store: Store
    now: datetime = NOON
    told: list[str] = field(default_factory=list)
    hints: int = 0
    position: int = 0
    registry_changes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        look = partial(self.store.read, MonitoringLookQueries)
        self.pages = Pages(look, Wires(self._tell, self._missed, self._hint, lambda: self.now))
        self.recorder = self.new_recorder()
        self.alarms = Alarms(AlarmStore(partial(self.store.write, AlarmQueries), look), self.pages, SENDER, ACK)
        self.devices = Devices(partial(self.store.write, DeviceQueries), self._registry_changed)
        self.certificates = DeviceCertificates(partial(self.store.write, CertificateQueries), self._registry_changed)
        known = partial(self.store.write, SightingQueries)
        self.sightings = Sightings(known, lambda device_id: device_id != STRANGER, self._tell)
        self.device_reader = DeviceReader(partial(self.store.read, DeviceQueries), self.sightings)
        begin_claim, codes = partial(self.store.write, ClaimQueries), Codes(b"k" * 32, "https://bedside.example")
        self.claims = Claims(begin_claim, codes, self.pages.patient_changed, SHANGHAI)
        begin_replace = partial(self.store.write, ReplaceQueries)
        self.replacing = Replacing(begin_replace, self._registry_changed, self.pages.patient_changed)
        begin_bulk, look_bulk = partial(self.store.write, BulkQueries), partial(self.store.read, BulkQueries)
        self.bulk = Bulk(begin_bulk, look_bulk, codes, self._registry_changed)
        begin = partial(self.store.write, AssociationQueries)
        self.associations = Associations(begin, self.pages.patient_changed, SHANGHAI)
        self.reader = MonitoringReader(look, SHANGHAI, ACK)

    def new_recorder(self) -> EvaluationRecorder:
        store = EvaluationStore(
            partial(self.store.write, EvaluationStoreQueries), partial(self.store.read, EvaluationStoreQueries)
        )
        return EvaluationRecorder(store, SENDER, self.pages, lambda: self.now)

    async def _tell(self, topic: str) -> None:
        self.told.append(topic)

    def _missed(self) -> None:
        self.told.append(EVERYTHING)

    def _hint(self) -> None:
        self.hints += 1

    async def _registry_changed(self, changes: Sequence[CredentialChange]) -> None:
        self.registry_changes += [change.device_id for change in changes]

    async def open(self) -> None:
        """Staff and one adult patient, booked with DOCTOR, wearing the oximeter under limits."""
        await self.execute(
            sa.insert(users),
            [
                {
                    "id": who.id,
                    "login": who.id,
                    "name": who.name,
                    "role": who.role,
                    "password_hash": "",
                    "phone": PHONES[who.id],
                    "locale": "zh-CN",
                    "created_at": NOON,
                }
                for who in STAFF
            ],
        )
        await self.add_patient("patient", date(1960, 5, 1))
        await self.book("patient", DOCTOR)
        await self.devices.add(OPERATOR.actor, DEVICE, "血氧仪", self.now)
        await self.associations.associate(DOCTOR, Wish("patient", DEVICE, "adult-continuous"), self.now)
        self.told.clear()
        self.registry_changes.clear()

    async def add_patient(self, patient_id: str, born: date, name: str = "王小明") -> None:
        row = {
            "id": patient_id,
            "name": name,
            "name_key": name_key(name),
            "sex": "male",
            "birth_date": born,
            "phone": "+8613800000009",
            "locale": "zh-CN",
            "created_at": NOON,
            "created_by": "operator",
        }
        await self.execute(sa.insert(patients), row)

    async def book(self, patient_id: str, doctor: Principal, closes_at: datetime = NOON + timedelta(hours=4)) -> str:
        """A ticket in a session of ``doctor``; the session's id."""
        session_id = new_id()
        session = {
            "id": session_id,
            "title": "上午",
            "doctor_id": doctor.id,
            "opens_at": closes_at - timedelta(hours=8),
            "closes_at": closes_at,
            "state": "open",
            "last_serial": 1,
        }
        ticket = {
            "id": new_id(),
            "session_id": session_id,
            "serial": 1,
            "patient_id": patient_id,
            "state": "booked",
            "place": 1000,
            "missed": 0,
            "booked_at": NOON,
            "booked_by": "operator",
        }
        await self.execute(sa.insert(sessions), session)
        await self.execute(sa.insert(tickets), ticket)
        return session_id

    async def execute(self, statement: sa.Executable, values: object = None) -> None:
        async with self.store.write(lambda connection: connection) as connection:
            await connection.execute(statement, cast("Any", values))

    async def rows(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        async with self.store.read(lambda connection: connection) as connection:
            rows: Sequence[sa.Row[Any]] = (await connection.execute(query)).all()
            return rows

    async def hear(self, at: datetime, value: float, *, metric: str = "spo2", device_id: str = DEVICE) -> str:
        """A stored message of the patient's with one reading; its id."""
        row = self._message(at, value, metric, device_id)
        await self.execute(sa.insert(messages), row)
        return str(row["id"])

    async def hear_each_second(self, seconds: int, value: float) -> None:
        """One reading of the oximeter for each of the last ``seconds``."""
        moments = [self.now - timedelta(seconds=second) for second in range(seconds)]
        await self.execute(sa.insert(messages), [self._message(at, value, "spo2", DEVICE) for at in moments])

    def _message(self, at: datetime, value: float, metric: str, device_id: str) -> dict[str, object]:
        message_id = new_id()
        unit = "%" if metric == "spo2" else "/min"
        return {
            "id": message_id,
            "device_id": device_id,
            "identity": f"!{message_id}",
            "patient_id": "patient",
            "received_at": self.now,
            "measured_at": at,
            "body": msgspec.json.encode(Body(readings=(Reading(metric, value, unit, at),))),
        }

    async def receive(self, value: float, at: datetime | None = None) -> None:
        """An SpO2 measured then, or now, and received now, through the journal."""
        reading = Reading("spo2", value, "%", at or self.now)
        message = Message(
            device_id=DEVICE,
            identity=f"!{new_id()}",
            received_at=self.now,
            measured_at=reading.at,
            body=Body(readings=(reading,)),
        )
        await StoreJournal(self.store).commit([message], [])

    async def refuse(self, device_id: str) -> None:
        """An SpO2 that is no number, received now, through the journal."""
        message = Message(
            device_id=device_id,
            identity=f"!{new_id()}",
            received_at=self.now,
            measured_at=self.now,
            body=Body(refusals=(Refusal(Reason.NOT_A_NUMBER, "spo2"),)),
        )
        await StoreJournal(self.store).commit([message], [])

    async def epoch(self, patient_id: str = "patient") -> int:
        [row] = await self.rows(sa.select(partitions.c.epoch).where(partitions.c.id == partition_of(patient_id)))
        return int(row.epoch)

    async def commit(self, *changes: Change) -> None:
        """What evaluation found in the patient's next message, put on record."""
        await self.recorder.commit(await self.outcome(*changes))

    async def outcome(self, *changes: Change) -> Outcome:
        self.position += 1
        return Outcome(partition_of("patient"), await self.epoch(), self.position, {}, {"patient": changes})

    async def records(self) -> Sequence[AlarmRecord]:
        async with self.store.read(MonitoringLookQueries) as look:
            return await look.alarms_of("patient", 100)

    async def outbox(self) -> Sequence[Delivery]:
        """In the order in which they were written."""
        async with self.store.read(OutboxLookQueries) as look:
            return sorted(await look.newest(1000), key=lambda one: (one.created_at, one.step, one.recipient))

    async def kinds(self) -> list[str]:
        """Of the alarms' transitions, in order."""
        rows = await self.rows(sa.select(transitions.c.kind).order_by(transitions.c.alarm_id, transitions.c.number))
        return [row.kind for row in rows]

    async def audited(self) -> list[str]:
        return [row.action for row in await self.rows(sa.select(audit.c.action).order_by(audit.c.id))]


def low_spo2(what: What = What.RAISED, priority: Priority = Priority.MEDIUM, at: datetime = NOON) -> Change:
    """SpO2 below a limit of the profile, as evaluation says it."""
    high = priority is Priority.HIGH
    return Change(
        condition="spo2.low",
        kind=AlarmKind.PHYSIOLOGICAL,
        what=what,
        rule="spo2.desaturation" if high else "spo2.low",
        priority=priority,
        at=at,
        device_id=DEVICE,
        metric="spo2",
        value=79.0 if high else 88.0,
        unit="%",
        message_id="m1",
        reading_index=0,
    )


def silence(what: What = What.RAISED, at: datetime = NOON) -> Change:
    """Nothing was heard of the oximeter for longer than the profile allows."""
    return Change(
        condition=f"silence:{DEVICE}",
        kind=AlarmKind.TECHNICAL,
        what=what,
        rule="silence",
        priority=Priority.MEDIUM,
        at=at,
        device_id=DEVICE,
    )


def lost(what: What = What.RAISED, at: datetime = NOON) -> Change:
    """Messages of the oximeter that it holds no longer."""
    return Change(
        condition=f"gap:{DEVICE}",
        kind=AlarmKind.TECHNICAL,
        what=what,
        rule="gap",
        priority=Priority.LOW,
        at=at,
        device_id=DEVICE,
    )
