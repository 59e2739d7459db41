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
device = typer.Typer(no_args_is_help=True, help="Devices that are there already; add-device adds them.")
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
    seconds: Annotated[float | None, typer.Option(help="how long; for ever without")] = None,
    seed: Annotated[int, typer.Option(help="the same seed plays the same vitals")] = 1,
    device: Annotated[str | None, typer.Option(help="play one device that is already added, by its id")] = None,
    secret: Annotated[str | None, typer.Option(envvar="DEVICE_SECRET", help="that device's secret")] = None,
) -> None:
    """Play devices with store-and-forward against the running server."""
    from server import desk

    wish = desk.SimulationWish(devices, rate, episode, seconds, seed, device, secret)
    _report(lambda: asyncio.run(desk.simulate(_settings(), wish)))


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
) -> None:
    """Write a patient's single readings to a file that only you can read. It is a row of the audit."""
    from server import exporting

    wish = exporting.ExportWish(patient, format_, since, until, file)
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


@device.command("revoke")
def device_revoke(device_id: str) -> None:
    """A lost or stolen device: cut, and refused from now on. What it sent stays."""
    from server import desk

    _report(lambda: asyncio.run(desk.revoke_device(_settings(), device_id)))


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
