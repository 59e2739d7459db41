"""Wherever the server dies while it writes, and whatever a write fails with: what was promised is there, as sent."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.conftest import LONG
from tests.faults.sweep import Blow, blows_at, walks
from tests.faults.table import Line, Programme, withstood
from tests.faults.verdict import Wrong
from tests.faults.ward import Ward, make_ward

pytestmark = pytest.mark.faults

TWICE_STORED = "tests.faults.walk_twice_stored"
ERRORS = ("EIO", "ENOSPC")
FAILING = 3  # calls in a row: what is tried again at once fails again
FEW = (
    Blow("pwrite64", 120),  # half a commit is in the log
    Blow("fdatasync", 6),  # a commit is in the log, and nobody was told
    Blow("fdatasync", 9, "EIO", FAILING),  # what the system has of it is not known
    Blow("pwrite64", 200, "ENOSPC", FAILING),
)


@pytest.fixture
async def two(tmp_path: Path) -> Ward:
    (tmp_path / "ward").mkdir()
    return await make_ward(tmp_path / "ward", 2)


@pytest.mark.slow
@pytest.mark.skipif(not LONG, reason="belongs to the long run: FAULTS=long")
async def test_death_or_an_error_at_a_write_costs_nothing_that_was_promised(
    tmp_path: Path, two: Ward, strace: str, figures: list[str], kept: Callable[[Line], None]
) -> None:
    faults: list[str] = []
    absent = 0
    async with walks(tmp_path, two) as walking:
        census = await walking.census()
        blows = [*blows_at(census), *(blow for error in ERRORS for blow in blows_at(census, error, FAILING))]
        done = withstood(Programme.WALK)
        for blow in (blow for blow in blows if str(blow) not in done):
            felt = await walking.struck(blow)
            if felt is None:
                absent += 1
                continue
            kept(Line(Programme.WALK, str(blow), faults=len(felt)))
            faults += felt
    assert not faults, f"{len(faults)} faults\n" + "\n".join(faults[:40])
    assert len(blows) > 100, "too few calls: this proves nothing"
    assert absent < len(blows) / 20, "too many calls were in one walk only"
    calls = ", ".join(f"{number} × {call}" for call, number in sorted(census.items()))
    figures.append(
        f"{len(blows)} deaths and errors at a write ({calls}), {absent} of which came in no later walk: "
        "nothing lost, none twice"
    )


async def test_a_few_blows_in_the_middle_of_the_walk_cost_nothing(tmp_path: Path, two: Ward, strace: str) -> None:
    async with walks(tmp_path, two) as walking:
        felt = [await walking.struck(blow) for blow in FEW]
    assert felt == [[]] * len(FEW)


async def test_a_message_without_its_key_is_found_twice(tmp_path: Path, two: Ward, strace: str) -> None:
    """The programme's own test: what is sent again is stored again, and that is named."""
    async with walks(tmp_path, two, module=TWICE_STORED) as walking:
        faults = await walking.struck(None) or []
    assert any(Wrong.TWICE in fault for fault in faults), faults


def test_there_is_a_blow_for_every_call() -> None:
    blows = blows_at({"pwrite64": 90, "fdatasync": 10})
    assert len(blows) == len(set(blows)) == 100
    assert str(Blow("pwrite64", 3, "EIO", 3)) == "EIO at pwrite64 3"
    assert Blow("pwrite64", 3, "EIO", 3).injection == "inject=pwrite64:error=EIO:when=3..5"
    assert Blow("unlink", 1).injection == "inject=unlink:signal=SIGKILL:when=1"
