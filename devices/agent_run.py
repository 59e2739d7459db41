"""The agent as a program: its inputs, its line of status, and when it is over."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from devices.agent import Agent, Setup
from devices.agent_inputs import answer_lines, listen, watch


@dataclass(frozen=True)
class Inputs:
    """Where readings come from. With ``stdin`` alone it ends with that, once all is covered or after ``linger_s``."""

    stdin: bool = True
    listen: str | None = None
    watch: Path | None = None
    linger_s: float = 30.0
    status_s: float = 10.0


async def serve(setup: Setup, inputs: Inputs, say: Callable[[str], None]) -> int:
    """Until SIGTERM or the end of what is to be read; how many messages are held then. Raises OSError where the disk
    fails, ValueError for an address that readings are not taken from."""
    agent = Agent(setup)
    try:
        async with asyncio.TaskGroup() as group:
            ended = asyncio.Event()
            for number in (signal.SIGTERM, signal.SIGINT):
                asyncio.get_running_loop().add_signal_handler(number, ended.set)
            tasks = [group.create_task(agent.run()), group.create_task(_report(agent, inputs.status_s, say))]
            tasks += await _open(agent, inputs, group, ended)
            await ended.wait()
            for task in tasks:
                task.cancel()
    except* OSError as failed:
        raise failed.exceptions[0] from None
    finally:
        say(str(agent.status))
        agent.close()
    return agent.status.held


async def _open(
    agent: Agent, inputs: Inputs, group: asyncio.TaskGroup, ended: asyncio.Event
) -> list["asyncio.Task[None]"]:
    tasks = []
    if inputs.watch:
        tasks.append(group.create_task(watch(agent, inputs.watch)))
    if inputs.listen:
        server = await listen(agent, inputs.listen)
        tasks.append(group.create_task(server.serve_forever()))
    if inputs.stdin:
        last = None if tasks else ended
        tasks.append(group.create_task(_read_stdin(agent, inputs.linger_s, last)))
    return tasks


async def _read_stdin(agent: Agent, linger_s: float, ended: asyncio.Event | None) -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await answer_lines(agent, reader, lambda answer: _write(1, answer))
    if ended is not None:
        with suppress(TimeoutError):
            await asyncio.wait_for(agent.empty.wait(), linger_s)
        ended.set()


def _write(fd: int, data: bytes) -> None:
    """Whoever hands over and does not read its answers waits: nothing is taken meanwhile."""
    while data:
        data = data[os.write(fd, data) :]


async def _report(agent: Agent, every_s: float, say: Callable[[str], None]) -> None:
    """When something has changed."""
    said = ""
    while True:
        if (now := str(agent.status)) != said:
            said = now
            say(now)
        await asyncio.sleep(every_s)
