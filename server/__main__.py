"""The command line: ``bedside …``, the same as ``python -m server …``. A command imports what it needs, no more."""

import asyncio
import getpass
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from server.settings import Settings, SettingsError, load_settings

cli = typer.Typer(no_args_is_help=True, add_completion=False, help="Bedside: video visits and remote monitoring.")

audit = typer.Typer(no_args_is_help=True, help="Who did what, and whether that record is whole.")
cli.add_typer(audit, name="audit")
user = typer.Typer(no_args_is_help=True, help="Staff who are there already; add-user adds them.")
cli.add_typer(user, name="user")
device = typer.Typer(no_args_is_help=True, help="The devices that may send.")
cli.add_typer(device, name="device")

Config = Annotated[Path | None, typer.Option("--config", help="settings file; settings.sample.toml is its manual")]
Locale = Annotated[str, typer.Option(help="zh-CN or en")]


@cli.callback()
def _choose_settings(config: Config = None) -> None:
    if config:
        os.environ["BEDSIDE_CONFIG"] = str(config)


@cli.command()
def serve(
    demo: Annotated[bool, typer.Option("--demo", help="make and show the demonstration hospital")] = False,
    sensors: Annotated[bool, typer.Option(help="with --demo: play an oximeter")] = True,
) -> None:
    """Start the server: pages, sockets, broker, alarms and messages in one process."""
    from server.serve import serve as run

    asyncio.run(run(_settings(), demo=demo, sensors=demo and sensors))


@cli.command()
def create_admin(login: str, name: Annotated[str, typer.Option(prompt=True)], locale: Locale = "zh-CN") -> None:
    """Add the first administrator; the password is asked for."""
    _add_user("admin", login, name, None, locale=locale)


@cli.command()
def add_user(
    role: Annotated[str, typer.Argument(help="doctor, operator or admin")],
    login: str,
    name: Annotated[str, typer.Option(prompt=True)],
    phone: Annotated[str | None, typer.Option(help="where alarms reach this person, with +country")] = None,
    email: Annotated[str | None, typer.Option(help="where an alarm goes whose SMS does not arrive")] = None,
    locale: Locale = "zh-CN",
) -> None:
    """Add a doctor, an operator or an administrator; the password is asked for."""
    _add_user(role, login, name, phone, email=email, locale=locale)


@cli.command()
def add_session(
    login: Annotated[str, typer.Argument(help="the doctor's login")],
    title: str,
    opens: Annotated[str, typer.Argument(help="local time of the hospital, 2026-11-21T08:00")],
    closes: str,
) -> None:
    """Add a doctor's consulting hours."""
    from server import desk

    _report(lambda: asyncio.run(desk.add_session(_settings(), login, title, (opens, closes))))


@cli.command()
def add_device(device_id: str, label: str) -> None:
    """Add a device; its secret is printed once. A running server takes it within five seconds."""
    from server import desk

    _report(lambda: asyncio.run(desk.add_device(_settings(), device_id, label)))


@cli.command()
def simulate(
    devices: Annotated[int, typer.Option(help="how many pretend devices; they are added to the registry")] = 1,
    rate: Annotated[float, typer.Option(help="messages a second and device")] = 1.0,
    episode: Annotated[str, typer.Option(help="none, desaturation or silence")] = "none",
    waves: Annotated[str, typer.Option(help="channels to play beside, such as ecg_ii,pleth")] = "",
    seconds: Annotated[float | None, typer.Option(help="how long; for ever without")] = None,
    seed: Annotated[int, typer.Option(help="the same seed plays the same vitals")] = 1,
    device: Annotated[str | None, typer.Option(help="play one device that is already added, by its id")] = None,
    secret: Annotated[str | None, typer.Option(envvar="DEVICE_SECRET", help="that device's secret")] = None,
) -> None:
    """Play devices with store-and-forward against the running server."""
    from server import desk

    wish = desk.SimulationWish(devices, rate, episode, seconds, seed, device, secret, waves)
    _report(lambda: asyncio.run(desk.simulate(_settings(), wish)))


