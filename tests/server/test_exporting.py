"""``bedside export``: a file for its owner alone, and refusals in a sentence."""

import stat
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from server import exporting
from server.exporting import ExportRefused, ExportWish
from server.monitoring.errors import NotFound, RangeRefused
from server.settings import Data, Settings
from server.store.engine import open_store
from server.store.tables import messages
from tests.store.filled import fill, plain

PATIENT = "patients.id 李"


@pytest.fixture
def body() -> bytes:
    return b"{}"


@pytest.fixture
async def settings(sqlite_url: str, tmp_path: Path, body: bytes) -> Settings:
    store = await open_store(sqlite_url)
    await fill(store)
    async with store.write(plain) as connection:
        await connection.execute(sa.update(messages).values(body=body))
    await store.close()
    return Settings(data=Data(directory=tmp_path, database=sqlite_url))


def wish(file: Path, form: str = "csv", since: str | None = "2026-01-01", until: str | None = None) -> ExportWish:
    return ExportWish(PATIENT, form, since, until, file)


async def test_a_patients_file_is_written_for_its_owner_alone(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "readings.json"
    said = await exporting.export(settings, wish(file, "fhir"))
    assert str(file) in said
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_bytes().startswith(b'{"resourceType":"Bundle"')


async def test_a_file_that_is_there_is_not_replaced(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "readings.csv"
    file.write_text("mine")
    with pytest.raises(FileExistsError):
        await exporting.export(settings, wish(file))
    assert file.read_text() == "mine"


@pytest.mark.parametrize("body", [b"broken"])
async def test_half_a_file_does_not_stay(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "readings.csv"
    with pytest.raises(msgspec.DecodeError):
        await exporting.export(settings, wish(file))
    assert not file.exists()


async def test_what_cannot_be_is_refused_in_a_sentence(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "readings.csv"
    for form, since in (("xml", "2026-01-01"), ("csv", "1 January")):
        with pytest.raises(ExportRefused, match="fhir or csv"):
            await exporting.export(settings, wish(file, form, since))
    with pytest.raises(RangeRefused):
        await exporting.export(settings, wish(file, "csv", "2026-02-01", "2026-01-01"))
    with pytest.raises(NotFound):
        await exporting.export(settings, ExportWish("nobody", "csv", None, None, file))
    assert not file.exists()
