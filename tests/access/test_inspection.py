"""Whoever changes, removes, inserts or cuts off is found, and each row is named; an honest audit shows nothing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.access.chain import Head, Seal
from server.access.inspection import Fault, Finding, inspect
from server.access.sealing import Sealer
from tests.access.notary import KEY, NOON, Notary, row

ROWS = 8
TAMPERED = replace(row(5), entry=replace(row(5).entry, actor="user:z"))


async def audit(rows: int = ROWS) -> Notary:
    notary = Notary()
    for _ in range(rows):
        notary.write()
    await Sealer(notary.store, KEY, lambda _head: None, lambda: NOON + timedelta(minutes=1)).catch_up()
    return notary


def found(*findings: tuple[Fault, int | None, int | None]) -> list[Finding]:
    return [Finding(*finding) for finding in findings]


async def test_an_honest_audit_shows_nothing() -> None:
    report = await (await audit()).inspected()
    assert (report.findings, report.found, report.sealed, report.waiting, report.late) == ([], 0, ROWS, 0, 0)
    assert report.tip
    assert report.tip.number == ROWS


async def test_an_audit_that_nobody_sealed_yet_waits() -> None:
    notary = Notary()
    notary.write("a", "b")
    report = await notary.inspected()
    assert (report.findings, report.waiting, report.tip) == ([], 2, None)


def _swap(notary: Notary) -> None:
    notary.rows[4] = replace(row(5), id=4)
    notary.rows[5] = replace(row(4), id=5)


def _forge(notary: Notary) -> None:
    """A seal of one's own for a changed row: without the key."""
    notary.rows[5] = TAMPERED
    notary.seals[5] = replace(notary.seals[5], mac=b"f" * 32)


CRIMES: dict[str, tuple[Callable[[Notary], object], list[Finding]]] = {
    "a changed row": (lambda n: n.rows.update({5: TAMPERED}), found((Fault.CHANGED, 5, 5))),
    "two rows swapped": (_swap, found((Fault.CHANGED, 4, 4), (Fault.CHANGED, 5, 5))),
    "a row gone": (lambda n: n.rows.pop(5), found((Fault.MISSING, 5, 5))),
    "the first row gone": (lambda n: n.rows.pop(1), found((Fault.MISSING, 1, 1))),
    "the last row gone": (lambda n: n.rows.pop(8), found((Fault.MISSING, 8, 8))),
    "a seal changed": (
        lambda n: n.seals.__setitem__(5, replace(n.seals[5], mac=b"x" * 32)),
        found((Fault.CHANGED, 5, 5)),
    ),
    "a seal made to stand for another row": (
        lambda n: n.seals.__setitem__(5, replace(n.seals[5], row_id=4)),
        found((Fault.CHANGED, 5, 4), (Fault.INSERTED, None, 5)),
    ),
    "a forged seal on a changed row": (_forge, found((Fault.CHANGED, 5, 5), (Fault.CHANGED, 6, 6))),
    "a seal gone": (lambda n: n.seals.pop(5), found((Fault.SEAL_MISSING, 5, None), (Fault.INSERTED, None, 5))),
    "a row gone with its seal": (
        lambda n: (n.seals.pop(5), n.rows.pop(5)),
        found((Fault.SEAL_MISSING, 5, None)),
    ),
    "the first seal gone": (lambda n: n.seals.pop(0), found((Fault.SEAL_MISSING, 0, None))),
    "a row inserted": (lambda n: n.rows.update({-3: row(-3)}), found((Fault.INSERTED, None, -3))),
}


@pytest.mark.parametrize(("crime", "expected"), CRIMES.values(), ids=CRIMES.keys())
async def test_what_was_done_is_found_and_named(crime: Callable[[Notary], object], expected: list[Finding]) -> None:
    notary = await audit()
    crime(notary)
    report = await notary.inspected()
    assert report.findings == expected
    assert all(str(finding.row or finding.seal) in finding.sentence for finding in expected)


async def test_another_key_is_one_finding() -> None:
    report = await (await audit()).inspected(b"o" * 32)
    assert report.findings == found((Fault.WRONG_KEY, 0, None))


@given(st.integers(1, 20), st.data())
async def test_any_one_row_that_is_changed_or_gone_is_the_one_that_is_named(rows: int, data: st.DataObject) -> None:
    notary = await audit(rows)
    victim = data.draw(st.integers(1, rows))
    if data.draw(st.booleans()):
        del notary.rows[victim]
        expected = Fault.MISSING
    else:
        notary.rows[victim] = replace(row(victim), entry=replace(row(victim).entry, subject="ticket:other"))
        expected = Fault.CHANGED
    assert (await notary.inspected()).findings == found((expected, victim, victim))


def head(seal: Seal) -> Head:
    return Head(NOON, seal.number, seal.mac)


async def against(notary: Notary, heads: list[Head]) -> list[Finding]:
    return (await inspect(notary._read, KEY, heads)).findings


async def test_a_cut_off_end_is_found_by_a_head() -> None:
    notary = await audit()
    heads = [head(notary.seals[3]), head(notary.seals[ROWS])]
    assert await against(notary, heads) == []
    del notary.seals[6:]
    for number in (6, 7, 8):
        del notary.rows[number]
    assert (await notary.inspected()).findings == [], "what is left is whole in itself"
    assert await against(notary, heads) == [Finding(Fault.CUT_OFF, ROWS, head=heads[1])]


async def test_a_chain_that_was_made_anew_is_found_by_a_head_even_with_the_key() -> None:
    heads = [head((await audit()).seals[5])]
    rewritten = Notary()
    for _ in range(ROWS):
        rewritten.write()
    rewritten.rows[2] = replace(row(2), entry=replace(row(2).entry, actor="nobody"))
    await Sealer(rewritten.store, KEY, lambda _head: None, lambda: NOON).catch_up()
    assert (await rewritten.inspected()).findings == []
    assert await against(rewritten, heads) == [Finding(Fault.OTHER_CHAIN, 5, head=heads[0])]


async def test_rows_that_are_older_than_their_seal_are_counted() -> None:
    notary = await audit()
    works = Sealer(notary.store, KEY, lambda _head: None, lambda: NOON + timedelta(hours=2))
    notary.write()
    await works.catch_up()
    report = await notary.inspected()
    assert (report.findings, report.late, report.last_late) == ([], 1, 9)


async def test_a_thousand_faults_are_counted_and_a_hundred_named() -> None:
    notary = await audit(1000)
    notary.rows.clear()
    report = await notary.inspected()
    assert (report.found, len(report.findings)) == (1000, 100)
