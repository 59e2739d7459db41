"""Marks of browsers in which somebody has signed in: whose they are, how long, and that nobody makes one."""

from datetime import timedelta

import pytest

from server.access.known_browser import LIVES, MARKS, key_from, mark_of, marked
from tests.access.people import NOW

KEY = key_from(bytes(32))


def test_a_mark_counts_for_its_login_alone_until_it_is_too_old() -> None:
    kept = marked(KEY, "", "wang.li", NOW)
    assert mark_of(KEY, kept, "wang.li", NOW + LIVES - timedelta(days=1))
    assert mark_of(KEY, kept, "wang.li", NOW + LIVES) is None
    assert mark_of(KEY, kept, "chen.jing", NOW) is None
    assert mark_of(key_from(b"another installation"), kept, "wang.li", NOW) is None


def test_a_desk_that_several_share_knows_the_last_of_them_and_each_once() -> None:
    kept = ""
    for login in ("a", "b", "b", "c", "d"):
        kept = marked(KEY, kept, login, NOW)
    assert [bool(mark_of(KEY, kept, login, NOW)) for login in "abcd"] == [False, True, True, True]
    assert len(kept) <= 128
    assert MARKS == 3


def test_every_sign_in_makes_another_mark() -> None:
    first, second = (mark_of(KEY, marked(KEY, "", "a", NOW), "a", NOW) for _ in range(2))
    assert first != second


def test_one_mark_written_in_two_ways_is_counted_as_one() -> None:
    """Base64 has two alphabets, and the decoder takes both."""
    kept = next(mark for _ in range(500) if "-" in (mark := marked(KEY, "", "a", NOW)))
    assert mark_of(KEY, kept.replace("-", "+"), "a", NOW) == mark_of(KEY, kept, "a", NOW)


@pytest.mark.parametrize("brought", ["", "x", "A" * 36, "!" * 36, "=" * 108, "A" * 127, "\x7f" * 36])
def test_what_is_no_mark_of_ours_is_none(brought: str) -> None:
    assert mark_of(KEY, brought, "a", NOW) is None
    assert mark_of(KEY, marked(KEY, brought, "a", NOW), "a", NOW)
