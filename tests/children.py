"""Bedside's commands as processes of their own, forked from a nursery that has loaded them: one for each module."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from itertools import count
from pathlib import Path
from subprocess import CompletedProcess
from threading import Lock

from tests.nursery import Order

ROOT = Path(__file__).parents[1]
LOOK_EVERY_S = 0.02
RUN_S = 60.0


class Child:
    """What tests ask of a ``subprocess.Popen``; ``returncode`` is None until somebody looked after it had left."""

    def __init__(self, pid: int, outcome: Path) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._outcome = outcome

    def poll(self) -> int | None:
        if self.returncode is None:
            with suppress(FileNotFoundError):
                self.returncode = int(self._outcome.read_text())
                self._outcome.unlink()
        return self.returncode

    def wait(self, timeout: float) -> int:
        """Raises TimeoutError."""
        deadline = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"process {self.pid} did not end")
            time.sleep(LOOK_EVERY_S)
        return code

    def send_signal(self, how: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, how)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Nursery:
    """The client's half of ``tests/nursery.py``. It ends with the tests, when its standard input does."""

    def __init__(self, module: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="bedside-nursery-"))
        self._numbers = count()
        self._one_at_a_time = Lock()
        quiet = {name: value for name, value in os.environ.items() if not name.startswith("BEDSIDE_")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.nursery", module],
            cwd=ROOT, env=quiet, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, words: Sequence[str], environment: Mapping[str, str], typed: str = "") -> CompletedProcess[str]:
        """``bedside words…`` to its end."""
        number = next(self._numbers)
        said, complained = (self._folder / f"{number}.{stream}" for stream in ("stdout", "stderr"))
        child = self.bear(words, environment, complained, out=said, typed=typed)
        return CompletedProcess([*words], child.wait(RUN_S), said.read_text(), complained.read_text())

    def bear(
        self,
        words: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        *,
        out: Path | None = None,
        typed: str = "",
    ) -> Child:
        """``bedside words…``; what it says is added to ``log``, or to ``out`` what goes to its standard output."""
        number = next(self._numbers)
        outcome, stdin = (self._folder / f"{number}.{kind}" for kind in ("outcome", "stdin"))
        stdin.write_text(typed)
        order = Order(
            words=[*words],
            environment=dict(environment),
            stdin=str(stdin),
            stdout=str(out or log),
            stderr=str(log),
            umask=_umask(),
            outcome=str(outcome),
        )
        return Child(self._pid_of(order), outcome)

    def _pid_of(self, order: Order) -> int:
        assert self._process.stdin
        assert self._process.stdout
        with self._one_at_a_time:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            return int(self._process.stdout.readline())


def _umask() -> int:
    os.umask(mask := os.umask(0))
    return mask


@cache
def nursery(module: str = "server.__main__") -> Nursery:
    """One a worker and module, for as long as the tests run."""
    return Nursery(module)
