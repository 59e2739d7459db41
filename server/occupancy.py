"""One server a data directory and an SQLite file: two would take the alarms from each other."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock
from pathlib import Path

LOCK = "server.lock"
DIRECTORY, DATABASE = "BEDSIDE_DATA__DIRECTORY", "BEDSIDE_DATA__DATABASE"
LOOKS = 5  # of the command line at the lock may fall on a start; each lasts microseconds
LOOK_S = 0.02


class Occupied(Exception):
    """Another server runs on this data directory."""


@contextmanager
def occupied(directory: Path) -> Iterator[None]:
    """The directory is ours for so long; however the process ends, the system lets go. Raises Occupied.

    The file stays, so from its being there nothing follows.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(directory / LOCK, f"{directory}: stop it, or give this one a place of its own with {DIRECTORY}"):
        yield


@contextmanager
def occupied_file(database: Path) -> Iterator[None]:
    """The same for an SQLite file that lies elsewhere, where servers with a directory each could meet.

    The lock is a file beside it: who opens and closes the file itself ends SQLite's own locks on it.
    """
    remedy = f"{database}: stop it, or give this one a file of its own with {DATABASE}"
    with _locked(database.with_name(f"{database.name}.lock"), remedy):
        yield


@contextmanager
def _locked(path: Path, remedy: str) -> Iterator[None]:
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(file, remedy)
        yield
    finally:
        os.close(file)


def is_occupied(directory: Path) -> bool:
    """Does a server run on it? Asked without taking its place."""
    try:
        file = os.open(directory / LOCK, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        return not _taken(file, LOCK_SH)
    finally:
        os.close(file)


def _taken(file: int, how: int) -> bool:
    try:
        flock(file, how | LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lock(file: int, remedy: str) -> None:
    looks = LOOKS
    while not _taken(file, LOCK_EX) and (looks := looks - 1):
        time.sleep(LOOK_S)
    if not looks:
        holder = os.read(file, 32).decode(errors="replace").strip()
        raise Occupied(f"another server (process {holder}) runs on {remedy}")
    os.ftruncate(file, 0)
    os.write(file, f"{os.getpid()}\n".encode())
