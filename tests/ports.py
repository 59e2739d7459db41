"""A free port of 127.0.0.1, below those that the system hands to outgoing connections: nobody takes it meanwhile.

It stays the caller's until its process ends, so that a server that is stopped finds it free again: each port is a byte
of one file, locked by the process of tests that has it (POSIX locks die with their owner and are not inherited)."""

import fcntl
import random
import socket
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import BinaryIO

CHOICE = range(20_000, 32_000)  # Linux' ephemeral ports begin at 32768
_ours: set[int] = set()


def free_port() -> int:
    """Raises RuntimeError where all are taken."""
    for port in random.sample(CHOICE, len(CHOICE)):
        if port not in _ours and _reserved(port) and _unused(port):
            _ours.add(port)
            return port
    raise RuntimeError(f"no port of {CHOICE.start}-{CHOICE.stop} is free")


def _reserved(port: int) -> bool:
    with suppress(OSError):
        fcntl.lockf(_locks(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
        return True
    return False


def _unused(port: int) -> bool:
    """By binding alone: to knock would be heard by whoever listens there."""
    with suppress(OSError), socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
        return True
    return False


@cache
def _locks() -> BinaryIO:
    """Open for the life of the process: closing any handle of the file would free every lock."""
    return (Path(tempfile.gettempdir()) / "bedside-test-ports").open("a+b")