@cli.command()
def device_agent(
    device: Annotated[str, typer.Option(envvar="DEVICE", help="the device's id")],
    folder: Annotated[Path, typer.Option(help="where it keeps what is not stored yet; this device's own")],
    secret: Annotated[str, typer.Option(envvar="DEVICE_SECRET", help="its secret")] = "",
    host: Annotated[str, typer.Option(envvar="MQTT_HOST")] = "127.0.0.1",
    port: Annotated[int | None, typer.Option(envvar="MQTT_PORT", help="without, 1883; with --ca 8883")] = None,
    ca: Annotated[Path | None, typer.Option(help="speak TLS and believe this authority (PEM)")] = None,
    cert: Annotated[Path | None, typer.Option(help="with --ca, in place of the secret: its certificate (PEM)")] = None,
    key: Annotated[Path | None, typer.Option(help="and the key of that (PEM)")] = None,
    stdin: Annotated[bool, typer.Option(help="read lines of JSON from standard input")] = True,
    listen: Annotated[str | None, typer.Option(help="and from 127.0.0.1:PORT, or from a Unix socket")] = None,
    watch: Annotated[Path | None, typer.Option(help="and from the files of a folder")] = None,
    refuse_when_full: Annotated[bool, typer.Option(help="rather than to drop the oldest that is held")] = False,
    capacity: Annotated[int, typer.Option(help="messages that are kept")] = 100_000,
    capacity_mb: Annotated[int, typer.Option(help="and of what size together, in MiB")] = 64,
    linger: Annotated[float, typer.Option(help="seconds to wait for receipts once standard input has ended")] = 30.0,
) -> None:
    """Send readings and waveforms for a device, and keep each until Bedside has stored it. Needs no hospital here."""
    from devices.agent import Setup, WhenFull
    from devices.agent_run import Inputs, serve
    from devices.mqtt_endpoint import Endpoint, Tls

    if not secret and not (ca and cert and key):
        sys.exit("Say how it is let in: DEVICE_SECRET, or --ca, --cert and --key.")
    tls = Tls(ca, cert, key) if ca else None
    endpoint = Endpoint(host, port or (8883 if tls else 1883), device, secret, tls=tls)
    when_full = WhenFull.REFUSE_NEW if refuse_when_full else WhenFull.DROP_OLDEST
    setup = Setup(endpoint, folder, when_full, capacity, capacity_mb * 1024 * 1024)
    inputs = Inputs(stdin, listen, watch, linger)
    try:
        held = asyncio.run(serve(setup, inputs, lambda line: print(line, file=sys.stderr, flush=True)))
    except (OSError, ValueError) as wrong:
        sys.exit(f"The device agent ends: {wrong}")
    sys.exit(f"{held} messages are still held" if held else 0)


@cli.command()
def migrate() -> None:
    """Bring the database to this version's tables; starting the server does it too."""
    from server import desk

    _report(lambda: asyncio.run(desk.migrate(_settings())))


@cli.command()
def backup(file: Path) -> None:
    """Write everything – database, keys, certificates – to one file, while the server runs. The file is a secret."""
    from server import desk

    _report(lambda: asyncio.run(desk.backup(_settings(), file)))


@cli.command()
def restore(file: Path) -> None:
    """Read a backup into an empty place; refuses any other."""
    from server import desk

    _report(lambda: asyncio.run(desk.restore(_settings(), file)))


@cli.command()
def retention(
    delete: Annotated[bool, typer.Option("--delete", help="delete it; without, it is only counted")] = False,
    ticket: Annotated[str | None, typer.Option(help="delete this ticket's record, if its clock allows")] = None,
) -> None:
    """What the rules' clocks no longer keep: count it, or delete it and nothing else. At a quiet hour."""
    from server import retaining

    run = retaining.retention
    _report(lambda: asyncio.run(run(_settings(), delete=delete, ticket_id=ticket)), retaining.REFUSALS)


@cli.command()
def export(
    patient: str,
    file: Path,
    format_: Annotated[str, typer.Option("--format", help="fhir (R4, a Bundle) or csv")] = "fhir",
    since: Annotated[
        str | None, typer.Option(help="a day such as 2026-11-01; without, as far back as there is")
    ] = None,
    until: Annotated[str | None, typer.Option(help="to before this day; without, until now")] = None,
    waves: Annotated[bool, typer.Option(help="the waveforms too")] = True,
) -> None:
    """Write a patient's single readings and waveforms to a file that only you can read. It is a row of the audit."""
    from server import exporting

    wish = exporting.ExportWish(patient, format_, since, until, file, waves)
    _report(lambda: asyncio.run(exporting.export(_settings(), wish)), exporting.REFUSALS)


@user.command("disable")
def user_disable(login: str) -> None:
    """Somebody who left: signed out everywhere, not let in again, told of no alarm."""
    from server import desk

    _report(lambda: asyncio.run(desk.disable_user(_settings(), login)))


@user.command("password")
def user_password(login: str) -> None:
    """Set a new password, which is asked for, and sign the person out everywhere."""
    from server import desk

    typed = _password()
    _report(lambda: asyncio.run(desk.set_password(_settings(), login, typed)))


@user.command("reset-factors")
def user_reset_factors(login: str) -> None:
    """For a lost telephone: the person's authenticator app and passkeys count no more, and are enrolled anew."""
    from server import desk

    _report(lambda: asyncio.run(desk.reset_factors(_settings(), login)))


@device.command("add")
def device_add(
    device_id: Annotated[str | None, typer.Option("--id", help="without it, made of model and serial")] = None,
    label: Annotated[str | None, typer.Option(help="how people call it")] = None,
    maker: Annotated[str | None, typer.Option()] = None,
    model: Annotated[str | None, typer.Option()] = None,
    serial: Annotated[str | None, typer.Option(help="unique within its model")] = None,
) -> None:
    """Add a device by what is printed on it; its secret is printed once."""
    from server import desk
    from server.monitoring.plate import Plate

    plate = Plate(maker, model, serial)
    _report(lambda: asyncio.run(desk.add_device(_settings(), device_id, label, plate)))


