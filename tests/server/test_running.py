"""Where a running server listens: what the command line is told, and what a killed one leaves."""

from pathlib import Path

import pytest

from server.occupancy import is_occupied, occupied
from server.running import RUNNING, NotRunning, announce, where, withdraw


def test_who_runs_says_where_and_takes_it_back(tmp_path: Path) -> None:
    with occupied(tmp_path):
        announce(tmp_path, {"mqtt": 1883})
        assert where(tmp_path) == {"mqtt": 1883}
        assert (tmp_path / RUNNING).stat().st_mode & 0o777 == 0o600
        assert withdraw(tmp_path)
        with pytest.raises(NotRunning, match="start it first"):
            where(tmp_path)


def test_what_a_killed_server_left_is_not_believed_and_found_by_the_next(tmp_path: Path) -> None:
    announce(tmp_path, {"mqtt": 1883})
    with pytest.raises(NotRunning, match="was killed: start it again"):
        where(tmp_path)
    with occupied(tmp_path):
        assert withdraw(tmp_path)
        assert not withdraw(tmp_path)


def test_looking_whether_somebody_runs_takes_nobodys_place(tmp_path: Path) -> None:
    assert not is_occupied(tmp_path)
    with occupied(tmp_path):
        assert is_occupied(tmp_path)
    assert not is_occupied(tmp_path)
    with occupied(tmp_path):
        pass
