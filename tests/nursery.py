"""A process that has loaded Bedside and forks ``bedside …`` from itself for every order: loading takes two seconds.

What is forked is the command itself, with an environment, a session, an input and an output of its own.
Usage: ``python -m tests.nursery MODULE``. An order is a line of JSON; the answer is the child's id. When the child has
left, its exit code is in the order's file ``outcome``.
"""

import json
import os
import select
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import TypedDict

LOADED = ("server.serve", "server.desk", "server.auditing")  # which the command line loads when they are needed


class Order(TypedDict):
    words: list[str]
    environment: dict[str, str]
    stdin: str
    stdout: str
    stderr: str
    umask: int
    outcome: str


def main() -> None:
    module = import_module(sys.argv[1])
    for name in LOADED:
        import_module(name)
    bell, ring = os.pipe()
    os.set_blocking(ring, False)
    signal.set_wakeup_fd(ring)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    children: dict[int, str] = {}
    while True:
        ready, _, _ = select.select([sys.stdin, bell], [], [])
        if bell in ready:
            os.read(bell, 4096)
            _bury(children)
        elif not (line := sys.stdin.readline()):
            for child in children:  # whom an aborted test left behind
                os.kill(child, signal.SIGTERM)
            return
        else:
            order: Order = json.loads(line)
            if (pid := os.fork()) == 0:
                _become(order)
                module.main()
                return
            children[pid] = order["outcome"]
            sys.stdout.write(f"{pid}\n")
            sys.stdout.flush()


def _bury(children: dict[int, str]) -> None:
    while children:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        outcome = Path(children.pop(pid))
        unfinished = outcome.with_suffix(".tmp")
        unfinished.write_text(str(os.waitstatus_to_exitcode(status)))
        unfinished.rename(outcome)


def _become(order: Order) -> None:
    """Nothing of the nursery's own is left: no handlers, no streams, no environment."""
    os.setsid()
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(order["environment"])
    os.umask(order["umask"])
    appending = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    streams = [(order["stdin"], os.O_RDONLY), (order["stdout"], appending), (order["stderr"], appending)]
    for target, (path, flags) in enumerate(streams):
        os.dup2(os.open(path, flags, 0o600), target)
    os.closerange(3, 256)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 – the old one may have read ahead
    sys.argv = ["bedside", *order["words"]]


if __name__ == "__main__":
    main()
