"""One history: two servers at work on one database, calls cut off, another server's process killed, and the verdict."""

import asyncio
import os
import random
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import msgspec

from server.store.engine import Store, open_store
from tests.linear.another import READY
from tests.linear.clients import Clock, Place, Plan, Record, Server, work
from tests.linear.evidence import gather, verdict
from tests.linear.hospital import build
from tests.roster.house import RosterHouse

LONG: Final = os.environ.get("LINEAR") == "long"  # 1,000 histories of 320 calls, 10 of 20,000, over both databases
STARTING_S: Final = 120.0  # on a machine that does other things
CUT_OFF: Final = 0.08  # the share of calls that are cancelled in the middle


@dataclass(frozen=True)
class Course:
    """What a history consists of. ``kills`` are those of the other process."""

    url: str
    seed: int
    calls: int
    capacity: int = 30
    places: int = 1
    kills: int = 0
    desks: int = 3
    house: type[RosterHouse] = RosterHouse


@dataclass
class Told:
    """What one history showed. ``faults`` are empty where every caller can be told how it came about."""

    records: list[Record] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def cut_off(self) -> int:
        return sum(record.returned is None for record in self.records)


async def run(course: Course) -> Told:
    async with _stores(course.url) as stores:
        places = await build(stores[0], course.capacity, course.places)
        told, other = Told(), await _start(course, 1) if course.kills else None
        async with asyncio.TaskGroup() as group:
            plans = [_begin(group, stores, (number, place), course) for number, place in enumerate(places, 1)]
            if other:
                group.create_task(_killed(course, other, told.records))
        await asyncio.sleep(0.2 if course.kills else 0.0)  # the killed process's last commit, if it was on its way
        evidence = await gather(stores[0])
    for place, plan in zip(places, plans, strict=True):
        records = [*plan.records, *told.records] if place is places[0] else plan.records
        judged = verdict(place, records, evidence, course.capacity)
        told.faults += [] if judged.linearisable else [f"seed {course.seed}, {judged}"]
        told.faults += [f"seed {course.seed}: no row of {record}" for record in evidence.unrecorded(records)]
    told.records += [record for plan in plans for record in plan.records]
    return told


@asynccontextmanager
async def _stores(url: str) -> AsyncIterator[Sequence[Store]]:
    stores = [await open_store(url, pool_size=6) for _ in range(2)]
    try:
        yield stores
    finally:
        for store in stores:
            await store.close()


def _begin(group: asyncio.TaskGroup, stores: Sequence[Store], place: tuple[int, Place], course: Course) -> Plan:
    """Both servers of a place, each with a doctor and desks, sharing one plan."""
    number, where = place
    chance = random.Random(course.seed * 1000 + number)  # noqa: S311 – what the clients do
    plan = Plan(_CLOCK, chance, course.calls // course.places, cut_off=CUT_OFF)
    for store, doctor, name in zip(stores, where.doctors, ("first", "second"), strict=False):
        server = Server(course.house(store), where, plan)
        group.create_task(work(server, name, doctor, desks=course.desks))
    return plan


_CLOCK = Clock(0)


async def _killed(course: Course, process: Process, records: list[Record]) -> None:
    """Another server's process, killed as often as wished at moments that nobody chose."""
    chance = random.Random(course.seed)  # noqa: S311 – moments
    for number in range(1, course.kills + 1):
        if number > 1:
            process = await _start(course, number)
        lines = [await _read_line(process)]  # it is at work
        lines += await _read_until(process, asyncio.get_running_loop().time() + chance.uniform(0.0, 1.0))
        process.send_signal(signal.SIGKILL)
        killed_at = time.monotonic_ns()
        lines += (await process.communicate())[0].splitlines()
        records += _records(lines, killed_at)


async def _start(course: Course, number: int) -> Process:
    arguments = ("-m", "tests.linear.another", course.url, str(course.seed * 10 + number), str(number))
    clean = {name: value for name, value in os.environ.items() if not name.startswith("BEDSIDE_")}
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=PIPE, env=clean)
    assert (await _read_line(process)).decode().strip() == READY
    return process


async def _read_line(process: Process) -> bytes:
    assert process.stdout is not None
    return await asyncio.wait_for(process.stdout.readline(), STARTING_S)


async def _read_until(process: Process, until: float) -> list[bytes]:
    assert process.stdout is not None
    lines: list[bytes] = []
    while (left := until - asyncio.get_running_loop().time()) > 0:
        try:
            lines.append(await asyncio.wait_for(process.stdout.readline(), left))
        except TimeoutError:
            break
    return lines


def _records(lines: Sequence[bytes], killed_at: int) -> list[Record]:
    """The last word on each call; a line that was cut off is no word."""
    by_moment: dict[object, Record] = {}
    for line in lines:
        try:
            record = msgspec.json.decode(line, type=Record)
        except msgspec.DecodeError:
            continue
        by_moment[record.at] = record
    found = by_moment.values()
    return [record if record.returned else msgspec.structs.replace(record, given_up=killed_at) for record in found]
