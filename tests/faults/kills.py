"""The two ways to kill: at a moment nobody chose, and as the N-th commit is synced. Each time the rows are judged."""

import asyncio
import random
import signal
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.faults.load import ALL_RAISED_S
from tests.faults.rig import Rig
from tests.faults.strace import Gallows, gallows
from tests.faults.table import Line, Programme
from tests.faults.verdict import Fault, Wrong

ALIVE_S = 2.5  # at most, after it was ready


class Blow(NamedTuple):
    """One kill: where it fell, and what was wrong right after it."""

    where: str
    faults: list[Fault]


@dataclass
class Course:
    """What was done to one house, and what came of it."""

    rig: Rig
    seed: int
    blows: list[Blow] = field(default_factory=list)
    at_the_end: list[Fault] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        felt = [f"{blow.where}: {fault}" for blow in self.blows for fault in blow.faults]
        return [f"{self.rig.name}, {fault}" for fault in felt + [f"healed: {fault}" for fault in self.at_the_end]]

    @property
    def figures(self) -> str:
        """Of a course without faults."""
        printed = [id_ for life in self.rig.house.lives for id_ in life.printed]
        again = len(printed) - len(set(printed))
        return (
            f"{self.rig.name}: {len(self.rig.ledgers.all_sent)} messages, none lost, none twice; "
            f"{len(set(printed))} deliveries, {again} of them in flight and printed again"
        )

    async def heal(self) -> "Course":
        """A promise that nobody ever heard proves nothing: it is a fault as well."""
        unheard = [promise for promise, keys in self.rig.ledgers.healed().made.items() if not keys]
        self.at_the_end = [Fault(Wrong.ODD, f"never heard: {promise}") for promise in unheard] + await self.rig.heal()
        self.rig.keep(Line(Programme.HEALED, self.rig.name, self.seed, faults=len(self.at_the_end)))
        return self

    def felt(self, programme: Programme, blow: Blow) -> None:
        self.blows.append(blow)
        self.rig.keep(Line(programme, f"{self.rig.name}, {blow.where}", self.seed, faults=len(blow.faults)))


async def killed(rig: Rig, times: int, seed: int, syncs: range) -> Course:
    """At random moments, then at each of the first commits of a start; one load and one database for both.

    Patients desaturate all the while, so that raising, telling and escalating fall among either.
    """
    course, chance = Course(rig, seed), random.Random(seed)  # noqa: S311 – moments, not secrets
    await rig.introduce()
    async with rig.load.playing() as until, gallows(rig.house) as hangman:
        for number in range(1, times + 1):
            course.felt(Programme.SERVER, await killed_after(rig, number, chance.uniform(0.0, ALIVE_S)))
        for number in syncs:
            course.felt(Programme.COMMIT, await killed_at_sync(rig, hangman, number))
        await rig.house.start()
        await until(ALL_RAISED_S)
    return await course.heal()


async def killed_after(rig: Rig, number: int, alive_s: float) -> Blow:
    await rig.house.start()
    await asyncio.sleep(alive_s)
    await rig.house.end(signal.SIGKILL)
    return Blow(f"kill {number}, {alive_s:.2f} s after it was ready", await rig.judge_dead())


async def first_faults(rig: Rig, syncs: range) -> list[Fault]:
    """What is wrong after the first death that leaves anything wrong."""
    await rig.introduce()
    async with rig.load.playing(), gallows(rig.house) as hangman:
        for number in syncs:
            if faults := (await killed_at_sync(rig, hangman, number)).faults:
                return faults
    return []


async def killed_at_sync(rig: Rig, hangman: Gallows, number: int) -> Blow:
    code = await hangman.death_at_sync(number)
    assert code == -signal.SIGKILL, f"it ended before sync {number}:\n{rig.house.log()[-3000:]}"
    return Blow(f"sync {number}", await rig.judge_dead())
