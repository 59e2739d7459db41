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
    next_seq: int
    held: dict[int, msgspec.Raw]


@dataclass
class Backlog:
    """At most ``capacity`` messages are held – the oldest goes first, and is lost – and ``window`` are under way."""

    epoch: str
    next_seq: int = 1
    window: int = 20
    capacity: int = 10_000
    resend_after_s: float = 5.0
    lost: int = 0
    _held: dict[int, _Held] = field(default_factory=dict)  # in the order of seq

    def __len__(self) -> int:
        return len(self._held)

    def add(self, readings: object) -> int:
        """Keep a message (anything that msgspec writes as JSON); returns its sequence number."""
        if len(self._held) >= self.capacity:
            del self._held[next(iter(self._held))]
            self.lost += 1
        seq, self.next_seq = self.next_seq, self.next_seq + 1
        self._held[seq] = _Held(msgspec.Raw(msgspec.json.encode(readings)))
        return seq

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
            del self._held[held]
        return gone

    def disconnected(self) -> None:
        """Nothing is under way any more."""
        for held in self._held.values():
            held.sent_at_s = None

    def save(self) -> Saved:
        return Saved(self.epoch, self.next_seq, {seq: held.readings for seq, held in self._held.items()})

    def restore(self, saved: Saved) -> None:
        self.epoch, self.next_seq = saved.epoch, saved.next_seq
        self._held = {seq: _Held(readings.copy()) for seq, readings in saved.held.items()}

    def _under_way(self, held: _Held, now_s: float) -> bool:
        return held.sent_at_s is not None and now_s - held.sent_at_s < self.resend_after_s
