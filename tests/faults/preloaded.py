"""A process that has loaded the server's modules, and forks a server from itself for every line that it is sent.

Each is ``bedside serve`` like any other, but for one halt: its first thread to open SQLite – the one that writes, and
commits nothing before – says its id and stops the process, so that strace can take hold of this thread alone. Under
strace loading and every switch between threads would be slow, and neither commits anything.
Usage: ``python -m tests.faults.preloaded MODULE LOG``. Answers with thread id and process id, later with the exit code.
"""

import ctypes
import os
import signal
import sys
import threading
from importlib import import_module

PR_SET_PTRACER, PR_SET_PTRACER_ANY = 0x59616D61, -1  # prctl(2): where only ancestors may trace, a sibling may too


def main() -> None:
    name, log = sys.argv[1:]
    module = import_module(name)
    import_module("server.serve")  # which the command line loads only when it serves
    for _ in sys.stdin:
        if (pid := os.fork()) == 0:
            _become_server(log)
            module.main()
            return
        os.waitpid(pid, os.WUNTRACED)
        _answer(pid)
        _answer(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def _answer(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def _become_server(log: str) -> None:
    """Its output goes where that of the others goes, and its input comes from nowhere."""
    os.setsid()
    ctypes.CDLL(None).prctl(PR_SET_PTRACER, ctypes.c_ulong(PR_SET_PTRACER_ANY))
    answers, output = os.dup(1), os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for source, target in ((os.open(os.devnull, os.O_RDONLY), 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    sys.argv = ["bedside", "serve"]
    sys.addaudithook(_Halt(answers))


class _Halt:
    """An audit hook: the process halts once, where SQLite is opened for the first time."""

    def __init__(self, answers: int) -> None:
        self._answers: int | None = answers

    def __call__(self, event: str, _: object) -> None:
        if event == "sqlite3.connect" and self._answers is not None:
            answers, self._answers = self._answers, None
            os.write(answers, f"{threading.get_native_id()}\n".encode())
            os.close(answers)
            os.kill(os.getpid(), signal.SIGSTOP)


if __name__ == "__main__":
    main()
