"""What is saved comes back, on the other database too; what was changed or cut short does not."""

import io
import os
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from server.store import archive, tables
from server.store.backup import EPOCHS_PASSED, backup, restore
from server.store.engine import Store, open_store
from server.store.errors import ArchiveError, BadArchive, NotEmpty, NotReachable
from tests.postgres import PostgresServer
from tests.store.filled import contents, fill, plain

NOW = datetime(2026, 11, 21, 13, 0, tzinfo=UTC)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "old" / "link.key"
    path.parent.mkdir()
    path.write_bytes(os.urandom(32))
    return path


@pytest.fixture
async def saved(store: Store, store_url: str, key: Path, tmp_path: Path) -> Path:
    """The archive of a filled hospital that is still running."""
    await fill(store)
    await backup(store_url, tmp_path / "saved.tar.gz", {"link.key": key}, NOW)
    return tmp_path / "saved.tar.gz"


@pytest.fixture
async def archived(sqlite_store: Store, sqlite_url: str, key: Path, tmp_path: Path) -> Path:
    """The same, where the database that it came from makes no difference."""
    await fill(sqlite_store)
    await backup(sqlite_url, tmp_path / "saved.tar.gz", {"link.key": key}, NOW)
    return tmp_path / "saved.tar.gz"


def content(path: Path) -> bytes:
    return path.read_bytes()


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def reopened(url: str) -> dict[str, list[dict[str, object]]]:
    store = await open_store(url)
    try:
        return await contents(store)
    finally:
        await store.close()


def moved_on(before: dict[str, list[dict[str, object]]]) -> dict[str, list[dict[str, object]]]:
    """What a restored hospital holds: the same, but that no old lease is valid."""
    return before | {"partitions": [row | {"epoch": 7 + EPOCHS_PASSED} for row in before["partitions"]]}


async def test_every_table_comes_back_into_a_new_file(store: Store, saved: Path, tmp_path: Path) -> None:
    before = await contents(store)
    assert all(before.values()), "a table was left empty: the test would prove nothing about it"
    url = f"sqlite:///{tmp_path / 'new.db'}"
    await restore(saved, url, tmp_path / "new")
    assert await reopened(url) == moved_on(before)


@pytest.mark.postgres
async def test_every_table_comes_back_into_postgresql(
    store: Store, saved: Path, postgres: PostgresServer, tmp_path: Path
) -> None:
    name = await postgres.create()
    await restore(saved, postgres.url(name), tmp_path / "new")
    assert await reopened(postgres.url(name)) == moved_on(await contents(store))
    await postgres.drop(name)


@pytest.mark.postgres
async def test_the_audit_goes_on_after_its_last_number(
    store: Store, saved: Path, postgres: PostgresServer, tmp_path: Path
) -> None:
    name = await postgres.create()
    await restore(saved, postgres.url(name), tmp_path / "new")
    restored = await open_store(postgres.url(name))
    row = {"at": NOW, "actor": "system", "action": "a", "subject": "b", "detail": {}}
    async with restored.write(plain) as connection:
        await connection.execute(sa.insert(tables.audit).values(row))
    numbers = [row["id"] for row in (await contents(restored))["audit"]]
    await restored.close()
    await postgres.drop(name)
    assert numbers == [41, 42]


async def test_key_files_come_back_for_their_owner_only(archived: Path, key: Path, tmp_path: Path) -> None:
    await restore(archived, f"sqlite:///{tmp_path / 'new.db'}", tmp_path / "new")
    brought = tmp_path / "new" / "link.key"
    assert content(brought) == content(key)
    assert mode(brought) == mode(archived) == 0o600


async def test_a_backup_sees_one_moment(store: Store, store_url: str, tmp_path: Path) -> None:
    """A booking that is under way is not in it, and is not held up by it."""
    async with store.write(plain) as connection:
        await connection.execute(sa.insert(tables.installation).values(key="kind", value="hospital"))
        manifest = await backup(store_url, tmp_path / "saved.tar.gz", {}, NOW)
    assert manifest.rows["installation"] == 0


