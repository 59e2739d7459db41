"""A small hospital made before anything is hurt: a doctor, an operator, and patients who each wear an oximeter."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path

from server.access.principal import Principal
from server.access.roles import Role
from server.access.users import UserWish
from server.clinic.session import Hours
from server.keys import link_key
from server.monitoring.associations import Wish
from server.patients.patient import PatientDetails, Sex
from server.services import Services, build_services
from server.settings import Data, Settings
from server.store.engine import open_store
from server.surroundings import house_of, nobody

WORN_FOR = timedelta(minutes=10)
PASSWORD = "correct-horse-battery"


@dataclass(frozen=True)
class Ward:
    """``folder`` is a data directory that no server has opened yet; ``accounts`` are the devices' ids and secrets."""

    folder: Path
    accounts: Sequence[tuple[str, str]]

    def copy_to(self, folder: Path) -> None:
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)


async def make_ward(folder: Path, beds: int, database: str = "", worn_for: timedelta = WORN_FOR) -> Ward:
    """``folder`` exists and is empty; ``database`` is the address of an empty one, where it is not to be in there."""
    settings = Settings(data=Data(directory=folder, database=database))
    store = await open_store(settings.data.database_url)
    try:
        house = house_of(settings, "http://localhost", link_key(folder))
        services = build_services(settings, store, house, nobody(partial(datetime.now, UTC)))
        return Ward(folder, await _fill(services, beds, worn_for))
    finally:
        await store.close()


async def _fill(services: Services, beds: int, worn_for: timedelta) -> list[tuple[str, str]]:
    now = datetime.now(UTC) - worn_for
    doctor = await _staff(services, Role.DOCTOR, "+8613800000001", now)
    await _staff(services, Role.OPERATOR, "+8613800000003", now)
    hours = Hours(doctor.id, "Fault programme", now, now + timedelta(hours=12))
    session_id = await services.consulting.clinic.create_session(hours, "system", now)
    for _ in range(beds):
        await services.consulting.clinic.book(doctor, session_id, PATIENT, now)
    tickets = (await services.consulting.clinic_reader.line(doctor, session_id)).tickets
    accounts = []
    for number, ticket in enumerate(tickets):
        added = await services.registering.devices.add("system", f"ox-{number}", f"Oximeter {number}", now)
        await services.registering.associations.associate(
            doctor, Wish(ticket.patient.id, f"ox-{number}", "adult-continuous"), now
        )
        accounts.append((added.device.id, added.secret))
    return accounts


PATIENT = PatientDetails("赵 敏", Sex.FEMALE, date(1957, 3, 14), "+8613800000010", "zh-CN")


async def _staff(services: Services, role: Role, phone: str, now: datetime) -> Principal:
    wish = UserWish(login=role, name=f"The {role}", role=role, password=PASSWORD, phone=phone)
    user = await services.users.create(wish, "system", now)
    return Principal(user.role, user.id, user.name, "fault programme")
