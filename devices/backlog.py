"""What a device holds until the server says that it is stored: store-and-forward, pure, time as an argument (seconds).

The server's ``…/ack`` alone lets a message go. PUBACK says only that a broker has it.
"""

from dataclasses import dataclass, field

import msgspec


@dataclass(frozen=True)
class Outgoing:
    """A message to send now."""

    seq: int
    oldest: int
    readings: msgspec.Raw


@dataclass
class _Held:
    readings: msgspec.Raw
    sent_at_s: float | None = None


class Saved(msgspec.Struct, frozen=True):
    """A backlog as it lies on the device's disk."""

    epoch: str
    next_seq: int = 1
    held: dict[int, msgspec.Raw] = {}
    keys: tuple[str, ...] = ()  # by which whoever measured names what it handed over, so that it is taken once


@dataclass
class Backlog:
    """At most ``capacity`` messages of ``capacity_bytes`` together are held – the oldest goes first, and is lost – and
    ``window`` are under way."""

    epoch: str
    next_seq: int = 1
    window: int = 20
    capacity: int = 10_000
    capacity_bytes: int = 64 * 1024 * 1024
    resend_after_s: float = 5.0
    lost: int = 0
    _held: dict[int, _Held] = field(default_factory=dict)  # in the order of seq
    _bytes: int = 0

    def __len__(self) -> int:
        return len(self._held)

    def add(self, readings: object) -> int:
        """Keep a message (anything that msgspec writes as JSON); returns its sequence number."""
        seq, self.next_seq = self.next_seq, self.next_seq + 1
        self._keep(seq, msgspec.Raw(msgspec.json.encode(readings)))
        return seq

    def fits(self, messages: int, size: int) -> bool:
        """Whether so many messages of so many bytes together can be kept without losing any."""
        return len(self._held) + messages <= self.capacity and self._bytes + size <= self.capacity_bytes

    def _keep(self, seq: int, readings: msgspec.Raw) -> None:
        size = len(memoryview(readings))
        while self._held and not self.fits(1, size):
            self._let_go(next(iter(self._held)))
            self.lost += 1
        self._held[seq] = _Held(readings)
        self._bytes += size

    def _let_go(self, seq: int) -> None:
        self._bytes -= len(memoryview(self._held.pop(seq).readings))

    def due(self, now_s: float) -> list[Outgoing]:
        """What to send now, oldest first: never sent, or sent ``resend_after_s`` ago and still not covered."""
        waiting = [seq for seq, held in self._held.items() if not self._under_way(held, now_s)]
        free = self.window - (len(self._held) - len(waiting))
        chosen = waiting[: max(0, free)]
        for seq in chosen:
            self._held[seq].sent_at_s = now_s
        return [Outgoing(seq, next(iter(self._held)), self._held[seq].readings) for seq in chosen]

    def covered(self, epoch: str | None, seq: int) -> list[int]:
        """The server has everything up to ``seq``: let it go. Returns what was let go; another epoch says nothing."""
        if epoch != self.epoch:
            return []
        gone = [held for held in self._held if held <= seq]
        for held in gone:
            self._let_go(held)
        return gone

    def quarantined(self, seq: int) -> bool:
        """The server could not read its number, and has its bytes: let it go alone. False where it is not held."""
        if seq not in self._held:
            return False
        self._let_go(seq)
        return True

    def disconnected(self) -> None:
        """Nothing is under way any more."""
        for held in self._held.values():
            held.sent_at_s = None

    def save(self) -> Saved:
        return Saved(self.epoch, self.next_seq, {seq: held.readings for seq, held in self._held.items()})

    def restore(self, saved: Saved) -> None:
        self.epoch, self.next_seq = saved.epoch, saved.next_seq
        self._held, self._bytes = {}, 0
        for seq in sorted(saved.held):
            self._keep(seq, saved.held[seq].copy())

    def _under_way(self, held: _Held, now_s: float) -> bool:
        return held.sent_at_s is not None and now_s - held.sent_at_s < self.resend_after_s
