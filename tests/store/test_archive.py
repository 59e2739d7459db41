"""Rows go into the archive's lines and come out the same; what does not fit is refused by name."""

import gzip
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.store import archive, tables
from server.store.errors import BadArchive

moments = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=8))]))
texts = st.text(st.characters(codec="utf-8"))
PATIENT = {
    "id": texts,
    "name": texts,
    "sex": texts,
    "birth_date": st.dates(),
    "phone": texts,
    "email": st.none() | texts,
    "locale": texts,
    "created_at": moments,
    "created_by": texts,
    "name_key": texts,
}
MESSAGE = {"body": st.binary(), "seq": st.none() | st.integers(-(2**63), 2**63 - 1), "sent_at": st.none() | moments}
OTHERS: dict[str, Any] = {
    "id": "a", "device_id": "b", "identity": "c", "epoch": None, "patient_id": None, "partition": None,
    "position": None, "received_at": datetime(2026, 11, 21, tzinfo=UTC), "measured_at": datetime(1, 1, 1, tzinfo=UTC),
}  # fmt: skip


def line(row: dict[str, Any]) -> bytes:
    return msgspec.json.encode(row) + b"\n"


@given(st.lists(st.fixed_dictionaries(PATIENT), max_size=4))
def test_text_dates_and_moments_come_back_the_same(rows: list[dict[str, Any]]) -> None:
    assert list(archive.rows_of(tables.patients, b"".join(map(line, rows)))) == rows


@given(st.fixed_dictionaries(MESSAGE))
def test_bytes_numbers_and_nothing_come_back_the_same(row: dict[str, Any]) -> None:
    assert list(archive.rows_of(tables.messages, line(OTHERS | row))) == [OTHERS | row]


@pytest.mark.parametrize(
    "row",
    [{}, {"key": "a"}, {"key": "a", "value": None}, {"key": 1, "value": ""}, {"key": "a", "value": "", "more": 1}],
)
def test_a_row_that_does_not_fit_its_table_is_refused(row: dict[str, Any]) -> None:
    with pytest.raises(BadArchive, match="installation"):
        list(archive.rows_of(tables.installation, line(row)))


def test_every_table_can_be_held() -> None:
    for table in tables.metadata.sorted_tables:
        assert list(archive.rows_of(table, b"")) == []


@pytest.mark.parametrize("name", ["files/../../etc/passwd", "files/a/b", "files/", "files/..", "files/.hidden"])
def test_a_file_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(BadArchive):
        archive.file_of(name)


def test_a_member_is_a_file_or_rows_of_a_table() -> None:
    assert archive.file_of("files/link.key") == "link.key"
    assert archive.file_of("tables/users.00000.jsonl") is None
    assert archive.table_of("tables/users.00000.jsonl") == "users"
    assert archive.table_of("files/link.key") is None


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.gz"
    path.write_bytes(gzip.compress(b"dear diary"))
    with pytest.raises(BadArchive):
        archive.verify(path)
