"""What lies on the disk is its owner's alone; no second server, older version or demonstration takes it over."""

import asyncio
import os
import socket
import sqlite3
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.store.hold import Hold
from tests.attacks.ward import Ward, people
from tests.e2e.hospital import Hospital

WORLD = stat.S_IRWXG | stat.S_IRWXO


@pytest.fixture
def loose_umask() -> Iterator[None]:
    """The worst that a service manager could have set."""
    before = os.umask(0)
    yield
    os.umask(before)


def is_one_sentence(done: subprocess.CompletedProcess[str]) -> bool:
    said = [line for line in done.stderr.strip().splitlines() if '"level": "info"' not in line]
    return done.returncode == 1 and "Traceback" not in done.stderr and len(said) <= 2


def open_to_others(folder: Path) -> list[str]:
    mine = [path for path in (folder, *folder.rglob("*")) if path.name != "server.log"]  # the test's own
    public = {"ca.crt", "server.crt"}
    return [
        f"{path}: {path.stat().st_mode:o}" for path in mine if path.stat().st_mode & WORLD and path.name not in public
    ]


async def test_nothing_in_the_data_directory_is_readable_to_others_whatever_the_umask(
    tmp_path: Path, loose_umask: None
) -> None:
    house = tmp_path / "made" / "by" / "the server"
    hospital = Hospital(tmp_path / "log", preloaded=True)
    hospital.settings = {"DATA__DIRECTORY": str(house)}
    await hospital.start("--demo", "--no-sensors")
    try:
        assert {"bedside.sqlite", "bedside.sqlite-wal", "link.key", "ca.key", "demo-sign-ins.toml"} <= {
            path.name for path in house.iterdir()
        }
        assert not open_to_others(house)
        archive = tmp_path / "hospital.bedside"
        hospital.bedside("backup", str(archive))
        assert archive.stat().st_mode & 0o777 == 0o600
        again = hospital.run("restore", str(archive))
        assert is_one_sentence(again), again.stderr
        assert "empty" in again.stderr
    finally:
        await hospital.stop()


async def test_a_second_server_on_the_same_data_is_refused_by_name_and_disturbs_nothing(own_ward: Ward) -> None:
    """On the same ports or on others: two would take the alarms from each other and send every message twice."""
    first = own_ward.hospital
    leases = own_ward.rows("SELECT id, epoch FROM partitions")
    same_ports, other_ports = first, Hospital(first.data, preloaded=True)
    started = (asyncio.to_thread(second.run, "serve") for second in (same_ports, other_ports))
    for refused in await asyncio.gather(*started):
        assert is_one_sentence(refused), refused.stderr
        assert f"process {first.process and first.process.pid}" in refused.stderr
    assert own_ward.rows("SELECT id, epoch FROM partitions") == leases
    assert first.is_ready()
    await first.stop()
    await other_ports.start()
    assert await other_ports.stop() == 0


async def test_a_taken_port_is_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        names = ("WEB__HTTP_PORT", "WEB__HTTPS_PORT", "MQTT__PORT")
        others = [Hospital(tmp_path / name, {name: port}, preloaded=True) for name in names]
        for refused in await asyncio.gather(*(asyncio.to_thread(other.run, "serve") for other in others)):
            assert is_one_sentence(refused), refused.stderr
            assert port in refused.stderr


async def test_the_demonstration_never_moves_into_a_hospital(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path, preloaded=True)
    await people(tmp_path)
    before = hospital.rows("SELECT * FROM users")
    refused = await asyncio.to_thread(hospital.run, "serve", "--demo")
    assert is_one_sentence(refused), refused.stderr
    assert "hospital of its own" in refused.stderr
    assert hospital.rows("SELECT * FROM users") == before
    assert not (tmp_path / "demo-sign-ins.toml").exists()


async def test_a_database_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path, preloaded=True)
    await people(tmp_path)
    with sqlite3.connect(tmp_path / "bedside.sqlite") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    commands = (("serve",), ("migrate",), ("backup", str(tmp_path / "x")), ("add-device", "ox", "Oximeter"))
    for refused in await asyncio.gather(*(asyncio.to_thread(hospital.run, *words) for words in commands)):
        assert is_one_sentence(refused), refused.stderr
        assert "newer" in refused.stderr, refused.stderr
    assert hospital.rows("SELECT version_num FROM alembic_version") == [{"version_num": "9999"}]
    assert not (tmp_path / "x").exists()


async def test_a_server_with_a_directory_of_its_own_does_not_take_anothers_database(
    tmp_path: Path, postgres_url: str
) -> None:
    first = Hold(postgres_url, "bedside ward-1 process 7")
    await first.take()
    try:
        second = Hospital(tmp_path, {"DATA__DATABASE": postgres_url}, preloaded=True)
        refused = await asyncio.to_thread(second.run, "serve")
        assert is_one_sentence(refused), refused.stderr
        assert "another server (bedside ward-1 process 7) runs on this database" in refused.stderr
    finally:
        await first.release()
