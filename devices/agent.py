"""A device's side of the contract, for who builds a gateway: readings and waveforms are handed over, kept on the disk,
and sent until the server has them. ``bedside device-agent`` runs it; imported, it is ``Agent``, ``take`` and ``run``.

Handed over is what ``take`` has answered: from then on neither a kill nor a power cut loses it. Who got no answer hands
it over again under the same ``key``, and it is taken once.
"""

import asyncio
import fcntl
import os
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TextIO

import msgspec

from devices import agent_lines
from devices.agent_clock import Moment
from devices.backlog import NOTHING, Amount, Backlog, Outgoing
from devices.courier import Courier
from devices.held_log import KEYS, DiskFullError, HeldLog, Taken
from devices.mqtt_endpoint import Backoff, Endpoint
from devices.wave_message import is_wave

MOST_BYTES = 48 * 1024  # of a line: the server takes 64 KiB, and the times may have to be written in
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class WhenFull(StrEnum):
    """What happens where no more can be kept."""

    DROP_OLDEST = "drop-oldest"  # the server hears of the gap by ``oldest``
    REFUSE_NEW = "refuse-new"  # whoever hands over keeps it


class Answer(StrEnum):
    """What became of one line."""

    KEPT = "kept"
    KEPT_BEFORE = "kept before"  # under this key
    FULL = "full"
    DISK_FULL = "disk full"
    MALFORMED = "malformed"
    TOO_LARGE = "too large"


class Receipt(msgspec.Struct, frozen=True, omit_defaults=True):
    answer: Answer
    seq: int | None = None
    key: str = ""


class Status(msgspec.Struct):
    """Counts since the start, but ``held``; ``dropped``: lost, for there was no room. ``quarantined``: the server has
    their bytes, and could not read them."""

    connected: bool = False
    held: int = 0
    kept: int = 0
    covered: int = 0
    dropped: int = 0
    quarantined: int = 0
    refused: int = 0  # lines
    connects: int = 0
    rejected: int = 0  # connections, by the broker

    def __str__(self) -> str:
        return msgspec.json.encode(self).decode()


@dataclass(frozen=True)
class Setup:
    """``endpoint.client_id`` is the device; ``folder`` is its own, and nobody else's."""

    endpoint: Endpoint
    folder: Path
    when_full: WhenFull = WhenFull.DROP_OLDEST
    capacity: int = 100_000
    capacity_bytes: int = 64 * 1024 * 1024
    window: int = 20
    resend_after_s: float = 5.0
    backoff: Backoff = field(default_factory=Backoff)


@dataclass
class _Batch:
    """What is kept of the lines that were handed over together."""

    taken: list[Taken] = field(default_factory=list)
    all: Amount = NOTHING
    bulk: Amount = NOTHING

    def add(self, one: Taken, *, bulky: bool) -> None:
        self.taken.append(one)
        more = Amount(1, len(memoryview(one.readings)))
        self.all += more
        if bulky:
            self.bulk += more


