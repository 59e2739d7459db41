"""A server in a process of its own, to be killed: it writes down every call as it begins and as it returns.

Forked from one that has loaded everything already (``multiprocessing``'s fork server), so that a kill costs no start.
"""

import asyncio
import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

import msgspec

from server.store.engine import connect
from tests.linear.clients import Clock, Plan, Record
from tests.linear.doctors import work
from tests.linear.hospital import find
from tests.linear.people import Server
from tests.roster.house import RosterHouse

AT_MOST = 5_000  # calls, if whoever should kill it is dead: it must end by itself then
FORKS = get_context("forkserver")
FORKS.set_forkserver_preload([__name__])


@dataclass(frozen=True)
class Another:
    """The ``number`` of the process is the last digit of its moments, and its clients' chance with ``seed``."""

    url: str
    place: int
    seed: int
    folder: Path
    number: int = 1

    @property
    def journal(self) -> Path:
        return self.folder / f"process-{self.number}"

    def start(self) -> BaseProcess:
        process = FORKS.Process(target=self.run, daemon=True)
        process.start()
        return process

    def run(self) -> None:
        asyncio.run(self._work())

    async def _work(self) -> None:
        store = connect(self.url, pool_size=4)
        place = await find(store, self.place)
        chance = random.Random(self.seed * 10 + self.number)  # noqa: S311 – what the clients do
        with _journal(self.journal) as file:
            plan = Plan(Clock(self.number), chance, AT_MOST, told=lambda record: _say(file, record))
            server = Server(RosterHouse(store), place, plan)
            await work(server, f"process {self.number}", place.doctors[2], desks=2)

    def records(self, killed_at: int) -> list[Record]:
        """The last word on each call; a line that was cut off is no word."""
        last: dict[object, Record] = {}
        for line in self.journal.read_bytes().splitlines():
            try:
                record = msgspec.json.decode(line, type=Record)
            except msgspec.DecodeError:
                continue
            last[record.at] = record
        dead = (each if each.returned else msgspec.structs.replace(each, given_up=killed_at) for each in last.values())
        return list(dead)

    def kill(self, process: BaseProcess) -> list[Record]:
        """What it had said until then."""
        process.kill()
        killed_at = time.monotonic_ns()
        process.join()
        return self.records(killed_at)


@contextmanager
def _journal(path: Path) -> Iterator[int]:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        yield file
    finally:
        os.close(file)


def _say(file: int, record: Record) -> None:
    """In one write: what a killed process has handed over is there."""
    os.write(file, msgspec.json.encode(record) + b"\n")
