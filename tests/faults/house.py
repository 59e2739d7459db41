"""A server to be killed: started as its users start it, and looked at past itself once it is dead."""

import random
import signal
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.e2e.hospital import Hospital
from tests.faults.evidence import settled
from tests.faults.rows import Life

_PORTS = iter(random.sample(range(15_000, 32_000), 1_000))  # each is given out once


@dataclass
class House(Hospital):
    """``lives`` grows by one each time the server has ended."""

    preloaded: bool = True
    lives: list[Life] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.http, self.mqtt, self._https, self._mqtts = (steady_port() for _ in range(4))

    async def start(self, *words: str) -> None:
        self.begins()
        await super().start(*words)

    async def end(self, how: signal.Signals = signal.SIGTERM) -> int | None:
        """The exit code."""
        code = await self.stop(how)
        self.ended()
        return code

    def begins(self) -> None:
        """What is printed from here on belongs to the life that begins."""
        self._read_from = self.log_file.stat().st_size if self.log_file.exists() else 0

    def ended(self) -> None:
        self.ended_at = datetime.now(UTC)
        self.lives.append(Life(self.printed(), settled(self.data)))

    def printed(self) -> list[str]:
        """The deliveries of this life; the last line of a printed message has its id, so half of one is none."""
        log = self.log_file.read_bytes()[self._read_from :].decode(errors="replace")
        return [line.removeprefix("└ ") for line in log.splitlines() if line.startswith("└ ")]


def steady_port() -> int:
    """One that is nobody else's while the server is dead: connections get theirs from 32768 or 49152 upwards."""
    for port in _PORTS:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("no port is free")
