"""The agent as a program, killed: what it answered for is stored once, wherever it died."""

import asyncio
import json
import os
import random
import re
import signal
import subprocess
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from devices.broker import EmbeddedBroker
from devices.held_log import HeldLog
from tests.children import ROOT
from tests.devices.test_agent import line, stored
from tests.devices.test_simulator import broker, open_hospital
from tests.faults.strace import strace_required

__all__ = ["broker"]  # a fixture

LONG = os.environ.get("FAULTS") == "long"
ALIVE_S = 1.0  # at most, after its first answer
PACE_S = 0.02  # between two messages: the broker of the test takes a hundred a second
KILLS = 30 if LONG else 3
CALLS = "write,fsync,rename,ftruncate"
# Each writes anew, keeps, lets go: what is killed at its n-th call goes on at the next start.
SCENARIO = """
import sys
from pathlib import Path
import msgspec
from devices.held_log import HeldLog, Taken
log = HeldLog(Path(sys.argv[1]))
saved = log.read()
for seq in range(saved.next_seq, saved.next_seq + 3):
    key = f"k{seq}"
    log.take([Taken(seq, msgspec.Raw(b"[%d]" % seq), key)])
    sys.stdout.write(f"{seq}\\n"); sys.stdout.flush()
log.cover(saved.next_seq)
log.rewrite(log.read())
"""


class Program:
    """``bedside device-agent``, again and again over one folder."""

    def __init__(self, broker: EmbeddedBroker, folder: Path) -> None:
        self._words = ["--device", "ox0", "--secret", "secret of ox0", "--port", str(broker.port)]
        self._words += ["--folder", str(folder)]

    async def start(self, *words: str) -> Process:
        command = [sys.executable, "-m", "server", "device-agent", *self._words, *words]
        return await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=PIPE, stdout=PIPE, stderr=PIPE)


async def hand_over(agent: Process, numbers: Sequence[int], alive: asyncio.Event | None = None) -> int:
    """How many of them were answered for, before it died. ``alive`` is set with the first."""
    assert agent.stdin is not None
    assert agent.stdout is not None
    answered = 0
    with suppress(OSError):
        for number in numbers:
            agent.stdin.write(line(number, f"k{number}") + b"\n")
            await agent.stdin.drain()
            if not await agent.stdout.readline():
                break
            answered += 1
            if alive is not None:
                alive.set()
            await asyncio.sleep(PACE_S)
    return answered


async def test_lines_go_in_and_receipts_come_out_and_it_ends_when_all_is_stored(
    broker: EmbeddedBroker, tmp_path: Path
) -> None:
    async with open_hospital(broker) as hospital:
        agent = await Program(broker, tmp_path).start()
        out, err = await asyncio.wait_for(agent.communicate(line(97) + b"\n" + line(98)), 60)
        assert agent.returncode == 0, err.decode()
        assert [json.loads(answer)["seq"] for answer in out.splitlines()] == [1, 2]
        assert json.loads(err.splitlines()[-1])["covered"] == 2
        assert stored(hospital) == [97, 98]


async def test_the_example_of_the_page_does_what_it_says(broker: EmbeddedBroker, tmp_path: Path) -> None:
    """As a gateway maker runs it: the code of docs/connect-a-device.md."""
    example = re.search(r"```python\n(.*?)```", (ROOT / "docs" / "connect-a-device.md").read_text(), re.DOTALL)
    assert example is not None
    said = {"MQTT_HOST": "127.0.0.1", "MQTT_PORT": str(broker.port), "DEVICE": "ox0", "DEVICE_SECRET": "secret of ox0"}
    environment = {**os.environ, **said, "READINGS": "2", "PYTHONPATH": str(ROOT)}
    async with open_hospital(broker) as hospital:
        program = await asyncio.create_subprocess_exec(
            sys.executable, "-c", example[1], cwd=tmp_path, env=environment, stderr=PIPE
        )
        _, err = await asyncio.wait_for(program.communicate(), 60)
        assert program.returncode == 0, err.decode()
        assert len(hospital.stored["ox0"]) == 2


async def test_what_is_still_held_at_the_end_is_said(tmp_path: Path, broker: EmbeddedBroker) -> None:
    agent = await Program(broker, tmp_path).start("--linger", "0.1")
    _, err = await asyncio.wait_for(agent.communicate(line(97)), 60)
    assert (agent.returncode, err.splitlines()[-1]) == (1, b"1 messages are still held")


async def test_killed_at_random_moments_it_loses_nothing_and_sends_nothing_twice(
    broker: EmbeddedBroker, tmp_path: Path
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    chance, program, answered = random.Random(seed), Program(broker, tmp_path), 0  # noqa: S311
    async with open_hospital(broker) as hospital:
        for _ in range(KILLS):
            agent = await program.start()
            async with asyncio.TaskGroup() as group:
                alive = asyncio.Event()
                handing = group.create_task(hand_over(agent, range(answered, answered + 10_000), alive))
                await asyncio.wait_for(alive.wait(), 60)
                await asyncio.sleep(chance.uniform(0.0, ALIVE_S))
                agent.send_signal(signal.SIGKILL)
            answered += handing.result()
            await agent.wait()
        agent = await program.start()
        answered += await hand_over(agent, range(answered, answered + 3))
        await asyncio.wait_for(agent.communicate(b""), 60)
        assert stored(hospital) == list(range(answered)), f"seed {seed}"


def test_killed_at_each_of_its_writes_the_log_has_what_was_answered_for(tmp_path: Path) -> None:
    """Each start is killed at another system call; the last is not."""
    strace, answered = strace_required(), 0
    for number in [*range(2, 12 if not LONG else 40), 0]:
        before = HeldLog(tmp_path / "held.log").read()
        said = _killed_at(strace, number, tmp_path)
        after = HeldLog(tmp_path / "held.log").read()
        assert after.epoch == before.epoch
        assert after.next_seq - before.next_seq in {said, said + 1}, "answered for and not there, or numbered twice"
        assert list(after.held) == sorted(set(after.held))
        assert all(bytes(readings) == b"[%d]" % seq for seq, readings in after.held.items())
        assert set(range(max(before.next_seq, 2), after.next_seq)) - set(after.held) <= {before.next_seq}
        answered += said
    assert said == 3, "nobody killed it"
    assert answered > 3


def _killed_at(strace: str, number: int, folder: Path) -> int:
    """How many messages it answered for. ``number`` 0: not killed."""
    inject = ["-e", f"inject={CALLS}:signal=SIGKILL:when={number}"] if number else []
    options = ["-qq", "-o", "/dev/null", "-e", f"trace={CALLS}", *inject]
    command = [strace, *options, sys.executable, "-c", SCENARIO, str(folder / "held.log")]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, timeout=120)
    assert done.returncode in ({0} if not number else {0, -signal.SIGKILL, 128 + signal.SIGKILL}), done.stderr
    return len(done.stdout.splitlines())
