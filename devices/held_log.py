"""What a device holds, on its disk: a log that is appended to and synced, and now and then written anew.

Each line is a checksum and a record; the first has the epoch. A line that a kill cut short was confirmed to nobody and
sent to nobody, so it is cut off. After a write or a sync that failed nothing is appended until the log was read again:
what the system then has of it is not known (a failed fsync may drop what it could not write).
"""

import errno
import os
from binascii import crc32
from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from secrets import token_hex

import msgspec

from devices.backlog import Saved

KEYS = 10_000  # that are remembered
REWRITE_BYTES = 1024 * 1024  # a log that is longer is written anew, once half of it is past
NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Taken(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message that is held from now on. ``key``: see ``Saved.keys``."""

    seq: int
    readings: msgspec.Raw
    key: str = ""


class _Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line; what it does not say has not changed."""

    began: Saved | None = None
    taken: tuple[Taken, ...] = ()
    covered: int = -1
    let_go: int = -1  # this one alone


class DiskFullError(OSError):
    """Nothing was kept of it; what was kept before is unharmed."""


def new_epoch() -> str:
    return token_hex(4)


class HeldLog:
    """``sync``: whether what is kept has to survive a power cut, or the process alone."""

    def __init__(self, file: Path, *, sync: bool = True) -> None:
        self._file = file
        self._sync = sync
        self._fd: int | None = None
        self._size = self._began_with = 0

    def read(self) -> Saved:
        """What is held; a log that does not exist, or whose beginning cannot be read, begins with a new epoch."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        content = self._file.read_bytes() if self._file.exists() else b""
        records = list(_records(content))
        if not records or records[0][0].began is None:
            if content:
                self._file.replace(self._file.with_suffix(".broken"))
            saved = Saved(new_epoch())
            self.rewrite(saved)
            return saved
        self._open(records[-1][1])
        return _replayed(record for record, _ in records)

    def take(self, messages: Sequence[Taken]) -> None:
        """On the disk when it returns. Raises DiskFullError, or OSError: then read again before anything else."""
        self._append(_Record(taken=tuple(messages)), sync=self._sync)

    def cover(self, seq: int) -> None:
        """Up to here it may be forgotten. Not synced: what comes back to life is sent once more, and stored once."""
        with suppress(DiskFullError):
            self._append(_Record(covered=seq), sync=False)

    def let_go(self, seq: int) -> None:
        """This one alone may be forgotten. Not synced, as ``cover``."""
        with suppress(DiskFullError):
            self._append(_Record(let_go=seq), sync=False)

    @property
    def grown(self) -> bool:
        return self._size > max(REWRITE_BYTES, 2 * self._began_with)

    def rewrite(self, saved: Saved) -> None:
        """In place of all that was. Either the old log or the new one is there, whole, at any moment."""
        fresh = self._file.with_suffix(".new")
        fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            _write(fd, _line(_Record(began=saved)))
            if self._sync:
                os.fsync(fd)
        finally:
            os.close(fd)
        fresh.replace(self._file)
        self._sync_folder()
        self._open(self._file.stat().st_size)
        self._began_with = self._size

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _open(self, size: int) -> None:
        """For appending behind its first ``size`` bytes; the rest is cut off."""
        self.close()
        self._fd = os.open(self._file, os.O_WRONLY | os.O_APPEND)
        os.ftruncate(self._fd, size)
        self._size = size

    def _append(self, record: _Record, *, sync: bool) -> None:
        if self._fd is None:
            raise OSError("the log has to be read first")
        line = _line(record)
        try:
            _write(self._fd, line)
            if sync:
                os.fsync(self._fd)
        except OSError as error:
            self._undo(error)
        self._size += len(line)

    def _undo(self, error: OSError) -> None:
        """A full disk leaves half a line, which is cut off; after any other error nothing is certain."""
        if self._cut() and error.errno in NO_ROOM:
            raise DiskFullError(error.errno, "the disk is full") from error
        self.close()
        raise error

    def _cut(self) -> bool:
        try:
            os.truncate(self._file, self._size)
        except OSError:
            return False
        return True

    def _sync_folder(self) -> None:
        if self._sync:
            fd = os.open(self._file.parent, os.O_RDONLY)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)


def _line(record: _Record) -> bytes:
    said = msgspec.json.encode(record)
    return b"%08x %b\n" % (crc32(said), said)


def _write(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


def _records(content: bytes) -> Iterator[tuple[_Record, int]]:
    """Each with where its line ends; one whose checksum is wrong is passed over, if another follows it."""
    end = 0
    for line in content.splitlines(keepends=True):
        end += len(line)
        checksum, _, said = line.rstrip(b"\n").partition(b" ")
        if line.endswith(b"\n") and checksum == b"%08x" % crc32(said):
            yield msgspec.json.decode(said, type=_Record), end


def _replayed(records: Iterator[_Record]) -> Saved:
    saved = Saved("")
    held = OrderedDict[int, msgspec.Raw]()
    keys: deque[str] = deque(maxlen=KEYS)
    next_seq = 1
    for record in records:
        if record.began is not None:
            saved, held, next_seq = record.began, OrderedDict(record.began.held), record.began.next_seq
            keys.extend(record.began.keys)
        for taken in record.taken:
            held[taken.seq], next_seq = taken.readings, taken.seq + 1
            keys += [taken.key] if taken.key else []
        while held and (first := next(iter(held))) <= record.covered:  # they stand in the order of their numbers
            del held[first]
        held.pop(record.let_go, None)
    return Saved(saved.epoch, next_seq, dict(held), tuple(keys))
