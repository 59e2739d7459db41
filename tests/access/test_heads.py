"""The file of heads: one line each, for its owner only, read back as it was written."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from server.access.chain import BadHead, Head
from server.access.heads import HEADS, append_head, heads_in

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def test_heads_are_added_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / HEADS
    assert list(heads_in(path)) == []
    heads = [Head(NOON + timedelta(minutes=n), n, bytes([n]) * 32) for n in range(3)]
    for head in heads:
        append_head(path, head)
    assert list(heads_in(path)) == heads
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_line_that_is_no_head_is_named(tmp_path: Path) -> None:
    (tmp_path / HEADS).write_text("2026-11-21 something else\n")
    with pytest.raises(BadHead, match="something else"):
        list(heads_in(tmp_path / HEADS))
