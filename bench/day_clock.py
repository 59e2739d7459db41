"""A server whose clock runs fast, for ``bench day`` alone: ``python -m bench.day_clock <file>``.

It composes the same server as ``bedside serve`` around another clock. No setting names one, so no hospital can run it.
What waits by the event loop – ticks, sockets, time-outs – keeps the machine's own pace.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from server import app
from server.serve import serve
from server.settings import load_settings

SLOWEST_ANSWER_S = 5.0  # of the day
PROBE_EVERY_S = 1.0


class Pace(msgspec.Struct, frozen=True):
    """At ``real_s`` of the machine's monotonic clock it was ``day``; since then time passes ``speed`` times as fast."""

    real_s: float
    day: datetime
    speed: float

    def now(self) -> datetime:
        return self.day + timedelta(seconds=(time.monotonic() - self.real_s) * self.speed)


class Day:
    """The clock as the bench sets it; a server that runs is told by a signal, who waits for a moment waits anew."""

    def __init__(self, file: Path, day: datetime) -> None:
        self._file = file
        self._changed = asyncio.Event()
        self.pid: int | None = None
        self.set(day, 1.0)

    def set(self, day: datetime, speed: float) -> None:
        self.pace = Pace(time.monotonic(), day, speed)
        self._file.write_bytes(msgspec.json.encode(self.pace))
        if self.pid is not None:
            os.kill(self.pid, signal.SIGUSR1)
        self._changed.set()
        self._changed = asyncio.Event()

    def now(self) -> datetime:
        return self.pace.now()

    async def until(self, moment: datetime) -> None:
        while (left_s := (moment - self.now()).total_seconds()) > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), left_s / self.pace.speed)

    async def sleep(self, seconds: float) -> None:
        await self.until(self.now() + timedelta(seconds=seconds))

    async def within(self, event: asyncio.Event, until: datetime) -> bool:
        """Whether it happens until then."""
        async with asyncio.TaskGroup() as group:
            waits = [group.create_task(event.wait()), group.create_task(self.until(until))]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for each in waits:
                each.cancel()
        return event.is_set()

    async def keep_up(self, answer: Callable[[], Awaitable[object]], fastest: float) -> None:
        """As fast as the server bears: what it takes to answer must be a few seconds of the day. Until cancelled."""
        while True:
            begun_s = time.monotonic()
            await answer()
            speed = min(fastest, max(1.0, SLOWEST_ANSWER_S / (time.monotonic() - begun_s)))
            if not 0.5 <= speed / self.pace.speed <= 2.0 or (speed == fastest != self.pace.speed):
                self.set(self.now(), speed)
            await asyncio.sleep(PROBE_EVERY_S)


class ServerClock:
    """As the file says, read again at the signal."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.read()

    def read(self, *_: object) -> None:
        self._pace = msgspec.json.decode(self._file.read_bytes(), type=Pace)

    def __call__(self) -> datetime:
        return self._pace.now()


def main() -> None:
    clock = ServerClock(Path(sys.argv[1]))
    signal.signal(signal.SIGUSR1, clock.read)
    app.CLOCK = clock
    asyncio.run(serve(load_settings(), demo=False, sensors=False))


if __name__ == "__main__":
    main()
