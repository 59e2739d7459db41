"""Which ``…/ack`` is on its way, and which comes next: of each stream only the newest matters. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field

Stream = tuple[str, str | None]  # device id, epoch


@dataclass
class NewestAcks:
    """Per stream one message in flight at most; what came meanwhile is sent once that is confirmed."""

    wanted: dict[Stream, int] = field(default_factory=dict)
    flying: dict[Stream, int] = field(default_factory=dict)

    def want(self, stream: Stream, seq: int) -> None:
        self.wanted[stream] = max(seq, self.wanted.get(stream, seq))

    def due(self) -> Iterator[tuple[Stream, int]]:
        """Take what may be sent now."""
        for stream in [stream for stream in self.wanted if stream not in self.flying]:
            self.flying[stream] = self.wanted.pop(stream)
            yield stream, self.flying[stream]

    def confirmed(self, stream: Stream) -> None:
        self.flying.pop(stream, None)

    def disconnected(self) -> None:
        """What was in flight may be lost: it is wanted again, unless a newer one is."""
        for stream, seq in self.flying.items():
            self.want(stream, seq)
        self.flying.clear()

    def __bool__(self) -> bool:
        return bool(self.wanted or self.flying)