@device.command("list")
def device_list(
    search: Annotated[str, typer.Option(help="in id, label, maker, model or serial")] = "",
    state: Annotated[str | None, typer.Option(help="new, active, lost, replaced or revoked")] = None,
) -> None:
    """The devices, 200 at most: id, state, when it was heard last, whether it is worn, label, model and serial."""
    from server import desk

    _report(lambda: asyncio.run(desk.list_devices(_settings(), search, state)))


@device.command("rotate")
def device_rotate(device_id: str) -> None:
    """A new secret, printed once; the old one is dead. A lost device is in service again."""
    from server import desk

    _report(lambda: asyncio.run(desk.rotate_device(_settings(), device_id)))


@device.command("certificate")
def device_certificate(
    device_id: str,
    bind: Annotated[Path | None, typer.Option(help="a certificate in PEM form that it may show from now on")] = None,
    end: Annotated[str, typer.Option(help="the fingerprint of one that counts no longer")] = "",
) -> None:
    """Bind a certificate to a device, or end one: it may be shown in place of the secret ([mqtt] device_ca)."""
    from server import desk

    if (bind is None) == (not end):
        sys.exit("Say --bind FILE, or --end FINGERPRINT.")
    if bind is None:
        _report(lambda: asyncio.run(desk.end_certificate(_settings(), device_id, end)))
    else:
        file = bind
        _report(lambda: asyncio.run(desk.bind_certificate(_settings(), device_id, file.read_text(errors="replace"))))


@device.command("lost")
def device_lost(device_id: str) -> None:
    """Cut, and refused until it is found and rotated."""
    from server import desk

    _report(lambda: asyncio.run(desk.lose_device(_settings(), device_id)))


@device.command("revoke")
def device_revoke(device_id: str) -> None:
    """For good: cut, and refused from now on. What it sent stays."""
    from server import desk

    _report(lambda: asyncio.run(desk.revoke_device(_settings(), device_id)))


@device.command("replace")
def device_replace(
    old: str, new: str, at: Annotated[str | None, typer.Option(help="since when, such as 2026-11-21T08:00")] = None
) -> None:
    """The new device takes over the wearer and the limits of the old one, which is revoked."""
    from server import desk

    _report(lambda: asyncio.run(desk.replace_device(_settings(), old, new, at)))


@device.command("claim-code")
def device_claim_code(
    device_id: str, days: Annotated[int, typer.Option(min=1, max=365, help="how long it counts")] = 30
) -> None:
    """A one-time code by which staff or a patient claims the device."""
    from server import desk

    _report(lambda: asyncio.run(desk.claim_code(_settings(), device_id, days)))


@device.command("import")
def device_import(
    listed: Annotated[Path, typer.Argument(help="CSV with the columns model, serial, and maker, label, id")],
    credentials: Annotated[Path, typer.Option("--credentials", help="a new file, for their credentials: this once")],
    reissue: Annotated[bool, typer.Option(help="new credentials for those that were never heard")] = False,
) -> None:
    """Add the devices of a list, all or none; the same list again adds none twice."""
    from server import desk

    if credentials.exists():
        sys.exit(f"{credentials} is there already: name another file for the credentials")
    _report(lambda: asyncio.run(desk.import_devices(_settings(), listed.read_bytes(), credentials, reissue=reissue)))


@audit.command("verify")
def audit_verify(
    heads: Annotated[list[Path] | None, typer.Option(help="a file of heads that were kept elsewhere")] = None,
) -> None:
    """Read the audit's chain from end to end: names each row that was changed, removed, inserted or cut off."""
    from server import auditing

    _report(lambda: asyncio.run(auditing.verify(_settings(), heads or [])), auditing.REFUSALS)


@audit.command("heads")
def audit_heads() -> None:
    """Print where the chain stood, and stands: to be kept on another machine, or on paper."""
    from server import auditing

    _report(lambda: asyncio.run(auditing.heads(_settings())), auditing.REFUSALS)


def _add_user(role: str, login: str, name: str, phone: str | None, *, locale: str, email: str | None = None) -> None:
    from server import desk

    wish = desk.StaffWish(role, login, name, _password(), phone, locale, email)
    _report(lambda: asyncio.run(desk.add_user(_settings(), wish)))


def _password() -> str:
    """From the terminal, twice, unseen; or one line of standard input for scripts."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    first = getpass.getpass("Password (at least 12 characters): ")
    if getpass.getpass("Again: ") != first:
        sys.exit("The two differ; nothing was changed.")
    return first


def _settings() -> Settings:
    try:
        return load_settings()
    except SettingsError as wrong:
        sys.exit(f"Bedside does not start with these settings:\n{wrong}")


def _report(command: Callable[[], str], more_refusals: tuple[type[Exception], ...] = ()) -> None:
    """Print what a command did; a named refusal is a sentence, not a traceback."""
    from server.desk import REFUSALS

    refusals: tuple[type[Exception], ...] = (*REFUSALS, *more_refusals)
    try:
        print(command())
    except refusals as refused:
        sys.exit(str(refused))


def main() -> None:
    cli()


if __name__ == "__main__":
    main()
