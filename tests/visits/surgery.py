"""The small hospital under China's rules: its doctors have papers, and patients hand things in."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any

import sqlalchemy as sa

from server.access.principal import Principal
from server.clinic.booking import ClinicRules
from server.clinic.service import ClinicService
from server.store import tables
from server.store.audit import AuditQueries
from server.store.clinic import ClinicQueries
from server.store.policy import OpeningLookQueries
from server.store.preparation import PreparationQueries
from server.store.visits import VisitLookQueries, VisitQueries
from server.visits.attestation import Attestations
from server.visits.calls import CallService
from server.visits.documents.service import Documents
from server.visits.opening import Admission
from server.visits.policy.pack import Pack
from server.visits.policy.packs import CN_2022
from server.visits.preparation import Preparations
from server.visits.reader import VisitReader
from server.visits.rules import VisitRules
from server.visits.views import HospitalView
from server.visits.visit import VisitTimes
from tests.clinic.house import KEY, LI, NOW, SENDER, ZONE, House, connection

PAPERS: dict[str, Any] = {
    "title": "",
    "title_en": "",
    "licence_no": "110330100012345",
    "practice_since": date(2015, 7, 1),
    "licence_until": date(2028, 5, 31),
    "consented_at": NOW,
}


@dataclass
class Surgery:
    house: House
    pack: Pack = CN_2022
    handed: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        store, tell = self.house.store, self.house._tell
        begin, look = partial(store.write, PreparationQueries), partial(store.read, OpeningLookQueries)
        self.admission = Admission(partial(store.write, AuditQueries), look, self.pack, ZONE)
        rules = ClinicRules(SENDER, "CN", KEY, admit=self.admission.admit)
        self.clinic = ClinicService(partial(store.write, ClinicQueries), tell, rules)
        begin_visit = partial(store.write, VisitQueries)
        visit_rules = VisitRules(VisitTimes(), SENDER, KEY, self.admission.receive)
        self.calls = CallService(begin_visit, tell=tell, online=self.house.online.__contains__, rules=visit_rules)
        self.preparations = Preparations(begin, tell)
        self.documents = Documents(begin, tell, self.pack, ZONE)
        self.attestations = Attestations(begin_visit, tell, self.pack)
        hospital = HospitalView("青山互联网医院", "0571-0000 0000")
        self.read = VisitReader(partial(store.read, VisitLookQueries), ZONE, hospital, self.pack)

    async def papers(self, doctor: Principal = LI, *, childrens: bool = False, **changes: object) -> None:
        """What the roster keeps of the doctor, in a department of its own."""
        named = f"{doctor.name} {childrens}"
        department = {"id": f"dep-{doctor.id[:8]}", "name": named, "name_en": named, "childrens": childrens}
        profile = {"doctor_id": doctor.id, "department_id": department["id"], **PAPERS, **changes}
        async with self.house.store.write(connection) as of:
            await of.execute(sa.insert(tables.departments).values(department))
            await of.execute(sa.insert(tables.doctor_profiles).values(profile))

    async def signed_in(self, doctor: Principal = LI, *, stepped_up_at: datetime | None = None) -> None:
        row = {
            "id": doctor.sign_in_id,
            "token_hash": doctor.id.encode(),
            "user_id": doctor.id,
            "created_at": NOW,
            "seen_at": NOW,
            "expires_at": NOW,
            "stepped_up_at": stepped_up_at,
        }
        async with self.house.store.write(connection) as of:
            await of.execute(sa.insert(tables.sign_ins).values(row))

    def reads(self, content: bytes) -> Callable[[], Awaitable[bytes]]:
        async def read() -> bytes:
            self.handed.append(content)
            return content

        return read

    async def hand_in(self, ticket_id: str, content: bytes, now: datetime = NOW) -> str:
        return (await self.documents.upload(ticket_id, self.reads(content), now)).id

    async def kept(self) -> set[str]:
        """The ids of the documents whose content is there."""
        return {row.document_id for row in await self.house.table(tables.document_contents)}
