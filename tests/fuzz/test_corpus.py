"""What was found is kept, small and the same for everyone."""

from pathlib import Path

import pytest

from tests.fuzz import corpus
from tests.fuzz.corpus import LONGEST, MOST, keep, kept


def test_the_shortest_are_kept_each_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "FOLDER", tmp_path / "corpus")
    assert kept("readings") == []
    found = [b"\0\n\xff", b"", b"", b"x" * (LONGEST + 1), *(b"longer%d" % number for number in range(MOST))]
    assert keep("readings", found) == MOST
    assert kept("readings")[:2] == [b"", b"\0\n\xff"]
