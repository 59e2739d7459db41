"""A small hospital over a real store: two doctors, an operator, and the services of line and visits as in the app."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from server.access.principal import Principal
from server.access.roles import Role
from server.clinic.booking import ClinicRules
from server.clinic.day_end import DayEnd
from server.clinic.lines import LineService
from server.clinic.reader import ClinicReader
from server.clinic.service import ClinicService
from server.clinic.session import Hours
from server.clinic.views import TicketRow
from server.notifications.messages import Sender
from server.patients.patient import PatientDetails, Sex
from server.store import tables
from server.store.clinic import ClinicQueries
from server.store.clinic_look import ClinicLookQueries
from server.store.engine import Store
from server.store.visits import VisitLookQueries, VisitQueries
from server.visits.calls import CallService
from server.visits.live import ClinicTopics
from server.visits.notice import Agreed, notice
from server.visits.reader import VisitReader
from server.visits.records import RecordService
from server.visits.rules import VisitRules
from server.visits.service import VisitService
from server.visits.views import HospitalView
from server.visits.visit import VisitTimes

NOW = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)  # 09:00 in Hangzhou
ZONE = ZoneInfo("Asia/Shanghai")
SENDER = Sender("青山互联网医院", ZONE, "https://hospital.example/console")
KEY = bytes(range(32))

LI = Principal(Role.DOCTOR, "1" * 32, "李医生", "sign-in-li")
ZHAO = Principal(Role.DOCTOR, "2" * 32, "赵医生", "sign-in-zhao")
OPERATOR = Principal(Role.OPERATOR, "3" * 32, "前台", "sign-in-operator")
ADMIN = Principal(Role.ADMIN, "4" * 32, "管理员", "sign-in-admin")
STAFF = (LI, ZHAO, OPERATOR, ADMIN)

WANG = PatientDetails("王小明", Sex.MALE, date(1961, 3, 4), "13812345678", "zh-CN")


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def patient_of(ticket_id: str) -> Principal:
    return Principal(Role.PATIENT, ticket_id, "王小明", f"sign-in-{ticket_id}")


def connection(of: AsyncConnection) -> AsyncConnection:
    return of


@dataclass
class House:
    """What a test does in it reads as what people do. ``told`` are the live topics told so far."""

    store: Store
    told: list[str] = field(default_factory=list)
    online: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        begin, look = partial(self.store.write, ClinicQueries), partial(self.store.read, ClinicLookQueries)
        begin_visit, look_visit = partial(self.store.write, VisitQueries), partial(self.store.read, VisitLookQueries)
        self.clinic = ClinicService(begin, self._tell, ClinicRules(SENDER, "CN", KEY))
        self.line = ClinicReader(look, ZONE, self.online.__contains__)
        self.lines = LineService(begin, self._tell, SENDER)
        self.day_end = DayEnd(begin, look, self._tell, SENDER)
        visit_rules = VisitRules(VisitTimes(), SENDER, KEY)
        self.visits = VisitService(begin_visit, look_visit, tell=self._tell, rules=visit_rules)
        online = self.online.__contains__
        self.calls = CallService(begin_visit, tell=self._tell, online=online, rules=visit_rules)
        self.records = RecordService(begin_visit, self._tell)
        self.read = VisitReader(look_visit, ZONE, HospitalView("青山互联网医院", "0571-0000 0000"))
        self.topics = ClinicTopics(self.line, self.read)

    async def _tell(self, topic: str) -> None:
        self.told.append(topic)

    async def hire(self) -> None:
        async with self.store.write(connection) as of:
            await of.execute(sa.insert(tables.users), [_user(person) for person in STAFF])

    async def session(self, doctor: Principal = LI, *, opened: bool = True, opens_at: datetime = NOW) -> str:
        hours = Hours(doctor.id, "Respiratory", opens_at, opens_at + timedelta(hours=3))
        session_id = await self.clinic.create_session(hours, "system", NOW)
        if opened:
            await self.clinic.open_session(doctor, session_id, NOW)
        return session_id

    async def department(self, session_id: str, *doctors: Principal) -> None:
        """The session, and these doctors, are of the respiratory department."""
        department = {"id": "d" * 32, "name": "呼吸科", "name_en": "Respiratory", "childrens": False}
        async with self.store.write(connection) as of:
            await of.execute(sa.insert(tables.departments).values(department))
            for doctor in doctors:
                await of.execute(sa.insert(tables.doctor_profiles).values(_profile(doctor)))
            session = sa.update(tables.sessions).where(tables.sessions.c.id == session_id)
            await of.execute(session.values(department_id=department["id"]))

    async def waiting(self, session_id: str, count: int = 1, *, consented: bool = True) -> list[str]:
        """Tickets of so many patients who have checked in and, unless said otherwise, agreed."""
        tickets = [await self.clinic.book(OPERATOR, session_id, WANG, NOW) for _ in range(count)]
        for ticket_id in tickets:
            await self.clinic.arrive(ticket_id, NOW)
            if consented:
                await self.agree(ticket_id)
        return tickets

    async def agree(self, ticket_id: str) -> None:
        text = notice("zh-CN")
        await self.records.consent(ticket_id, Agreed(text.version, text.sha256, text.locale), NOW)

    async def in_visit(self, doctor: Principal = LI) -> tuple[str, str]:
        """A visit that has been answered: its id and its ticket's."""
        session_id = await self.session(doctor)
        [ticket_id] = await self.waiting(session_id)
        visit_id = await self.calls.call_next(doctor, session_id, NOW)
        await self.visits.answer(ticket_id, at(5))
        return visit_id, ticket_id

    async def rows(self, session_id: str) -> list[TicketRow]:
        return (await self.line.line(LI, session_id)).tickets

    async def order(self, session_id: str) -> list[int]:
        """The serial numbers of those who wait, the next one first."""
        waiting = [row for row in await self.rows(session_id) if row.ahead is not None]
        return [row.serial for row in sorted(waiting, key=lambda row: row.ahead or 0)]

    async def table(self, table: sa.Table, *order_by: sa.ColumnElement[Any]) -> Sequence[sa.Row[Any]]:
        async with self.store.read(connection) as of:
            return (await of.execute(sa.select(table).order_by(*order_by))).all()

    async def audited(self) -> list[str]:
        return [row.action for row in await self.table(tables.audit, tables.audit.c.id)]

    async def add_alarm(self, patient_id: str, priority: str, **changes: object) -> None:
        async with self.store.write(connection) as of:
            await of.execute(sa.insert(tables.alarms).values({**_alarm(patient_id, priority), **changes}))


def _user(person: Principal) -> dict[str, object]:
    return {
        "id": person.id,
        "login": person.sign_in_id,
        "name": person.name,
        "role": person.role,
        "password_hash": "-",
        "locale": "zh-CN",
        "created_at": NOW,
    }


def _profile(doctor: Principal) -> dict[str, object]:
    return {"doctor_id": doctor.id, "department_id": "d" * 32, "title": "主任", "title_en": "Chief", "licence_no": "1"}


def _alarm(patient_id: str, priority: str) -> dict[str, object]:
    return {
        "id": f"alarm-{priority}",
        "patient_id": patient_id,
        "condition": f"condition.{priority}",
        "kind": "physiological",
        "rule": "rule",
        "priority": priority,
        "state": "active",
        "round": 1,
        "late": False,
        "raised_at": NOW,
        "since": NOW,
    }