async def test_a_large_table_is_saved_in_parts(
    store: Store, store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "PART_BYTES", 2_000)
    rows = [{"key": f"k{number:04}", "value": "x" * 50} for number in range(1_200)]
    async with store.write(plain) as connection:
        await connection.execute(sa.insert(tables.installation), rows)
    manifest = await backup(store_url, tmp_path / "saved.tar.gz", {}, NOW)
    assert sum(name.startswith("tables/installation.") for name in manifest.members) > 20
    url = f"sqlite:///{tmp_path / 'new.db'}"
    await restore(tmp_path / "saved.tar.gz", url, tmp_path / "new")
    assert (await reopened(url))["installation"] == rows


async def test_a_place_that_holds_data_is_left_alone(store: Store, store_url: str, saved: Path, tmp_path: Path) -> None:
    before = await contents(store)
    with pytest.raises(NotEmpty):
        await restore(saved, store_url, tmp_path / "new")
    assert await contents(store) == before
    assert not (tmp_path / "new" / "link.key").exists()


async def test_a_key_that_is_there_is_left_alone(archived: Path, key: Path, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "link.key").write_bytes(b"mine")
    url = f"sqlite:///{tmp_path / 'new.db'}"
    with pytest.raises(NotEmpty):
        await restore(archived, url, tmp_path / "new")
    assert content(tmp_path / "new" / "link.key") == b"mine"
    assert (await reopened(url))["users"] == []


async def test_an_earlier_backup_is_not_overwritten(saved: Path, store_url: str) -> None:
    before = content(saved)
    with pytest.raises(ArchiveError):
        await backup(store_url, saved, {}, NOW)
    assert content(saved) == before


async def test_there_is_no_backup_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotReachable):
        await backup(f"sqlite:///{tmp_path / 'none.db'}", tmp_path / "saved.tar.gz", {}, NOW)
    assert names(tmp_path) == []


def rewritten(path: Path, change: Callable[[str, bytes], bytes | None]) -> None:
    """The same archive with some members changed, or left out where ``change`` gives None."""
    kept = [(name, new) for name, content in archive.members(path) if (new := change(name, content)) is not None]
    with tarfile.open(path, "w:gz") as tar:
        for name, content in kept:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


CHANGES: dict[str, Callable[[str, bytes], bytes | None]] = {
    "a changed value": lambda _name, content: content.replace(b"79.25", b"97.25"),
    "a lost table": lambda name, content: None if name.startswith("tables/alarms") else content,
    "a lost manifest": lambda name, content: None if name == "manifest.json" else content,
    "a lost header": lambda name, content: None if name == "bedside.json" else content,
    "another form": lambda _name, content: content.replace(b'"format":1', b'"format":2'),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
async def test_what_was_changed_is_refused(
    archived: Path, tmp_path: Path, change: Callable[[str, bytes], bytes | None]
) -> None:
    rewritten(archived, change)
    with pytest.raises(BadArchive):
        await restore(archived, f"sqlite:///{tmp_path / 'new.db'}", tmp_path / "new")
    assert not (tmp_path / "new.db").exists()


@pytest.mark.parametrize("left", [0.1, 0.5, 0.99])
async def test_what_was_cut_short_is_refused(archived: Path, tmp_path: Path, left: float) -> None:
    os.truncate(archived, int(len(content(archived)) * left))
    with pytest.raises(BadArchive):
        await restore(archived, f"sqlite:///{tmp_path / 'new.db'}", tmp_path / "new")


async def test_another_schema_is_refused_before_anything_is_touched(archived: Path, tmp_path: Path) -> None:
    header, _ = archive.verify(archived)
    path = tmp_path / "other.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        archive.ArchiveWriter(tar, archive.Header(1, "0999", header.made_at, "sqlite")).finish()
    with pytest.raises(BadArchive, match="0999"):
        await restore(path, f"sqlite:///{tmp_path / 'new.db'}", tmp_path / "new")
    assert not (tmp_path / "new.db").exists()
