"""What is done to the broker – killed with the server up, down or paused, or stopped for seconds – and what heals it.

Its PUBACK is worth nothing here: what it had acknowledged and not handed over goes with it. ``…/ack`` is the promise,
and what that does not cover the devices send again.
"""

import asyncio
import random
import signal
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import cycle, islice
from typing import NamedTuple

from tests.devices.mosquitto import Mosquitto
from tests.faults.ledgers import Key, Promise
from tests.faults.rig import Rig
from tests.faults.table import Line, Programme
from tests.faults.verdict import Fault, Wrong

HEAL_S = 30.0
BEFORE_S, DURING_S = (0.2, 1.2), (0.3, 1.5)
STANDSTILL_S = 2.0


class Hurt(StrEnum):
    """What befalls the broker, and how the server is meanwhile."""

    SERVER_UP = "killed, server up"
    SERVER_DOWN = "killed, server down"
    SERVER_PAUSED = "killed, server paused"
    STALLED = "paused"


class Wound(NamedTuple):
    """One blow. ``entrusted``: messages that the broker alone had promised to keep; ``healed_s``: until the devices
    were told that everything sent before the blow is stored, None where they never were."""

    hurt: Hurt
    entrusted: int
    healed_s: float | None


@dataclass
class Siege:
    """What was done to one house's broker, and what came of it."""

    rig: Rig
    broker: Mosquitto
    seed: int
    heal_s: float = HEAL_S
    wounds: list[Wound] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    @property
    def worst_s(self) -> float:
        return max((wound.healed_s or self.heal_s for wound in self.wounds), default=0.0)

    @property
    def entrusted(self) -> int:
        return sum(wound.entrusted for wound in self.wounds)

    @property
    def figures(self) -> str:
        """Of a siege without faults."""
        blows = ", ".join(f"{number} × {hurt}" for hurt, number in Counter(w.hurt for w in self.wounds).items())
        return (
            f"broker: {blows}; {len(self.rig.ledgers.all_sent)} messages, none lost, none twice; {self.entrusted} "
            f"stood on the broker's word alone when it was hurt; healed in {self.worst_s:.1f} s at most"
        )

    async def blow(self, hurt: Hurt, chance: random.Random) -> None:
        """Hurt the broker, restore everything, and wait until what had been sent by then is covered."""
        await asyncio.sleep(chance.uniform(*BEFORE_S))
        during_s = chance.uniform(*DURING_S)
        if hurt is Hurt.SERVER_DOWN:
            await self.rig.house.end(signal.SIGKILL)
            self.faults += await self.rig.judge_dead()
        elif hurt is Hurt.SERVER_PAUSED:
            self._signal(signal.SIGSTOP)
        await asyncio.sleep(0 if hurt is Hurt.SERVER_UP else during_s)
        entrusted = self._entrusted()
        if hurt is Hurt.STALLED:
            await self._stalled()
        else:
            self.broker.kill()
            await asyncio.sleep(during_s / 2)
            await asyncio.to_thread(self.broker.start)
        await self._restored(hurt)
        before = len(self.faults)
        self.wounds.append(Wound(hurt, len(entrusted), healed_s := await self._healed()))
        felt = len(self.faults) - before
        self.rig.keep(Line(Programme.BROKER, hurt, self.seed, healed_s=healed_s, faults=felt))

    async def _stalled(self) -> None:
        self.broker.stall()
        await asyncio.sleep(STANDSTILL_S)
        self.broker.wake()

    async def _restored(self, hurt: Hurt) -> None:
        if hurt is Hurt.SERVER_DOWN:
            await self.rig.house.start()
        elif hurt is Hurt.SERVER_PAUSED:
            self._signal(signal.SIGCONT)

    async def _healed(self) -> float | None:
        """Judged by the ledger that neither broker nor server can write."""
        loop = asyncio.get_running_loop()
        begun, open_ = loop.time(), self.rig.ledgers.held()
        while open_ - self.rig.ledgers.all_made[Promise.COVERED]:
            if loop.time() - begun > self.heal_s:
                left = open_ - self.rig.ledgers.all_made[Promise.COVERED]
                self.faults += [Fault(Wrong.HELD, str(key)) for key in sorted(left)]
                return None
            await asyncio.sleep(0.05)
        return loop.time() - begun

    def _entrusted(self) -> set[Key]:
        made = self.rig.ledgers.all_made
        return made[Promise.ON_BROKER] - made[Promise.COVERED] - made[Promise.TAKEN]

    def _signal(self, how: signal.Signals) -> None:
        assert self.rig.house.process is not None
        self.rig.house.process.send_signal(how)

    async def end(self) -> "Siege":
        """Nothing hurts any more: everything that was ever sent is covered, and stored once."""
        await self.rig.load.drain(self.heal_s)
        await self.rig.house.end()
        before = len(self.faults)
        self.faults += await self.rig.judge_dead()
        self.faults += [Fault(Wrong.HELD, str(key)) for key in sorted(self.rig.ledgers.held())]
        self.rig.keep(Line(Programme.HEALED, Programme.BROKER, self.seed, faults=len(self.faults) - before))
        return self


async def besieged(siege: Siege, blows: int) -> Siege:
    """Every kind of blow in turn, at moments that nobody chose."""
    chance = random.Random(siege.seed)  # noqa: S311 – moments, not secrets
    await siege.rig.house.start()
    async with siege.rig.load.playing():
        for hurt in islice(cycle(Hurt), blows):
            await siege.blow(hurt, chance)
    return await siege.end()
