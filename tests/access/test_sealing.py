"""The sealer behind the transactions: nothing skipped, nothing sealed twice, one chain whoever writes it."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from server.access import sealing
from server.access.chain import Head, expected_mac
from server.access.sealing import Sealer, WrongKey
from tests.access.notary import KEY, NOON, Notary


def sealer(notary: Notary, heads: list[Head] | None = None, key: bytes = KEY) -> Sealer:
    return Sealer(notary.store, key, (heads if heads is not None else []).append, lambda: NOON + timedelta(hours=1))


def one_chain(notary: Notary) -> None:
    """Every committed row stands in it once, and each seal fits the one before."""
    assert sorted(seal.row_id for seal in notary.seals[1:]) == sorted(notary.rows)
    for before, seal in pairwise(notary.seals):
        assert seal.number == before.number + 1
        assert seal.mac == expected_mac(KEY, before.mac, seal, notary.rows[seal.row_id])


async def test_what_was_written_is_sealed_in_order() -> None:
    notary = Notary()
    notary.write("a", "b", "c")
    await sealer(notary).catch_up()
    one_chain(notary)
    assert [seal.row_id for seal in notary.seals] == [0, 1, 2, 3]
    assert notary.seals[-1].settled == 3


async def test_a_row_that_commits_late_is_sealed_when_it_comes() -> None:
    notary = Notary()
    works = sealer(notary)
    notary.draw("late")
    notary.write("quick")
    await works.catch_up()
    assert [seal.row_id for seal in notary.seals] == [0, 2]
    assert notary.seals[-1].settled == 0, "row 1 may still come"
    notary.commit("late")
    await works.catch_up()
    one_chain(notary)
    assert notary.seals[-1].settled == 2


async def test_a_number_that_was_given_up_is_no_gap_for_ever() -> None:
    notary = Notary()
    works = sealer(notary)
    notary.draw("broken")
    notary.write("quick")
    await works.catch_up()
    notary.give_up("broken")
    notary.write("next")
    await works.catch_up()
    assert notary.seals[-1].settled == 3
    assert works.behind == 0


async def test_more_than_a_batch_is_sealed_batch_by_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "BATCH", 4)
    notary = Notary()
    for _ in range(11):
        notary.write()
    works = sealer(notary)
    assert await works.seal_some(), "the chain begins"
    assert await works.seal_some()
    assert (len(notary.seals) - 1, notary.seals[-1].settled, works.behind) == (4, 4, 7)
    await works.catch_up()
    one_chain(notary)


@st.composite
def days(draw: st.DrawFn) -> list[tuple[str, str]]:
    """Whatever may happen while a sealer waits: work of five transactions, and another sealer's whole turn."""
    return draw(
        st.lists(
            st.tuples(st.sampled_from(["draw", "commit", "give up", "seal"]), st.sampled_from("abcde")), max_size=60
        )
    )


@given(days(), st.integers(1, 5))
async def test_two_sealers_make_one_chain_whatever_happens_meanwhile(day: list[tuple[str, str]], batch: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sealing, "BATCH", batch)
        notary = Notary()
        first, second = sealer(notary), sealer(notary)
        happenings = iter(day)
        notary.meanwhile = lambda: _happens(notary, second, happenings)
        for _ in range(40):
            await first.seal_some()
        assert not list(happenings)
        for transaction in sorted(notary.open):
            notary.commit(transaction)
        await first.catch_up()
        one_chain(notary)
        report = await notary.inspected()
        assert (report.findings, report.waiting) == ([], 0)


async def _happens(notary: Notary, second: Sealer, happenings: Iterator[tuple[str, str]]) -> None:
    what, transaction = next(happenings, ("", ""))
    if what == "draw":
        notary.draw(transaction)
    elif what == "seal":
        await second.seal_some()
    elif what and transaction in notary.open:
        (notary.commit if what == "commit" else notary.give_up)(transaction)


async def test_another_key_adds_nothing_and_says_so() -> None:
    notary = Notary()
    notary.write()
    await sealer(notary).catch_up()
    notary.write()
    before = list(notary.seals)
    stranger = sealer(notary, key=b"o" * 32)
    with pytest.raises(WrongKey):
        await stranger.catch_up()
    assert notary.seals == before
    assert stranger.behind == 2


async def test_a_wrong_key_is_said_and_ends_nothing() -> None:
    notary = Notary()
    notary.write()
    await sealer(notary).catch_up()
    with structlog.testing.capture_logs() as said, suppress(TimeoutError):
        await asyncio.wait_for(sealer(notary, key=b"o" * 32).run(), 0.5)
    assert [line["event"] for line in said] == ["audit.wrong_key"]


async def test_heads_are_handed_out_now_and_then_and_when_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "SEAL_EVERY_S", 0.001)
    heads: list[Head] = []
    notary = Notary()
    notary.write()
    works = sealer(notary, heads)
    with suppress(TimeoutError):
        await asyncio.wait_for(works.run(), 0.05)
    assert [head.number for head in heads] == [1], "the next is due in five minutes"
    notary.write()
    await works.finish()
    assert [(head.number, head.mac) for head in heads] == [(seal.number, seal.mac) for seal in notary.seals[1:]]
    await works.finish()
    assert len(heads) == 2, "nothing new, nothing said"
