"""A clinic with a fault is caught: each rule that a history is to watch, broken on purpose."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lending import Lending
from tests.linear.asked import Book, Send
from tests.linear.checker import Issued, counter_fault
from tests.linear.histories import Course, Told, run
from tests.linear.planted import COUNTING, FAULTS, SCENES, Fault, PlantedHouse, Scene, without_the_constraint

CALLS = 120
TRIES = 5  # chance leads past a rule now and then; a fault that is never seen is none that a history would show
FreshUrl = Callable[[], Awaitable[str]]
PATIENCE = 4_000  # a right history of so many calls needs a few hundred; a wrong one all of it


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
    told = await run(Course(store_url, seed, calls=60, capacity=60, house=PlantedHouse, habits=COUNTING.habits))
    assert told.faults
    assert any(counter_fault(numbers(told, session)) for session in (1, 2))


async def test_and_the_database_itself_refuses_them(store_url: str, seed: int) -> None:
    told = await run(Course(store_url, seed, calls=60, capacity=60, house=PlantedHouse, habits=COUNTING.habits))
    assert any("IntegrityError" in str(record.result) for record in told.records)


def _param(fault: Fault) -> object:
    return pytest.param(fault, id=fault.name, marks=[pytest.mark.postgres] if fault.races else [])


@pytest.fixture(params=map(_param, FAULTS))
def fault(request: pytest.FixtureRequest) -> Fault:
    planted: Fault = request.param
    return planted


@pytest.fixture
def lender(fault: Fault, request: pytest.FixtureRequest) -> Lending | None:
    """Of PostgreSQL, where the fault shows on it alone."""
    return request.getfixturevalue("lending") if fault.races else None


@pytest.fixture
async def fresh_url(lender: Lending | None, sqlite_template: Path, tmp_path: Path) -> AsyncIterator[FreshUrl]:
    """The address of a database of its own at each call: a clinic is built in an empty one."""
    lent: list[str] = []

    async def fresh() -> str:
        if lender is None:
            lent.append(f"{len(lent)}.db")
            return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / lent[-1])}"
        lent.append(await lender.lend())
        return lender.server.url(lent[-1])

    yield fresh
    if lender is not None:
        for name in lent:
            await lender.take_back(name)


async def test_a_broken_rule_is_caught(
    fault: Fault, fresh_url: FreshUrl, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    fault.plant(monkeypatch)
    for tried in range(TRIES):
        told = await run(_course(await fresh_url(), seed + tried, fault.scene))
        if told.faults:
            return
    pytest.fail(f"not seen in {TRIES} histories from seed {seed}: {told.asked()}")


@pytest.mark.parametrize("scene", SCENES)
async def test_the_same_people_in_a_clinic_without_a_fault(sqlite_url: str, seed: int, scene: Scene) -> None:
    told = await run(_course(sqlite_url, seed, scene))
    assert not told.faults, "\n".join(told.faults)


def _course(url: str, seed: int, scene: Scene) -> Course:
    of = Course(url, seed, calls=CALLS, capacity=scene.capacity, desks=scene.desks, habits=scene.habits)
    return replace(of, patience=PATIENCE)
