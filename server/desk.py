"""What the command line does to a hospital besides serving it. Each returns the sentence that is printed."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from devices.heartbeat import RATES
from devices.mqtt_endpoint import Tls
from devices.physiology import Episode, EpisodeKind
from devices.simulator import Plan
from devices.simulator import simulate as play
from server.access.errors import AccessError
from server.access.roles import Role
from server.access.users import UserWish
from server.clinic.errors import ClinicError
from server.clinic.session import Hours
from server.demo import SIGN_INS, read_sign_ins
from server.ids import new_id
from server.keys import AUDIT_KEY, LINK_KEY, PUSH_KEY, link_key, write_private
from server.monitoring.device_list import Wanted
from server.monitoring.device_state import DeviceState
from server.monitoring.errors import MonitoringError
from server.monitoring.plate import BLANK, Plate
from server.monitoring.registry import DeviceRow
from server.monitoring.replacing import Replacement
from server.monitoring.views import DeviceAdded
from server.outside import ToldAtOnce, dynsec_of
from server.patients.mail import InvalidMail, to_mail_address
from server.patients.phone import InvalidPhone, to_e164
from server.running import NotRunning, where
from server.services import Services, build_services
from server.settings import Settings
from server.store import backup as archive
from server.store.access import SignInLookQueries
from server.store.devices import DeviceQueries, StoredCredentials
from server.store.engine import Store, open_store
from server.store.errors import StoreError
from server.surroundings import Outside, house_of, nobody

KEPT_FILES = (LINK_KEY, AUDIT_KEY, PUSH_KEY, "ca.crt", "ca.key", SIGN_INS)


LISTED = 200  # devices; narrow the search to see others


class DeskError(Exception):
    """What was asked cannot be done; the sentence says why."""


REFUSALS = (
    DeskError,
    NotRunning,
    StoreError,
    AccessError,
    ClinicError,
    MonitoringError,
    InvalidPhone,
    InvalidMail,
    OSError,
)


@dataclass(frozen=True)
class StaffWish:
    role: str
    login: str
    name: str
    password: str = field(repr=False)
    phone: str | None
    locale: str
    email: str | None = None


@dataclass(frozen=True)
class SimulationWish:
    devices: int
    rate: float
    episode: str
    seconds: float | None
    seed: int
    device: str | None
    secret: str | None = field(default=None, repr=False)
    waves: str = ""


async def add_user(settings: Settings, wish: StaffWish) -> str:
    if wish.role not in {Role.DOCTOR, Role.OPERATOR, Role.ADMIN}:
        raise DeskError(f"{wish.role}: a user is a doctor, an operator or an admin")
    phone = to_e164(wish.phone, settings.hospital.region) if wish.phone else None
    user = UserWish(
        login=wish.login,
        name=wish.name,
        role=Role(wish.role),
        password=wish.password,
        phone=phone,
        email=to_mail_address(wish.email) if wish.email else None,
        locale=wish.locale,
    )
    async with _hospital(settings) as (_, services):
        added = await services.users.create(user, "system", _now())
    return f"{added.role} {added.login} can sign in."


async def add_session(settings: Settings, login: str, title: str, hours: tuple[str, str]) -> str:
    zone = ZoneInfo(settings.hospital.time_zone)
    try:
        opens_at, closes_at = (_moment(moment, zone) for moment in hours)
    except ValueError as wrong:
        raise DeskError(f"a time looks like 2026-11-21T08:00: {wrong}") from wrong
    async with _hospital(settings) as (store, services):
        async with store.read(SignInLookQueries) as look:
            account = await look.account(login)
        if account is None or account.user.role is not Role.DOCTOR:
            raise DeskError(f"{login}: no doctor signs in with this login")
        wanted = Hours(account.user.id, title, opens_at, closes_at)
        await services.consulting.clinic.create_session(wanted, "system", _now())
    return f"{title}: {opens_at:%Y-%m-%d %H:%M} to {closes_at:%H:%M} ({settings.hospital.time_zone})."


async def disable_user(settings: Settings, login: str) -> str:
    async with _hospital(settings) as (_, services):
        ended = await services.accounts.disable(login, "system", _now())
    return f"{login} is not let in again; {ended} sign-ins ended, open pages within five seconds."


async def set_password(settings: Settings, login: str, password: str) -> str:
    async with _hospital(settings) as (_, services):
        ended = await services.accounts.set_password(login, password, "system", _now())
    return f"{login} has a new password; {ended} sign-ins ended, open pages within five seconds."


async def reset_factors(settings: Settings, login: str) -> str:
    async with _hospital(settings) as (store, services):
        async with store.read(SignInLookQueries) as look:
            account = await look.account(login)
        if account is None:
            raise DeskError(f"{login}: nobody signs in with this login")
        ended = await services.safeguards.factors.reset(account.user.id, "system", _now())
    return f"{ended} second factors of {login} are gone. Make sure that it was {account.user.name} who asked."


async def revoke_device(settings: Settings, device_id: str) -> str:
    async with _hospital(settings) as (_, services):
        await services.registering.devices.revoke("system", device_id, _now())
    return f"{device_id} is refused; on the embedded broker it is cut within five seconds."


async def lose_device(settings: Settings, device_id: str) -> str:
    async with _hospital(settings) as (_, services):
        await services.registering.devices.lose("system", device_id, _now())
    return f"{device_id} is refused until it is found: bedside device rotate {device_id} gives it a new secret."


async def add_device(settings: Settings, device_id: str | None, label: str | None, plate: Plate = BLANK) -> str:
    async with _hospital(settings) as (_, services):
        return _credential(await services.registering.devices.add("system", device_id, label, _now(), plate=plate))


async def rotate_device(settings: Settings, device_id: str) -> str:
    async with _hospital(settings) as (_, services):
        return _credential(await services.registering.devices.rotate("system", device_id, _now()))


async def bind_certificate(settings: Settings, device_id: str, pem: str) -> str:
    async with _hospital(settings) as (_, services):
        counting = await services.registering.certificates.bind("system", device_id, pem, _now())
    return "\n".join(f"{one.fingerprint}  until {one.expires_at:%Y-%m-%d}" for one in counting)


async def end_certificate(settings: Settings, device_id: str, fingerprint: str) -> str:
    async with _hospital(settings) as (_, services):
        await services.registering.certificates.end("system", device_id, fingerprint, _now())
    return f"It counts no longer; live sessions of {device_id} are cut within five seconds."


async def replace_device(settings: Settings, old: str, new: str, at: str | None) -> str:
    try:
        moment = _moment(at, ZoneInfo(settings.hospital.time_zone)) if at else None
    except ValueError as wrong:
        raise DeskError(f"a time looks like 2026-11-21T08:00: {wrong}") from wrong
    async with _hospital(settings) as (_, services):
        await services.registering.replacing.replace("system", Replacement(old, new, moment), _now())
    return f"{new} is worn in place of {old}, which is refused from now on."


async def claim_code(settings: Settings, device_id: str, days: int) -> str:
    async with _hospital(settings) as (_, services):
        claim = await services.registering.claims.issue("system", device_id, _now(), days)
    return f"code  {claim.code}   (shown this once, until {claim.expires_at:%Y-%m-%d})"


async def import_devices(settings: Settings, content: bytes, credentials: Path, *, reissue: bool) -> str:
    """The credentials go to a file that only its owner can read."""
    async with _hospital(settings) as (_, services):
        report = await services.registering.bulk.check(content)
        if report.errors:
            raise DeskError("\n".join(f"row {e.row} {e.column}: {e.reason}, {e.detail}" for e in report.errors))
        write_private(credentials, await services.registering.bulk.add("system", content, _now(), reissue=reissue))
    return f"{report.new} added, {report.existing} on record already. Credentials: {credentials}"


async def list_devices(settings: Settings, search: str, state: str | None) -> str:
    wanted = Wanted(search, _state(state), limit=LISTED)
    async with _hospital(settings) as (store, _), store.read(DeviceQueries) as look:
        rows = await look.devices(wanted)
    return "\n".join([_row(row) for row in rows[:LISTED]]) or "No device."


def _row(row: DeviceRow) -> str:
    heard = f"{row.last_received_at:%Y-%m-%d %H:%M}Z" if row.last_received_at else "never heard"
    printed = " ".join(filter(None, (row.plate.model, row.plate.serial)))
    worn = "worn" if row.patient else ""
    return f"{row.id:<24} {row.state:<9} {heard:<18} {worn:<5} {row.label}  {printed}".rstrip()


def _state(name: str | None) -> DeviceState | None:
    try:
        return DeviceState(name) if name else None
    except ValueError:
        raise DeskError(f"{name}: a state is {', '.join(DeviceState)}") from None


def _credential(added: DeviceAdded) -> str:
    return f"device  {added.device.id}\nsecret  {added.secret}   (shown this once)\ntopic   {added.topic}"


async def simulate(settings: Settings, wish: SimulationWish) -> str:
    """Add pretend devices, play them against the running server, and take their credentials back."""
    port = where(settings.data.directory)["mqtt"]
    episodes = () if wish.episode == "none" else (Episode(_episode(wish.episode)),)
    async with _hospital(settings) as (_, services), _accounts(settings, services, wish) as accounts:
        plan = Plan(
            settings.mqtt.host,
            port,
            accounts,
            rate_hz=wish.rate,
            duration_s=wish.seconds,
            seed=wish.seed,
            episodes=episodes,
            tls=Tls(settings.mqtt.ca) if settings.mqtt.tls else None,
            waves=_played(wish.waves),
        )
        report = await play(plan)
    return f"measured {report.measured}, covered by …/ack {report.covered}, still held {report.held}"


async def migrate(settings: Settings) -> str:
    store = await open_store(settings.data.database_url)
    await store.close()
    return "The database has this version's tables."


async def backup(settings: Settings, file: Path) -> str:
    directory = settings.data.directory
    kept = {name: directory / name for name in KEPT_FILES if (directory / name).exists()}
    manifest = await archive.backup(settings.data.database_url, file, kept, _now())
    return (
        f"{file}: {sum(manifest.rows.values())} rows, {len(kept)} key files. Keep it as you keep the keys themselves."
    )


async def restore(settings: Settings, file: Path) -> str:
    settings.data.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    manifest = await archive.restore(file, settings.data.database_url, settings.data.directory)
    return f"{sum(manifest.rows.values())} rows are back. Start the server; devices send again what they still hold."


@asynccontextmanager
async def _hospital(settings: Settings) -> AsyncIterator[tuple[Store, Services]]:
    """The use cases without a server around them: what they tell, a running server finds in the database."""
    settings.data.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    store = await open_store(settings.data.database_url)
    try:
        house = house_of(settings, settings.web.public_url, link_key(settings.data.directory))
        yield store, build_services(settings, store, house, _outside(settings, store))
    finally:
        await store.close()


def _outside(settings: Settings, store: Store) -> Outside:
    """Nobody, but a broker outside that has accounts of its own: the secret is in this process alone."""
    broker, untold = dynsec_of(settings.mqtt), nobody(_now)
    return replace(untold, credentials_changed=ToldAtOnce(broker, StoredCredentials(store))) if broker else untold


@asynccontextmanager
async def _accounts(
    settings: Settings, services: Services, wish: SimulationWish
) -> AsyncIterator[Sequence[tuple[str, str]]]:
    if wish.device:
        yield [(wish.device, wish.secret or _demo_secret(settings, wish.device))]
        return
    run = new_id()[:6]
    async with AsyncExitStack() as after:
        accounts = []
        for number in range(wish.devices):
            device_id = f"sim-{run}-{number}"
            added = await services.registering.devices.add("system", device_id, f"Simulated {number}", _now())
            after.push_async_callback(services.registering.devices.revoke, "system", device_id, _now())
            accounts.append((device_id, added.secret))
        yield accounts


def _demo_secret(settings: Settings, device_id: str) -> str:
    path = settings.data.directory / SIGN_INS
    demo = read_sign_ins(path).device if path.exists() else None
    if demo is None or demo[0] != device_id:
        raise DeskError(f"the secret of {device_id} is needed: put it into DEVICE_SECRET")
    return demo[1]


def _episode(name: str) -> EpisodeKind:
    try:
        return EpisodeKind(name)
    except ValueError:
        raise DeskError(f"{name}: an episode is none, {' or '.join(EpisodeKind)}") from None


def _played(names: str) -> list[str]:
    wanted = [name for name in names.split(",") if name]
    if unknown := set(wanted) - RATES.keys():
        raise DeskError(f"{', '.join(sorted(unknown))}: the simulator plays {' and '.join(RATES)}")
    return wanted


def _moment(given: str, zone: ZoneInfo) -> datetime:
    """In the hospital's time zone, unless an offset was given. Raises ValueError."""
    moment = datetime.fromisoformat(given)
    return moment.astimezone(zone) if moment.tzinfo else moment.replace(tzinfo=zone)


def _now() -> datetime:
    return datetime.now(UTC)
