"""One server a data directory, and what the second is told."""

from pathlib import Path

import pytest

from server.occupancy import LOCK, Occupied, occupied, occupied_file


def test_a_second_server_is_told_which_process_has_the_place(tmp_path: Path) -> None:
    with occupied(tmp_path), pytest.raises(Occupied, match=r"process \d+.*BEDSIDE_DATA__DIRECTORY"), occupied(tmp_path):
        pass


def test_the_place_is_free_again_afterwards_though_the_file_stays(tmp_path: Path) -> None:
    for _ in range(2):
        with occupied(tmp_path):
            assert (tmp_path / LOCK).stat().st_mode & 0o777 == 0o600
    assert (tmp_path / LOCK).exists()


def test_a_place_that_is_not_there_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    with occupied(tmp_path / "data"):
        assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


def test_two_directories_on_one_sqlite_file_are_refused_too(tmp_path: Path) -> None:
    file = tmp_path / "hospital.sqlite"
    with occupied_file(file):
        with pytest.raises(Occupied, match=r"hospital\.sqlite.*BEDSIDE_DATA__DATABASE"), occupied_file(file):
            pass
        with occupied_file(tmp_path / "another.sqlite"):
            pass
