"""What a device holds until the server says that it is stored: store-and-forward, pure, time as an argument (seconds).

The server's ``…/ack`` alone lets a message go. PUBACK says only that a broker has it. However long the backlog, a step
costs what it moves: gateways are small machines, and come back after days.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush

import msgspec


@dataclass(frozen=True)
class Outgoing:
    """A message to send now."""

    seq: int
    oldest: int
    readings: msgspec.Raw


class Saved(msgspec.Struct, frozen=True):
    """A backlog as it lies on the device's disk."""

    epoch: str
    next_seq: int = 1
    held: dict[int, msgspec.Raw] = {}
    keys: tuple[str, ...] = ()  # by which whoever measured names what it handed over, so that it is taken once


@dataclass(frozen=True, slots=True)
class Amount:
    """So many messages, of so many bytes together."""

    messages: int = 0
    bytes: int = 0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.messages + other.messages, self.bytes + other.bytes)

    def __sub__(self, other: "Amount") -> "Amount":
        return Amount(self.messages - other.messages, self.bytes - other.bytes)

    def is_within(self, messages: int, size: int) -> bool:
        return self.messages <= messages and self.bytes <= size


NOTHING = Amount()


@dataclass
class Backlog:
    """At most ``capacity`` messages of ``capacity_bytes`` together are held – the oldest goes first, and is lost – and
    ``window`` are under way. Who hands over what is ``bulky`` asks ``fits_bulk``: readings keep half for themselves."""

    epoch: str
    next_seq: int = 1
    window: int = 20
    capacity: int = 10_000
    capacity_bytes: int = 64 * 1024 * 1024
    resend_after_s: float = 5.0
    bulky: Callable[[msgspec.Raw], bool] = lambda _readings: False
    lost: int = 0
    _held: OrderedDict[int, msgspec.Raw] = field(default_factory=OrderedDict)  # in the order of seq
    _sent_at_s: OrderedDict[int, float] = field(default_factory=OrderedDict)  # under way, in the order of sending
    _waiting: list[int] = field(default_factory=list)  # a heap; some may be gone
    _all: Amount = NOTHING
    _bulk: Amount = NOTHING

    def __len__(self) -> int:
        return len(self._held)

    def add(self, readings: object) -> int:
        """Keep a message (anything that msgspec writes as JSON); returns its sequence number."""
        seq, self.next_seq = self.next_seq, self.next_seq + 1
        self._keep(seq, msgspec.Raw(msgspec.json.encode(readings)))
        return seq

    def fits(self, more: Amount) -> bool:
        """Whether so much more can be kept without losing any."""
        return (self._all + more).is_within(self.capacity, self.capacity_bytes)

    def fits_bulk(self, more: Amount) -> bool:
        """Whether so much more of what is bulky can be kept, in its half."""
        return (self._bulk + more).is_within(self.capacity // 2, self.capacity_bytes // 2)

    def _keep(self, seq: int, readings: msgspec.Raw) -> None:
        more = Amount(1, len(memoryview(readings)))
        while self._held and not self.fits(more):
            self._let_go(next(iter(self._held)))
            self.lost += 1
        self._held[seq] = readings
        self._all += more
        self._bulk += more if self.bulky(readings) else NOTHING
        heappush(self._waiting, seq)

    def _let_go(self, seq: int) -> None:
        readings = self._held.pop(seq)
        less = Amount(1, len(memoryview(readings)))
        self._all -= less
        self._bulk -= less if self.bulky(readings) else NOTHING
        self._sent_at_s.pop(seq, None)

    def due(self, now_s: float) -> list[Outgoing]:
        """What to send now, oldest first: never sent, or sent ``resend_after_s`` ago and still not covered."""
        while self._sent_at_s and now_s - next(iter(self._sent_at_s.values())) >= self.resend_after_s:
            heappush(self._waiting, self._sent_at_s.popitem(last=False)[0])
        chosen = list[int]()
        while self._waiting and len(self._sent_at_s) < self.window:
            seq = heappop(self._waiting)
            if seq in self._held:
                self._sent_at_s[seq] = now_s
                chosen.append(seq)
        return [Outgoing(seq, next(iter(self._held)), self._held[seq]) for seq in chosen]

    def covered(self, epoch: str | None, seq: int) -> list[int]:
        """The server has everything up to ``seq``: let it go. Returns what was let go; another epoch says nothing."""
        gone = list[int]()
        while epoch == self.epoch and self._held and (first := next(iter(self._held))) <= seq:
            self._let_go(first)
            gone.append(first)
        return gone

    def quarantined(self, seq: int) -> bool:
        """The server could not read its number, and has its bytes: let it go alone. False where it is not held."""
        if seq not in self._held:
            return False
        self._let_go(seq)
        return True

    def disconnected(self) -> None:
        """Nothing is under way any more."""
        for seq in self._sent_at_s:
            heappush(self._waiting, seq)
        self._sent_at_s.clear()

    def save(self) -> Saved:
        return Saved(self.epoch, self.next_seq, dict(self._held))

    def restore(self, saved: Saved) -> None:
        self.epoch, self.next_seq = saved.epoch, saved.next_seq
        self._held.clear()
        self._sent_at_s.clear()
        self._waiting, self._all, self._bulk = [], NOTHING, NOTHING
        for seq in sorted(saved.held):
            self._keep(seq, saved.held[seq].copy())
