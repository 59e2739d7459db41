"""A hospital with a roster over a real store: a department, two doctors, a session of a few places."""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import partial

import sqlalchemy as sa

from server.access.links import link_token
from server.clinic.booking import ClinicRules, Wish
from server.clinic.kinds import PlannedKind, VisitKind
from server.clinic.roster.appointments import Appointments
from server.clinic.roster.calendar import Organiser
from server.clinic.roster.directory import Directory
from server.clinic.roster.letters import offer_link
from server.clinic.roster.moves import Moves
from server.clinic.roster.profile import NewDepartment
from server.clinic.roster.public import Confirmed, PublicBooking, Request
from server.clinic.roster.service import Roster
from server.clinic.roster.templates import Template, Window
from server.patients.patient import PatientDetails
from server.store import tables
from server.store.booking import BookingLookQueries, BookingQueries
from server.store.roster import DirectoryQueries, RosterQueries
from tests.clinic.house import ADMIN, KEY, LI, NOW, SENDER, WANG, ZONE, House, connection

TODAY = date(2026, 11, 21)  # a Saturday
MONDAY = TODAY + timedelta(2)
CARDIOLOGY = NewDepartment("c" * 32, "心内科", "Cardiology")
KINDS = (PlannedKind(VisitKind.FOLLOW_UP, 10), PlannedKind(VisitKind.ADVICE, 5))
HERE = "198.51.100.7"


def template(number: int = 1, **changes: object) -> Template:
    """A doctor's Monday morning."""
    monday = Template(
        id=f"template-{number}",
        doctor_id=LI.id,
        department_id=CARDIOLOGY.id,
        title="心内科视频门诊",
        weekday=0,
        window=Window(time(8), time(12)),
        first_day=TODAY,
        capacity=20,
        kinds=KINDS,
    )
    return replace(monday, **changes)  # type: ignore[arg-type]


def request(session_id: str, address: str = HERE, **changes: object) -> Request:
    wish = Wish(changes.pop("kind", VisitKind.ADVICE), changes.pop("guardian", None))  # type: ignore[arg-type]
    details: PatientDetails = replace(WANG, **changes)  # type: ignore[arg-type]
    return Request(session_id, details, wish, address)


def phone(number: int) -> str:
    """The telephone of somebody else."""
    return f"138{number:08d}"


@dataclass
class RosterHouse(House):
    """What a test does in it reads as what people do."""

    def __post_init__(self) -> None:
        super().__post_init__()
        rules = ClinicRules(SENDER, "CN", KEY)
        begin, look = partial(self.store.write, BookingQueries), partial(self.store.read, BookingLookQueries)
        self.roster = Roster(partial(self.store.write, RosterQueries), ZONE)
        self.directory = Directory(partial(self.store.read, DirectoryQueries), ZONE)
        self.public = PublicBooking(begin, look, self._tell, rules)
        self.moves = Moves(begin, self._tell, rules)
        self.appointments = Appointments(look, Organiser("青山互联网医院", "0571-0000 0000"))

    async def hire(self) -> None:
        await super().hire()
        await self.roster.save_department(ADMIN, CARDIOLOGY, NOW)

    async def bookable(self, capacity: int | None = 2, **changes: object) -> str:
        """A session of the department that the public page shows, in four hours unless said otherwise."""
        opens_at = changes.pop("opens_at", NOW + timedelta(hours=4))
        session_id = await self.session(opened=False, opens_at=opens_at, **changes)  # type: ignore[arg-type]
        kinds = [(planned.kind.value, planned.minutes) for planned in KINDS]
        shown = {"department_id": CARDIOLOGY.id, "capacity": capacity, "kinds": kinds}
        async with self.store.write(connection) as of:
            await of.execute(sa.update(tables.sessions).where(tables.sessions.c.id == session_id).values(shown))
        return session_id

    async def book(self, session_id: str, number: int = 1, now: datetime = NOW) -> Confirmed:
        return await self.public.book(request(session_id, f"203.0.113.{number}", phone=phone(number)), now)

    async def wait(self, session_id: str, number: int, now: datetime = NOW) -> str:
        """Somebody joins the waiting list: the token that an offer would be taken by."""
        asked = request(session_id, f"203.0.113.{number}", phone=phone(number))
        await self.public.join_list(asked, now)
        entries = await self.table(tables.waiting_list, tables.waiting_list.c.position)
        return link_token(KEY, offer_link(entries[-1].id))

    async def texts(self, template: str) -> list[str]:
        rows = await self.table(tables.deliveries, tables.deliveries.c.created_at, tables.deliveries.c.id)
        return [row.body for row in rows if row.template == template]
