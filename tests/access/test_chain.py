"""A seal binds every word of its row, its place and everything before it; a head says where the chain stood."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.access.audit import AuditEntry
from server.access.chain import AuditRow, BadHead, Head, Seal, begin, expected_mac, fits, read_head, seal_rows

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
NOON = datetime(2026, 11, 21, 12, 0, 0, 120_007, tzinfo=UTC)
ROW = AuditRow(41, AuditEntry(NOON, "user:a", "ticket.booked", "ticket:b", {"serial": 1, "urgent": False}))
FIRST = begin(KEY, NOON)

texts = st.text(max_size=20)
details = st.dictionaries(texts, st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts, max_size=4)
moments = st.datetimes(timezones=st.just(UTC))
entries = st.builds(AuditEntry, at=moments, actor=texts, action=texts, subject=texts, detail=details)
rows = st.builds(AuditRow, st.integers(1, 2**40), entries)


def sealed(row: AuditRow = ROW, key: bytes = KEY, settled: int = 40) -> Seal:
    return seal_rows(key, FIRST, [row], (settled, NOON))[0]


def test_the_chain_begins_with_its_key() -> None:
    assert fits(KEY, FIRST)
    assert not fits(OTHER_KEY, FIRST)
    assert not fits(KEY, replace(FIRST, sealed_at=NOON + timedelta(microseconds=1)))


@given(rows, rows)
def test_two_rows_never_have_one_hash(one: AuditRow, other: AuditRow) -> None:
    assert one == other or sealed(one).mac != sealed(other).mac


@pytest.mark.parametrize(
    "changed",
    [
        replace(ROW, id=42),
        replace(ROW, entry=replace(ROW.entry, at=NOON + timedelta(microseconds=1))),
        replace(ROW, entry=replace(ROW.entry, actor="user:c")),
        replace(ROW, entry=replace(ROW.entry, action="ticket.moved")),
        replace(ROW, entry=replace(ROW.entry, subject="ticket:c")),
        replace(ROW, entry=replace(ROW.entry, detail={"serial": 2, "urgent": False})),
        replace(ROW, entry=replace(ROW.entry, detail={"serial": True, "urgent": False})),
        replace(ROW, entry=replace(ROW.entry, actor="user:a,ticket.booked")),
    ],
)
def test_every_word_of_a_row_is_bound(changed: AuditRow) -> None:
    seal = sealed()
    assert expected_mac(KEY, FIRST.mac, seal, ROW) == seal.mac
    assert expected_mac(KEY, FIRST.mac, seal, changed) != seal.mac


@pytest.mark.parametrize("field", ["number", "row_id", "settled"])
def test_the_place_is_bound(field: str) -> None:
    seal = sealed()
    moved = replace(seal, **{field: getattr(seal, field) + 1})
    assert expected_mac(KEY, FIRST.mac, moved, ROW) != seal.mac
    assert expected_mac(KEY, sealed(settled=9).mac, seal, ROW) != seal.mac, "so is what came before"


def test_without_the_key_nobody_writes_a_seal() -> None:
    assert sealed(key=OTHER_KEY).mac != sealed().mac


def test_it_goes_on_from_the_tip_and_never_unsettles() -> None:
    first, second = seal_rows(KEY, FIRST, [ROW, replace(ROW, id=44)], (43, NOON))
    (third,) = seal_rows(KEY, second, [replace(ROW, id=42)], (40, NOON))
    assert [seal.number for seal in (first, second, third)] == [1, 2, 3]
    assert [seal.row_id for seal in (first, second, third)] == [41, 44, 42]
    assert third.settled == 43
    assert third.mac == expected_mac(KEY, second.mac, third, replace(ROW, id=42))


def test_neither_the_order_of_a_details_keys_nor_the_time_zone_counts() -> None:
    there = NOON.astimezone(timezone(timedelta(hours=8)))
    same = replace(ROW.entry, at=there, detail={"urgent": False, "serial": 1})
    assert sealed(replace(ROW, entry=same)).mac == sealed().mac


@given(moments, st.integers(0, 2**60), st.binary(min_size=32, max_size=32))
def test_a_head_is_one_line_that_reads_back(at: datetime, number: int, mac: bytes) -> None:
    head = Head(at, number, mac)
    assert read_head(head.line) == head
    assert "\n" not in head.line


@pytest.mark.parametrize(
    "line",
    [
        "",
        "x",
        "2026-11-21T12:00:00Z 7",
        "2026-11-21T12:00:00Z 7 zz",
        "yesterday 7 00",
        f"2026-11-21T12:00:00Z 7 {'00' * 31}",
    ],
)
def test_what_is_no_head_is_refused(line: str) -> None:
    with pytest.raises(BadHead):
        read_head(line)
