"""A clinic with a fault is caught: each rule that a history is to watch, broken on purpose.

``LINEAR=long`` says of each fault in how many of its histories it shows.
"""

import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from tests.lending import Lending
from tests.linear.asked import Book, Send
from tests.linear.checker import Issued, counter_fault
from tests.linear.conftest import Drawn
from tests.linear.histories import LONG, Course, Hospital, Told, opened, run
from tests.linear.planted import COUNTING, FAULTS, SCENES, Fault, PlantedHouse, Scene, without_the_constraint

CALLS = 80
TRIES = 20 if LONG else 12  # chance leads past a rule now and then; one never seen is none that a history would show
PATIENCE = 1_000  # a right history needs about as many as it has calls; a wrong one all of it
COUNTED = Course(0, calls=60, capacity=60, house=PlantedHouse, habits=COUNTING.habits, patience=PATIENCE)


def numbers(told: Told, session: int) -> list[Issued]:
    """What callers were told of one session's numbers, where no other call can have taken one unseen."""
    return [
        Issued(record.result, record.invoked, record.returned)
        for record in told.records
        if isinstance(record.op, Book | Send) and record.op.session == session
        if isinstance(record.result, int) and record.returned
    ]


async def test_numbers_that_are_max_plus_one_are_caught(store_url: str, seed: int) -> None:
    await without_the_constraint(store_url)
    told = await run(store_url, replace(COUNTED, seed=seed))
    assert told.faults
    assert any(counter_fault(numbers(told, session)) for session in (1, 2))


async def test_and_the_database_itself_refuses_them(store_url: str, seed: int) -> None:
    async with opened(store_url) as hospital:
        for tried in range(TRIES):
            told = await hospital.play(replace(COUNTED, seed=seed + tried))
            if any("IntegrityError" in str(record.result) for record in told.records):
                return
    pytest.fail(f"never in {TRIES} histories from seed {seed}")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hospital(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hospital]:
    """One for all faults that show on SQLite: each history has places of its own in it."""
    copied = shutil.copy(sqlite_template, tmp_path_factory.mktemp("planted") / "bedside.db")
    async with opened(f"sqlite:///{copied}") as found:
        yield found


@pytest_asyncio.fixture(loop_scope="module")
async def racing(lending: Lending) -> AsyncIterator[Hospital]:
    """On PostgreSQL, where several write at once."""
    name = await lending.lend()
    async with opened(lending.server.url(name)) as found:
        yield found
    await lending.take_back(name)


def _ids(given: Fault | Scene) -> str:
    return given.name if isinstance(given, Fault) else "-".join(given.habits.doctor)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("fault", [fault for fault in FAULTS if not fault.races], ids=_ids)
async def test_a_broken_rule_is_caught(
    fault: Fault, hospital: Hospital, drawn: Drawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault.plant(monkeypatch)
    await _is_seen(fault, hospital, drawn)


@pytest.mark.postgres
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault.races], ids=_ids)
async def test_a_race_is_caught(fault: Fault, racing: Hospital, drawn: Drawn, monkeypatch: pytest.MonkeyPatch) -> None:
    fault.plant(monkeypatch)
    await _is_seen(fault, racing, drawn)


async def _is_seen(fault: Fault, hospital: Hospital, drawn: Drawn) -> None:
    """Once is enough; a long run counts."""
    seen = 0
    for tried in range(TRIES):
        told = await hospital.play(_course(drawn.seed + tried, fault.scene))
        seen += bool(told.faults)
        if seen and not LONG:
            return
    drawn.note(fault.name, seen, TRIES)
    assert seen, f"not seen in {TRIES} histories from seed {drawn.seed}"


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("scene", SCENES, ids=_ids)
async def test_the_same_people_in_a_clinic_without_a_fault(hospital: Hospital, drawn: Drawn, scene: Scene) -> None:
    told = await hospital.play(_course(drawn.seed, scene))
    assert not told.faults, "\n".join(told.faults)


def _course(seed: int, scene: Scene) -> Course:
    return Course(seed, calls=CALLS, capacity=scene.capacity, desks=scene.desks, habits=scene.habits, patience=PATIENCE)