class Agent:
    """For one thread. ``run`` carries; ``take`` keeps, whether or not that runs. ``empty`` while nothing is held."""

    def __init__(self, setup: Setup) -> None:
        """Raises OSError where the folder cannot be used, BlockingIOError where another agent uses it."""
        self.status = Status()
        self.empty = asyncio.Event()
        self._setup = setup
        self._lock = _locked(setup.folder)
        self._log = HeldLog(setup.folder / "held.log")
        self._keys: OrderedDict[str, None] = OrderedDict()
        saved = self._log.read()
        self._backlog = Backlog(
            saved.epoch,
            window=setup.window,
            capacity=setup.capacity,
            capacity_bytes=setup.capacity_bytes,
            resend_after_s=setup.resend_after_s,
            bulky=is_wave,
        )
        self._backlog.restore(saved)
        self._remember(saved.keys)
        self._courier = Courier(setup.endpoint, self._backlog, self, setup.backoff, body=_body)
        self._courier.quarantined = self._quarantined
        self._count()

    def take(self, lines: Sequence[bytes]) -> list[Receipt]:
        """An answer each, in their order, once those that are kept are on the disk: one sync for all of them.

        A line is ``{"readings": […], "key": …}`` or ``{"wave": {…}, "key": …}``, as in the contract; ``at`` and
        ``start`` may be left out where they were measured just now. Raises OSError where the disk fails: nobody was
        answered, and the agent must be made anew.
        """
        now, receipts, batch = moment(), list[Receipt](), _Batch()
        for line in lines:
            receipts.append(self._judge(line, now, batch))
        taken = batch.taken
        try:
            if taken:
                self._log.take(taken)
        except DiskFullError:
            return [self._without_room(receipt) for receipt in receipts]
        for one in taken:
            self._backlog.add(one.readings)
            self._remember([one.key] if one.key else [])
        self._settle(receipts, len(taken))
        return receipts

    async def run(self) -> None:
        """Carry until it is cancelled."""
        try:
            await self._courier.run()
        finally:
            self.status.connected = False

    def close(self) -> None:
        self._log.close()
        self._lock.close()

    def _judge(self, line: bytes, now: Moment, batch: "_Batch") -> Receipt:
        """Adds to the batch what is to be kept."""
        if len(line) > MOST_BYTES:
            return Receipt(Answer.TOO_LARGE)
        try:
            handed = agent_lines.read(line, now)
        except agent_lines.MalformedError:
            return Receipt(Answer.MALFORMED)
        if handed.key and (handed.key in self._keys or any(one.key == handed.key for one in batch.taken)):
            return Receipt(Answer.KEPT_BEFORE, key=handed.key)
        if not self._has_room(handed, batch):
            return Receipt(Answer.FULL, key=handed.key)
        seq = self._backlog.next_seq + len(batch.taken)
        batch.add(Taken(seq, handed.kept, handed.key), bulky=handed.bulky)
        return Receipt(Answer.KEPT, seq, handed.key)

    def _has_room(self, handed: agent_lines.Handed, batch: "_Batch") -> bool:
        """A waveform has to find room, and takes none from readings; readings have to where it was told so."""
        more = Amount(1, len(memoryview(handed.kept)))
        if handed.bulky and not self._backlog.fits_bulk(batch.bulk + more):
            return False
        must_fit = handed.bulky or self._setup.when_full is WhenFull.REFUSE_NEW
        return not must_fit or self._backlog.fits(batch.all + more)

    def _without_room(self, receipt: Receipt) -> Receipt:
        self.status.refused += 1
        return Receipt(Answer.DISK_FULL, key=receipt.key) if receipt.answer is Answer.KEPT else receipt

    def _settle(self, receipts: Sequence[Receipt], kept: int) -> None:
        self.status.kept += kept
        self.status.refused += sum(receipt.answer not in {Answer.KEPT, Answer.KEPT_BEFORE} for receipt in receipts)
        self._tidy()
        if self._courier.up:
            self._courier.send()

    def _remember(self, keys: Sequence[str]) -> None:
        self._keys.update(dict.fromkeys(keys))
        while len(self._keys) > KEYS:
            self._keys.popitem(last=False)

    def _tidy(self) -> None:
        if self._log.grown:
            self._log.rewrite(msgspec.structs.replace(self._backlog.save(), keys=tuple(self._keys)))
        self._count()

    def _count(self) -> None:
        self.status.held, self.status.dropped = len(self._backlog), self._backlog.lost
        self.status.connected = self._courier.up
        if self._backlog:
            self.empty.clear()
        else:
            self.empty.set()

    # Called by the courier.

    def connected(self) -> None:
        self.status.connects += 1
        self._count()

    def refused(self) -> None:
        self.status.rejected += 1

    def sent(self, seq: int) -> None:
        """What may never be sent under another content is on the disk already."""

    def acked(self, seq: int) -> None:
        """The broker has it: that lets nothing go."""

    def covered(self, seqs: list[int]) -> None:
        if seqs:
            self._log.cover(seqs[-1])
            self.status.covered += len(seqs)
            self._tidy()

    def _quarantined(self, seq: int) -> None:
        self._log.let_go(seq)
        self.status.quarantined += 1
        self._tidy()


def moment() -> Moment:
    boot = BOOT_ID.read_text().strip() if BOOT_ID.exists() else str(os.getpid())
    return Moment(datetime.now(UTC), time.clock_gettime(time.CLOCK_BOOTTIME), boot)


def _locked(folder: Path) -> TextIO:
    """Two agents over one log would give one number to two messages. Dies with its process."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise
    return lock


def _body(backlog: Backlog, outgoing: Outgoing) -> bytes:
    return agent_lines.message(backlog, outgoing, moment())
