"""``bedside audit`` on a hospital that ran: whole, tampered with, cut off, restored, and without its key."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
import structlog

from server import auditing, desk
from server.access.heads import HEADS
from server.app import open_bedside
from server.auditing import AuditError
from server.keys import AUDIT_KEY
from server.settings import Data, Mqtt, Settings, Web
from tests.e2e.hospital import Hospital
from tests.ports import free_port
from tests.server.test_command_line import refused

UNLOCK = "DROP TRIGGER audit_keeps_UPDATE; DROP TRIGGER audit_keeps_DELETE; DROP TRIGGER audit_seals_keeps_DELETE;"


def settings_of(directory: Path) -> Settings:
    web = Web(host="127.0.0.1", http_port=free_port(), https_port=free_port())
    return Settings(web=web, data=Data(directory=directory), mqtt=Mqtt(port=0, tls_port=free_port()))


async def runs_once(settings: Settings) -> None:
    bedside = await open_bedside(settings, demo=False)
    await bedside.start()
    await bedside.stop()


@pytest.fixture
async def settings(tmp_path: Path) -> Settings:
    """A stopped hospital: four devices were added, and the server has run since."""
    made = settings_of(tmp_path / "data")
    for number in range(1, 5):
        await desk.add_device(made, f"OX-{number}", "Oximeter")
    await runs_once(made)
    return made


def rows(settings: Settings, sql: str) -> list[tuple[object, ...]]:
    database = sqlite3.connect(settings.data.directory / "bedside.sqlite")
    try:
        return database.execute(sql).fetchall()
    finally:
        database.close()


def tamper(settings: Settings, sql: str) -> None:
    database = sqlite3.connect(settings.data.directory / "bedside.sqlite")
    database.executescript(UNLOCK + sql)
    database.close()


async def accused(settings: Settings, *heads: Path) -> str:
    with pytest.raises(AuditError) as refused_by:
        await auditing.verify(settings, heads)
    return str(refused_by.value)


async def test_a_stopped_server_leaves_no_row_without_a_seal_and_its_head_in_the_file(settings: Settings) -> None:
    assert rows(settings, "SELECT count(*) FROM audit_seals WHERE number > 0") == [(4,)]
    said = await auditing.verify(settings, ())
    assert said.startswith("The audit is whole: 4 rows sealed, seal 4 of ")
    assert "1 heads agree" in said
    kept = (settings.data.directory / HEADS).read_text()
    assert [tuple(kept.split()[1:])] == rows(settings, "SELECT '4', lower(hex(mac)) FROM audit_seals WHERE number = 4")
    assert f"{await auditing.heads(settings)}\n" == kept
    assert (settings.data.directory / AUDIT_KEY).stat().st_mode & 0o777 == 0o600


async def test_a_running_server_seals_what_the_command_line_writes(settings: Settings) -> None:
    await desk.add_device(settings, "OX-9", "Oximeter")
    assert "1 rows are not sealed yet" in await auditing.verify(settings, ())
    bedside = await open_bedside(settings, demo=False)
    await bedside.start()
    async with asyncio.timeout(10):
        while rows(settings, "SELECT count(*) FROM audit_seals WHERE number > 0") != [(5,)]:
            await asyncio.sleep(0.05)
    assert "whole: 5 rows" in await auditing.verify(settings, ())
    await bedside.stop()


CRIMES = {
    "changed": ("UPDATE audit SET actor = 'user:z' WHERE id = 2", "row 2 was changed"),
    "missing": ("DELETE FROM audit WHERE id = 2", "row 2 is missing"),
    "inserted": (
        "INSERT INTO audit SELECT -7, at, actor, action, subject, detail FROM audit WHERE id = 2",
        "row -7 was inserted",
    ),
    "cut off": (
        "DELETE FROM audit WHERE id > 2; DELETE FROM audit_seals WHERE audit_id > 2",
        "seal 4, and there is none",
    ),
}


@pytest.mark.parametrize(("crime", "named"), CRIMES.values(), ids=CRIMES.keys())
async def test_it_names_the_row_and_goes_on_naming_it_after_the_server_ran(
    settings: Settings, crime: str, named: str
) -> None:
    tamper(settings, crime)
    said = await accused(settings)
    assert "NOT whole (1 found)" in said
    assert named in said
    await runs_once(settings)
    assert named in await accused(settings)


async def test_a_restored_hospital_is_whole_and_older_heads_say_what_the_backup_had_not(
    settings: Settings, tmp_path: Path
) -> None:
    await desk.backup(settings, tmp_path / "saved.bedside")
    await desk.add_device(settings, "OX-9", "Oximeter")
    await runs_once(settings)
    (tmp_path / "heads").write_text(await auditing.heads(settings))
    restored = settings_of(tmp_path / "new")
    await desk.restore(restored, tmp_path / "saved.bedside")
    for _ in ("as restored", "after a start"):
        assert "whole: 4 rows sealed" in await auditing.verify(restored, ())
        await runs_once(restored)
    assert "says seal 5, and there is none" in await accused(restored, tmp_path / "heads")


async def test_without_the_key_or_with_another_nothing_is_claimed_and_patients_are_seen(settings: Settings) -> None:
    key = settings.data.directory / AUDIT_KEY
    kept = key.read_bytes()
    key.unlink()
    assert "audit.key is missing" in await accused(settings)
    assert not key.exists()
    with structlog.testing.capture_logs() as said:
        bedside = await open_bedside(settings, demo=False)
        await bedside.start()
        async with asyncio.timeout(10):
            while "audit.wrong_key" not in {line["event"] for line in said}:
                await asyncio.sleep(0.05)
        assert not [reason for reason in bedside.condition.not_ready() if "audit" in reason]
        await bedside.stop()
    assert "not the key that this chain began with" in await accused(settings)
    key.write_bytes(kept)
    assert "whole" in await auditing.verify(settings, ())


async def test_rows_from_before_a_long_standstill_are_counted_as_late(settings: Settings) -> None:
    dated_back = "SELECT 5, '2020-01-01T00:00:00.000000Z', actor, action, subject, '{}' FROM audit WHERE id = 1"
    tamper(settings, f"INSERT INTO audit {dated_back}")
    await runs_once(settings)
    assert "1 rows, row 5 the last, say that they are more than an hour older" in await auditing.verify(settings, ())


def test_the_commands_end_with_1_where_the_audit_is_not_whole(settings: Settings, tmp_path: Path) -> None:
    hospital = Hospital(settings.data.directory, preloaded=True)
    assert "whole: 4 rows" in hospital.bedside("audit", "verify")
    assert hospital.bedside("audit", "heads") == (settings.data.directory / HEADS).read_text()
    tamper(settings, "DELETE FROM audit WHERE id = 2")
    assert "row 2 is missing" in refused(hospital, "audit", "verify")
    assert "no such file" in refused(hospital, "audit", "verify", "--heads", str(tmp_path / "none"))
    nowhere = Hospital(tmp_path / "nowhere", preloaded=True)
    assert "there is no database" in refused(nowhere, "audit", "heads")
    assert list((tmp_path / "nowhere").iterdir()) == []
