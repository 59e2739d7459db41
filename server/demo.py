"""The demonstration hospital: made in an empty database only, with random sign-ins, and shown on the terminal.

It uses the services as people do. Every step may be repeated: a start that was cut short is finished by the next.
"""

import tomllib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from rich.console import Console

from devices.physiology import Episode, EpisodeKind
from devices.simulator import Plan, simulate
from server.access.errors import LoginTaken
from server.access.passwords import random_password
from server.access.principal import Principal
from server.access.qr import print_qr
from server.access.roles import Role
from server.access.users import Users, UserWish
from server.app import Bedside
from server.claim import NotDemonstrationError
from server.clinic.session import Hours
from server.clinic.ticket import OVER
from server.clinic.views import SessionView
from server.consulting import Consulting
from server.demo_roster import POSTS, Occasion, make_roster
from server.ids import new_id
from server.keys import write_private
from server.monitoring.associations import Wish
from server.patients.patient import PatientDetails, Sex
from server.registering import Registering
from server.settings import Settings
from server.store.access import SignInLookQueries
from server.store.engine import Store
from server.store.visits import VisitQueries
from server.visits.policy.packs import NONE

SIGN_INS = "demo-sign-ins.toml"
PEOPLE = (
    ("dr.lin", "林 伟", Role.DOCTOR, "+8613800000001"),
    ("dr.gao", "高 敏", Role.DOCTOR, "+8613800000002"),
    ("operator", "陈 静", Role.OPERATOR, "+8613800000003"),
    ("admin", "管理员", Role.ADMIN, None),
)
PATIENT = PatientDetails("赵 敏", Sex.FEMALE, date(1957, 3, 14), "+8613800000010", "zh-CN")
HOURS = timedelta(hours=8)
WAVES = ("ecg_ii", "pleth")
EPISODE = Episode(EpisodeKind.DESATURATION, start_s=90, every_s=600)


@dataclass(frozen=True)
class SignIns:
    """The demonstration's secrets, as the file keeps them. ``device`` is id and secret of the oximeter."""

    passwords: dict[str, str] = field(repr=False)
    device: tuple[str, str] | None = field(default=None, repr=False)


async def show(bedside: Bedside, settings: Settings, *, sensors: bool) -> None:
    """Make what is missing, print where everything is, and let the oximeter speak."""
    path, services = settings.data.directory / SIGN_INS, bedside.services
    kept = await _make_people(services.users, path)
    doctor = await _doctor(bedside.store)
    await _make_roster(bedside, settings)
    session = await _session_now(services.consulting, doctor, settings)
    ticket_id, patient_id = await _booking(services.consulting, doctor, session)
    device = await _oximeter(services.registering, kept, path)
    await _put_on(services.registering, doctor, patient_id, device[0])
    _print(bedside, settings, await _join_url(bedside, ticket_id))
    if sensors:
        plan = Plan("127.0.0.1", bedside.ports["mqtt"], [device], episodes=(EPISODE,), seed=7, waves=WAVES)
        bedside.supervise("demonstration oximeter", partial(_play, plan))


async def _play(plan: Plan) -> None:
    await simulate(plan)


async def _make_people(users: Users, path: Path) -> SignIns:
    """The file is written first: a person whose password nobody knows would be of no use."""
    kept = _read_or_make(path)
    for login, name, role, phone in PEOPLE:
        wish = UserWish(login=login, name=name, role=role, password=kept.passwords[login], phone=phone)
        try:
            await users.create(wish, "system", datetime.now(UTC))
        except LoginTaken:
            continue
    return kept


def _read_or_make(path: Path) -> SignIns:
    if not path.exists():
        _keep(path, SignIns({login: random_password() for login, *_ in PEOPLE}))
    return read_sign_ins(path)


def read_sign_ins(path: Path) -> SignIns:
    kept = tomllib.loads(path.read_text())
    device = kept.get("device")
    return SignIns(kept["sign-in"], (device["id"], device["secret"]) if device else None)


def _keep(path: Path, kept: SignIns) -> None:
    lines = [
        "# Sign-ins of the demonstration hospital. Made at random for this database; keep the file to yourself.",
        "",
    ]
    lines += ["[sign-in]", *(f'"{login}" = "{password}"' for login, password in kept.passwords.items())]
    if kept.device:
        lines += ["", "[device]", f'id = "{kept.device[0]}"', f'secret = "{kept.device[1]}"']
    write_private(path, "\n".join([*lines, ""]).encode())


async def _doctor(store: Store) -> Principal:
    async with store.read(SignInLookQueries) as look:
        account = await look.account(PEOPLE[0][0])
    if account is None:
        raise NotDemonstrationError("the demonstration's doctor is gone; delete its data directory to begin anew")
    return Principal(Role.DOCTOR, account.user.id, account.user.name, "demonstration")


