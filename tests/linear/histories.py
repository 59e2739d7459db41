"""One history: two servers at work on one database, calls cut off, another server's process killed, and the verdict."""

import asyncio
import os
import random
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Final

from server.store.engine import Store, connect
from tests.linear.another import Another
from tests.linear.checker import PATIENCE
from tests.linear.clients import Clock, Place, Plan, Record
from tests.linear.doctors import work
from tests.linear.evidence import Bounds, Evidence, differences, gather, verdict
from tests.linear.habits import USUAL, Habits
from tests.linear.hospital import build
from tests.linear.people import Server
from tests.roster.house import RosterHouse

LONG: Final = os.environ.get("LINEAR") == "long"
STARTING_S: Final = 900.0  # on a machine that does other things, or nothing for a while
CUT_OFF: Final = 0.08  # the share of calls that are cancelled in the middle
MOST_CALLS: Final = 30  # of the other process, before it is killed


@dataclass(frozen=True)
class Course:
    """What a history consists of. ``kills`` are those of the other process."""

    seed: int
    calls: int
    capacity: int = 12
    places: int = 1
    kills: int = 0
    desks: int = 3
    house: type[RosterHouse] = RosterHouse
    habits: Habits = USUAL
    patience: int = PATIENCE


@dataclass
class Told:
    """What one history showed. ``faults`` are empty where every caller can be told how it came about."""

    records: list[Record] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    tried: int = 0
    kills: int = 0

    @property
    def cut_off(self) -> int:
        return sum(record.returned is None for record in self.records)

    def asked(self) -> Counter[str]:
        """How often what was asked, and done rather than refused."""
        done = (record for record in self.records if not isinstance(record.result, str) or record.result == "done")
        return Counter(type(record.op).__name__ for record in done)


async def run(url: str, course: Course) -> Told:
    """One history in an empty hospital."""
    async with opened(url) as hospital:
        return await hospital.play(course)


@dataclass
class Hospital:
    """Two servers' stores on one database. One history after the other is played, each in places of its own: what a
    server has warmed up by then, statements above all, need not be paid for again."""

    url: str
    stores: Sequence[Store]
    built: int = 0

    async def play(self, course: Course) -> Told:
        numbers = range(self.built + 1, self.built + course.places + 1)
        self.built += course.places
        places = await build(self.stores[0], course.capacity, numbers)
        told, begun = Told(kills=course.kills), _CLOCK.next()
        with tempfile.TemporaryDirectory(prefix="bedside-linear-") as folder:
            async with asyncio.TaskGroup() as group:
                plans = [_begin(group, self.stores, each, course) for each in enumerate(places, 1)]
                other = Another(self.url, numbers[0], course.seed, Path(folder))
                group.create_task(_kill_others(other, course.kills, told.records))
        await asyncio.sleep(0.2 if course.kills else 0.0)  # the killed process's last commit, if it was on its way
        evidence = await gather(self.stores[0], places, begun)
        for place, plan in zip(places, plans, strict=True):
            records = [*plan.records, *told.records] if place is places[0] else plan.records
            _judge(told, course, (place, records), evidence)
        told.records += [record for plan in plans for record in plan.records]
        return told


def _judge(told: Told, course: Course, done: tuple[Place, Sequence[Record]], evidence: Evidence) -> None:
    place, records = done
    judged = verdict(place, records, evidence, Bounds(course.capacity, course.patience))
    told.tried += judged.tried
    if not judged.linearisable:
        others = differences(judged, place, evidence, course.capacity)
        told.faults.append("\n  ".join((f"seed {course.seed}, {judged}", *others)))
    told.faults += [f"seed {course.seed}: no row of {record}" for record in evidence.unrecorded(records)]


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Hospital]:
    stores = [connect(url, pool_size=6) for _ in range(2)]
    try:
        yield Hospital(url, stores)
    finally:
        for store in stores:
            await store.close()


def _begin(group: asyncio.TaskGroup, stores: Sequence[Store], place: tuple[int, Place], course: Course) -> Plan:
    """Both servers of a place, each with a doctor and desks, sharing one plan."""
    number, where = place
    chance = random.Random(course.seed * 1000 + number)  # noqa: S311 – what the clients do
    plan = Plan(_CLOCK, chance, course.calls // course.places, cut_off=CUT_OFF, habits=course.habits)
    for store, doctor, name in zip(stores, where.doctors, ("first", "second"), strict=False):
        server = Server(course.house(store), where, plan)
        group.create_task(work(server, name, doctor, desks=course.desks))
    return plan


_CLOCK = Clock(0)


async def _kill_others(first: Another, kills: int, records: list[Record]) -> None:
    """Another server's process, killed as often as wished after calls that nobody counted."""
    chance = random.Random(first.seed)  # noqa: S311 – moments
    for number in range(1, kills + 1):
        another = replace(first, number=number)
        process = another.start()
        await _has_said(another, process, 2 * chance.randint(1, MOST_CALLS))
        await asyncio.sleep(chance.uniform(0.0, 0.02))
        records += another.kill(process)


async def _has_said(another: Another, process: BaseProcess, lines: int) -> None:
    journal = another.journal
    async with asyncio.timeout(STARTING_S):
        while not journal.exists() or journal.read_bytes().count(b"\n") < lines:
            assert process.exitcode is None, "the other server ended by itself"
            await asyncio.sleep(0.02)
