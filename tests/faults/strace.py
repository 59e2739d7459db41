"""Death at the N-th fdatasync: a server whose writing thread strace holds from before its first commit."""

import asyncio
import os
import shutil
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.children import ROOT
from tests.faults.house import House

DEATH_S = 90.0
ATTACH_S = 30.0


def strace_required() -> str:
    """The program; without it the test is skipped, and fails where CI=true."""
    if (strace := shutil.which("strace")) is None:
        message = "strace is not installed: apt install strace"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return strace


class Gallows:
    """Starts a house's server again and again, each time to its end."""

    def __init__(self, house: House, nursery: Process) -> None:
        self._house = house
        self._nursery = nursery

    async def death_at_sync(self, number: int) -> int:
        """The exit code of a server that got SIGKILL on entering its ``number``-th fdatasync.

        SQLite's one writer syncs once a commit, and twice for a checkpoint; nothing else in the server does. What the
        commit wrote is in the system's hands by then, so it is stored, and nobody has been told of it yet.
        """
        thread, pid = await self._born()
        try:
            tracer = await self._strace(thread, number)
            await _held(pid, thread, tracer)
            os.kill(pid, signal.SIGCONT)
            code = await self._says()
        except BaseException:
            os.kill(pid, signal.SIGKILL)  # it still runs: nobody has said that it ended
            raise
        await tracer.wait()
        self._house.ended()
        return code

    async def _born(self) -> tuple[int, int]:
        """The ids of its writing thread and of itself; it has halted."""
        assert self._nursery.stdin is not None
        self._house.begins()
        self._nursery.stdin.write(b"\n")
        return await self._says(), await self._says()

    async def _strace(self, thread: int, number: int) -> Process:
        trace = self._house.data / f"sync-{number}.strace"
        inject = f"inject=fdatasync:signal=SIGKILL:when={number}"
        options = ["-y", "-qq", "-o", str(trace), "-e", "trace=fdatasync", "-e", inject, "-p", str(thread)]
        return await asyncio.create_subprocess_exec(strace_required(), *options)

    async def _says(self) -> int:
        assert self._nursery.stdout is not None
        return int(await asyncio.wait_for(self._nursery.stdout.readline(), DEATH_S))


@asynccontextmanager
async def gallows(house: House) -> AsyncIterator[Gallows]:
    nursery = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.faults.preloaded", house.module, str(house.log_file),
        env=house.environment, cwd=ROOT, stdin=PIPE, stdout=PIPE,
    )  # fmt: skip
    try:
        yield Gallows(house, nursery)
    finally:
        if nursery.stdin is not None:
            nursery.stdin.close()
        await nursery.wait()


async def _held(pid: int, thread: int, tracer: Process) -> None:
    """Until strace traces it."""
    async with asyncio.timeout(ATTACH_S):
        while not _is_traced(Path(f"/proc/{pid}/task/{thread}/status")):
            assert tracer.returncode is None, "strace may not trace here: a container needs SYS_PTRACE"
            await asyncio.sleep(0.01)


def _is_traced(status: Path) -> bool:
    return "TracerPid:\t0\n" not in status.read_text()
