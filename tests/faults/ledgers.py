"""What was promised about each message, kept in the test's own memory: nobody kills the test."""

from collections import defaultdict
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Key(NamedTuple):
    """A message, as its device numbered it."""

    device_id: str
    epoch: str
    seq: int

    def __str__(self) -> str:
        return f"{self.device_id} {self.epoch}:{self.seq}"


class Promise(StrEnum):
    """What somebody was told. Each obliges the server to have the message stored once, whenever it is looked for."""

    COVERED = "the device was told on …/ack"
    TAKEN = "the broker was told by the server's PUBACK"
    ON_BROKER = "the device was told by the PUBACK of a broker that nobody hurt"  # obliges once all has healed


@dataclass(frozen=True)
class Promises:
    """The ledgers as they stand: what was sent, and what was promised of it."""

    sent: AbstractSet[Key]
    made: Mapping[Promise, AbstractSet[Key]]


@dataclass
class Ledgers:
    """Implements devices.simulator.Ledger; ``taken`` is written by the wire between server and broker.

    ``broker_survives``: the broker is a process of its own, so that its PUBACK to a device obliges too.
    """

    broker_survives: bool
    all_sent: set[Key] = field(default_factory=set)
    all_made: defaultdict[Promise, set[Key]] = field(default_factory=lambda: defaultdict(set))

    def sent(self, device_id: str, epoch: str, seq: int) -> None:
        self.all_sent.add(Key(device_id, epoch, seq))

    def acked(self, device_id: str, epoch: str, seq: int) -> None:
        self.all_made[Promise.ON_BROKER].add(Key(device_id, epoch, seq))

    def covered(self, device_id: str, epoch: str, seq: int) -> None:
        self.all_made[Promise.COVERED].add(Key(device_id, epoch, seq))

    def taken(self, key: Key) -> None:
        self.all_made[Promise.TAKEN].add(key)

    def now(self) -> Promises:
        """What must hold at any moment, the server dead or alive."""
        return self._promises({Promise.COVERED, Promise.TAKEN})

    def healed(self) -> Promises:
        """What must hold once the broker has handed over all that it has."""
        return self._promises(set(Promise) if self.broker_survives else {Promise.COVERED})

    def held(self) -> set[Key]:
        """What the devices may not forget yet."""
        return self.all_sent - self.all_made[Promise.COVERED]

    def _promises(self, which: AbstractSet[Promise]) -> Promises:
        return Promises(frozenset(self.all_sent), {promise: frozenset(self.all_made[promise]) for promise in which})
