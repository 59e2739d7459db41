"""The command line on a hospital of its own: staff, devices, simulation, and what the demonstration may touch."""

import asyncio
import re
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server import desk
from server.monitoring.plate import Plate
from server.settings import Data, Settings
from tests.e2e.hospital import Hospital

PASSWORD = "correct-horse-battery"


@pytest.fixture
async def hospital(tmp_path: Path) -> AsyncIterator[Hospital]:
    made = Hospital(tmp_path, preloaded=True)
    yield made
    await made.stop()


def refused(hospital: Hospital, *words: str, typed: str = "") -> str:
    """What the command says instead of doing it."""
    done = hospital.run(*words, typed=typed)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


def test_an_administrator_is_made_with_a_password_of_their_own(hospital: Hospital) -> None:
    hospital.preloaded = False  # once from nothing, as a hospital does it
    said = hospital.bedside("create-admin", "root", "--name", "Admin", typed=f"{PASSWORD}\n")
    hospital.preloaded = True
    assert "root" in said
    row = hospital.rows("SELECT role, password_hash FROM users")[0]
    assert row["role"] == "admin"
    assert row["password_hash"].startswith("$argon2id$")
    assert "12" in refused(hospital, "create-admin", "second", "--name", "Second", typed="short\n")
    assert "login" in refused(hospital, "create-admin", "root", "--name", "Again", typed=f"{PASSWORD}\n")


async def test_an_offset_that_is_given_counts_and_without_one_it_is_the_hospitals_time(tmp_path: Path) -> None:
    settings = Settings(data=Data(directory=tmp_path))
    await desk.add_user(settings, desk.StaffWish("doctor", "dr.wei", "Lin Wei", PASSWORD, None, "en"))
    for title, opens, closes in (
        ("local", "2026-11-21T08:00", "2026-11-21T12:00"),
        ("given", "2026-11-21T00:00Z", "2026-11-20T23:00-05:00"),
    ):
        said = await desk.add_session(settings, "dr.wei", title, (opens, closes))
        assert "2026-11-21 08:00 to 12:00" in said
    rows = Hospital(tmp_path).rows("SELECT DISTINCT opens_at, closes_at FROM sessions")
    assert rows == [{"opens_at": "2026-11-21T00:00:00.000000Z", "closes_at": "2026-11-21T04:00:00.000000Z"}]


def test_who_left_and_what_was_lost_is_refused_by_command(hospital: Hospital) -> None:
    hospital.bedside("create-admin", "root", "--name", "Admin", typed=f"{PASSWORD}\n")
    hospital.add_device("OX-1")
    assert "new password" in hospital.bedside("user", "password", "root", typed=f"another-{PASSWORD}\n")
    assert "not let in again" in hospital.bedside("user", "disable", "root")
    assert "refused" in hospital.bedside("device", "revoke", "OX-1")
    assert hospital.rows("SELECT count(*) AS n FROM users WHERE disabled_at IS NOT NULL") == [{"n": 1}]
    assert hospital.rows("SELECT count(*) AS n FROM devices WHERE revoked_at IS NOT NULL") == [{"n": 1}]
    assert "nobody signs in" in refused(hospital, "user", "disable", "root")
    assert "no such" in refused(hospital, "device", "revoke", "OX-9").lower()


async def test_a_devices_life_from_the_command_line(tmp_path: Path) -> None:
    settings = Settings(data=Data(directory=tmp_path))
    printed = await desk.add_device(settings, None, None, Plate("Contec", "PM10", "1"))
    assert printed.split()[1] == "PM10-1"
    assert "rotate PM10-1" in await desk.lose_device(settings, "PM10-1")
    assert (await desk.rotate_device(settings, "PM10-1")).split()[3] != printed.split()[3]
    assert re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}", await desk.claim_code(settings, "PM10-1", 7))
    credentials = tmp_path / "credentials.csv"
    said = await desk.import_devices(settings, b"model,serial\nPM10,1\nPM10,2\n", credentials, reissue=False)
    assert "1 added, 1 on record" in said
    assert credentials.stat().st_mode & 0o077 == 0
    with pytest.raises(desk.DeskError, match="row 2 serial: missing"):
        await desk.import_devices(settings, b"model,serial\nPM10,\n", tmp_path / "other.csv", reissue=False)
    await desk.replace_device(settings, "PM10-1", "PM10-2", None)
    listed = (await desk.list_devices(settings, "PM10", None)).splitlines()
    assert [line.split()[:2] for line in listed] == [["PM10-1", "replaced"], ["PM10-2", "new"]]
    assert await desk.list_devices(settings, "", "revoked") == "No device."
    with pytest.raises(desk.DeskError, match="a state is"):
        await desk.list_devices(settings, "", "broken")


def test_a_wrong_setting_is_a_sentence(hospital: Hospital) -> None:
    hospital.settings = {"LOG__LEVEL": "loud"}
    said = refused(hospital, "serve")
    assert "BEDSIDE_LOG__LEVEL" in said
    assert "'loud'" in said


async def test_simulated_devices_come_speak_and_take_their_credentials_with_them(hospital: Hospital) -> None:
    await hospital.start()
    said = hospital.bedside("simulate", "--devices", "3", "--rate", "2", "--seconds", "2")
    measured, covered, held = (int(number) for number in re.findall(r"\d+", said))
    assert (measured, held) == (covered, 0)
    assert measured >= 9
    assert hospital.rows("SELECT count(*) AS n FROM messages") == [{"n": measured}]
    assert hospital.rows("SELECT count(*) AS n FROM devices WHERE revoked_at IS NULL") == [{"n": 0}]
    await hospital.stop(signal.SIGKILL)
    assert "was killed" in refused(hospital, "simulate")


def test_simulating_without_a_server_says_what_to_do(hospital: Hospital) -> None:
    assert "start it first" in refused(hospital, "simulate")


async def test_the_demonstration_makes_its_sign_ins_once_and_for_the_owner_only(hospital: Hospital) -> None:
    await hospital.start("--demo", "--no-sensors")
    await _until_shown(hospital)
    kept = hospital.data / "demo-sign-ins.toml"
    before = kept.read_text()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert hospital.password("dr.lin") not in hospital.log()
    assert await hospital.stop() == 0
    await hospital.start("--demo", "--no-sensors")
    await _until_shown(hospital, times=2)
    assert kept.read_text() == before
    assert hospital.rows("SELECT count(*) AS n FROM tickets") == [{"n": 1}]
    assert hospital.log().count("/join#") >= 2


async def test_the_demonstration_keeps_its_hands_off_a_hospitals_database(hospital: Hospital) -> None:
    hospital.bedside("create-admin", "root", "--name", "Admin", typed=f"{PASSWORD}\n")
    assert "holds a hospital of its own" in refused(hospital, "serve", "--demo")
    assert hospital.rows("SELECT login FROM users") == [{"login": "root"}]


async def _until_shown(hospital: Hospital, times: int = 1) -> None:
    async with asyncio.timeout(20):
        while len(shown := hospital.log().split("Ctrl-C")) <= times or '"ready"' not in shown[-1]:
            await asyncio.sleep(0.1)
