"""The kills of all long runs are counted together."""

from datetime import date
from pathlib import Path

from tests.faults.table import add, random_kills

DAY = date(2026, 11, 22)


def test_what_was_run_before_counts_and_only_kills_at_random_do(tmp_path: Path) -> None:
    file = tmp_path / "runs.txt"
    assert random_kills(file) == 0
    add(["10 kills at random moments (seed 7), Mosquitto: 900 messages, none lost"], DAY, file)
    add(
        ["10 kills at random moments (seed 8), embedded broker: …", "death at fdatasync 1 to 20, Mosquitto: …"],
        DAY,
        file,
    )
    assert random_kills(file) == 20
    assert file.read_text().splitlines()[0].startswith("2026-11-22 10 kills")
