"""The load: oximeters that store and forward, at 200 messages a second in all, and let their patients desaturate."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from devices.mqtt_endpoint import Backoff
from devices.physiology import Episode, EpisodeKind
from devices.simulator import Plan, simulate
from tests.faults.ledgers import Ledgers
from tests.faults.ward import Ward

BEDS = 20
RATE_HZ = 10.0
GROUPS = 4  # of patients who desaturate one group after the other, so that alarms fall among all the kills
# Slow enough that "low" (15 s below 90) comes before "desaturation" (10 s below 80): raised, then worsened. Over soon
# after: an alarm that was passed over does not come by itself later.
FALL_S, HOLD_S, RECOVER_S = 16.0, 13.0, 4.0
FIRST_S, EVERY_S = -7.0, 14.0
FALLS = tuple(
    Episode(EpisodeKind.DESATURATION, FIRST_S + group * EVERY_S, FALL_S, HOLD_S, RECOVER_S) for group in range(GROUPS)
)  # one a group
ALL_RAISED_S = FIRST_S + (GROUPS - 1) * EVERY_S + FALL_S + 11.0  # every alarm of the plan is due by then
NEVER_S = 1e9
CAPACITY = 100_000
AGAIN_S = 3.0


@dataclass
class Load:
    """Devices of one ward. With ``resend_after_s`` None they trust the broker: they hand it everything, and only a
    broken connection makes them send anything twice."""

    ward: Ward
    port: int
    ledgers: Ledgers
    backlogs: Path
    resend_after_s: float | None = None
    desaturate: bool = True
    falls: Sequence[Episode] = FALLS
    rate_hz: float = RATE_HZ

    @asynccontextmanager
    async def playing(self) -> AsyncIterator[Callable[[float], Awaitable[None]]]:
        """Measure and send for as long as the context is open. What it yields waits until so many seconds of load."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        async with asyncio.TaskGroup() as group:
            plans = [self._plan(number) for number in range(GROUPS)]
            tasks = [group.create_task(simulate(plan, self.ledgers)) for plan in plans]
            try:
                yield lambda at_s: asyncio.sleep(begun + at_s - loop.time())
            finally:
                for task in tasks:
                    task.cancel()

    async def drain(self, within_s: float) -> int:
        """Measure nothing more, and send what is held until it is covered; how many messages are held after that."""
        plan = replace(
            self._plan(0), devices=self.ward.accounts, duration_s=0.0, drain_s=within_s, resend_after_s=AGAIN_S
        )
        return (await simulate(plan, self.ledgers)).held

    def _plan(self, group: int) -> Plan:
        return Plan(
            "127.0.0.1",
            self.port,
            _shared(self.ward.accounts, group),
            rate_hz=self.rate_hz,
            episodes=[self.falls[group]] if self.desaturate else [],
            window=20 if self.resend_after_s else CAPACITY,
            capacity=CAPACITY,
            resend_after_s=self.resend_after_s or NEVER_S,
            backoff=Backoff(0.1, 0.5),
            state_dir=self.backlogs,
        )


def _shared(accounts: Sequence[tuple[str, str]], group: int) -> Sequence[tuple[str, str]]:
    return accounts[group::GROUPS]
