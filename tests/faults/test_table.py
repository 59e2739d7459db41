"""The blows of all long runs are counted together, also those of a run that was interrupted."""

from pathlib import Path

import pytest

from tests.faults.table import FILE, Line, Programme, add, blows, left, lines, withstood

KILL = Line(Programme.SERVER, "Mosquitto, kill 1", seed=7)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "runs.tsv"


def test_what_is_written_is_read_again(file: Path) -> None:
    written = [KILL, Line(Programme.BROKER, "paused", 8, number=2, healed_s=3.25, faults=1)]
    for line in written:
        add(line, file)
    assert list(lines(file)) == [KILL, written[1]._replace(healed_s=3.2)]


def test_blows_add_up_over_all_runs_and_the_end_of_a_course_is_none(file: Path) -> None:
    assert not blows(file)
    for line in (
        KILL,
        KILL._replace(number=9),
        Line(Programme.HEALED, "Mosquitto"),
        Line(Programme.POSTGRES, "kill 1"),
    ):
        add(line, file)
    assert blows(file) == {Programme.SERVER: 10, Programme.POSTGRES: 1}


def test_an_interrupted_run_is_gone_on_with(file: Path) -> None:
    assert left(Programme.SERVER, 10, file) == 10
    add(KILL._replace(number=7), file)
    assert left(Programme.SERVER, 10, file) == 3
    add(KILL._replace(number=3), file)
    assert left(Programme.SERVER, 10, file) == 10


def test_a_blow_that_left_a_fault_is_struck_again(file: Path) -> None:
    blow = Line(Programme.WALK, "death at pwrite64 7")
    add(blow._replace(faults=1), file)
    assert withstood(Programme.WALK, file) == set()
    add(blow, file)
    assert withstood(Programme.WALK, file) == {"death at pwrite64 7"}


def test_the_kept_table_can_be_read() -> None:
    assert blows(FILE)[Programme.BROKER] >= 100
