"""A server to be killed: started as its users start it, and looked at past itself once it is dead."""

import asyncio
import random
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.e2e.hospital import ROOT, Hospital
from tests.faults.evidence import settled
from tests.faults.rows import Life

SERVER = "server.__main__"
_PORTS = iter(random.sample(range(15_000, 32_000), 1_000))  # each is given out once
START_S = 90.0  # generous: what is proved here is what was kept, not how soon


@dataclass
class House(Hospital):
    """``module`` is what is run; ``lives`` grows by one each time the server has ended."""

    module: str = SERVER
    lives: list[Life] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.http, self.mqtt, self._https, self._mqtts = (steady_port() for _ in range(4))

    @property
    def log_file(self) -> Path:
        return self.data / "server.log"

    async def start(self, *words: str) -> None:
        self.begins()
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: ASYNC220 – it starts at once and is waited for elsewhere
                [sys.executable, "-m", self.module, "serve", *words],
                env=self.environment, cwd=ROOT, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        async with asyncio.timeout(START_S):
            while not await asyncio.to_thread(self.is_ready):
                assert self.process.poll() is None, f"the server ended:\n{self.log()[-3000:]}"
                await asyncio.sleep(0.05)

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