async def _make_roster(bedside: Bedside, settings: Settings) -> None:
    async with bedside.store.read(SignInLookQueries) as look:
        accounts = [await look.account(post.login) for post in POSTS]
    doctors = {account.user.login: account.user.id for account in accounts if account}
    today = datetime.now(ZoneInfo(settings.hospital.time_zone)).date()
    await make_roster(bedside.services.rostering, Occasion(doctors, today, settings.hospital.locale))


async def _session_now(consulting: Consulting, doctor: Principal, settings: Settings) -> SessionView:
    """Today's consulting hours that still run; new ones where there are none."""
    now = datetime.now(UTC)
    for session in await consulting.clinic_reader.sessions_today(doctor, now):
        if session.closes_at > now:
            return session
    opens_at = now.replace(minute=0, second=0, microsecond=0)
    title = "心内科视频门诊" if settings.hospital.locale == "zh-CN" else "Cardiology video clinic"
    session_id = await consulting.clinic.create_session(
        Hours(doctor.id, title, opens_at, opens_at + HOURS), "system", now
    )
    return await consulting.clinic_reader.session(doctor, session_id)


async def _booking(consulting: Consulting, doctor: Principal, session: SessionView) -> tuple[str, str]:
    """The ticket and patient that the join link leads to: the first who is not through yet."""
    for row in (await consulting.clinic_reader.line(doctor, session.id)).tickets:
        if row.state not in OVER:
            return row.id, row.patient.id
    ticket_id = await consulting.clinic.book(doctor, session.id, PATIENT, datetime.now(UTC))
    row = next(row for row in (await consulting.clinic_reader.line(doctor, session.id)).tickets if row.id == ticket_id)
    return ticket_id, row.patient.id


async def _oximeter(registering: Registering, kept: SignIns, path: Path) -> tuple[str, str]:
    if kept.device:
        return kept.device
    added = await registering.devices.add(
        "system", f"OX-{new_id()[:6]}", "指夹血氧仪 Finger oximeter", datetime.now(UTC)
    )
    device = added.device.id, added.secret
    _keep(path, SignIns(kept.passwords, device))
    return device


async def _put_on(registering: Registering, doctor: Principal, patient_id: str, device_id: str) -> None:
    worn = (await registering.device_reader.detail(doctor, device_id)).device
    if worn.patient and worn.patient.id == patient_id:
        return
    now = datetime.now(UTC)
    if worn.patient:
        await registering.associations.dissociate(doctor, worn.patient.id, device_id, now)
    await registering.associations.associate(doctor, Wish(patient_id, device_id, "adult-continuous"), now)


async def _join_url(bedside: Bedside, ticket_id: str) -> str:
    """The living link of the ticket, as the patient's message has it."""
    async with bedside.store.read(VisitQueries) as look:
        contact = await look.contact(ticket_id)
    return bedside.house.join_url(contact.link_id) if contact and contact.link_id else ""


def _authority_page(bedside: Bedside, link: str) -> str:
    """Over plain HTTP: the phone does not trust this machine yet."""
    host = urlsplit(link).hostname
    return f"http://{host}:{bedside.ports['http']}/ca" if link.startswith("https") else "–"


def _rules(bedside: Bedside) -> str:
    """Whoever tries it out must not take it for what a hospital is held to."""
    if bedside.house.pack is not NONE:
        return f"{bedside.house.pack.name}: doctors show a second factor before they open a session"
    return "none: no second factor, every visit may be treatment   (BEDSIDE_CLINIC__POLICY=cn-2022 asks for both)"


def _print(bedside: Bedside, settings: Settings, link: str) -> None:
    out, local = Console(highlight=False, soft_wrap=True), f"http://localhost:{bedside.ports['http']}"
    token = link.rpartition("#")[2]
    out.print(f"\n[bold]Bedside[/] – the demonstration hospital “{settings.hospital.name}” is open\n")
    for name, where in (
        ("Doctor's console", f"{local}/console"),
        ("Messages sent", f"{local}/outbox"),
        ("Sign-ins", f"{settings.data.directory / SIGN_INS}   (dr.lin, dr.gao, operator, admin)"),
        ("Patient No. 1, here", f"{local}/join#{token}"),
        ("  on a phone", link if link.startswith("https") else "no network address was found for this machine"),
        ("  trust it first", _authority_page(bedside, link)),
        ("  birth date", PATIENT.birth_date.isoformat()),
        ("Rules of visits", _rules(bedside)),
        ("Devices", f"mqtt://127.0.0.1:{bedside.ports['mqtt']}   (TLS for the network: {settings.mqtt.tls_port})"),
    ):
        out.print(f"  [dim]{name:<20}[/] {where}")
    out.print(
        "\n  The demonstration's oximeter lets SpO₂ fall to 79 % ninety seconds from now, and again every ten minutes."
    )
    if link.startswith("https"):
        print_qr(link)
    out.print("\n  Ctrl-C ends it; the data stay. Bedside must not be the only watch over a patient.\n")
