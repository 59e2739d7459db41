"""A house with its load and its ledgers: beside a Mosquitto that nobody hurts, or on the embedded broker."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.devices.mosquitto import Mosquitto
from tests.faults.evidence import measured, rows_of
from tests.faults.house import House
from tests.faults.ledgers import Ledgers
from tests.faults.load import Load
from tests.faults.replay import as_received, undisturbed
from tests.faults.rows import Alarms, Rows
from tests.faults.table import Line, unkept
from tests.faults.tap import tap
from tests.faults.verdict import Fault, Wrong, healed, kept
from tests.faults.ward import Ward

ESCALATE_S = "10"  # so that the second step of the ladder falls among the kills
HEAL_S = 90.0
RESEND_S = 3.0
UNSETTLED = """
SELECT (SELECT count(*) FROM deliveries WHERE state = 'queued' AND attempts = 0 AND channel <> 'voice')
     + (SELECT sum(issued - evaluated) FROM partitions)
     + (SELECT count(*) FROM alarms a WHERE a.kind = 'physiological' AND NOT EXISTS (
         SELECT 1 FROM transitions t JOIN deliveries d ON d.cause = 'transition:' || t.id AND d.step = 1
         WHERE t.alarm_id = a.id AND t.priority = a.priority AND t.round = a.round)) AS number
"""


@dataclass
class Rig:
    """One house under one load."""

    name: str
    house: House
    load: Load
    ledgers: Ledgers
    keep: Callable[[Line], None] = unkept

    async def introduce(self) -> None:
        """A broker keeps messages for a session that it has seen; before that it may drop them."""
        await self.house.start()
        await self.house.end()

    async def judge_dead(self) -> list[Fault]:
        """The ledgers are read before the rows: a promise that is heard of later is judged later."""
        return kept(self.ledgers.now(), await self._rows())

    async def heal(self) -> list[Fault]:
        """Nothing hurts it any more: what is wrong once the broker has handed over all that it has, and once the
        devices have sent again what they still held. Ends the server."""
        await self._until_handed_over()
        await self.house.end()
        handed_over = kept(self.ledgers.healed(), await self._rows())
        await self.house.start()
        await self.load.drain(HEAL_S)
        await self._until_settled()
        await self.house.end()
        return handed_over + await self._judge_healed()

    async def _judge_healed(self) -> list[Fault]:
        alarms = await asyncio.to_thread(self._replay)
        held = [Fault(Wrong.HELD, str(key)) for key in sorted(self.ledgers.held())]
        idle = [] if alarms.due else [Fault(Wrong.ODD, "no alarm was due: this proves nothing about alarms")]
        return held + idle + healed(self.ledgers.healed(), await self._rows(), alarms, self.house.lives)

    def _replay(self) -> Alarms:
        messages, cares = measured(self.house.data)
        return Alarms(undisturbed(messages, cares), as_received(messages, cares, self.house.ended_at))

    async def _rows(self) -> Rows:
        return await asyncio.to_thread(rows_of, self.house.data, self.house.ended_at)

    async def _until_handed_over(self) -> None:
        """For a time: what is not there then, the verdict names."""
        wanted = [len(keys) for keys in self.ledgers.healed().made.values()]
        deadline = asyncio.get_running_loop().time() + HEAL_S
        while self._stored() < max(wanted) and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.2)

    async def _until_settled(self) -> None:
        deadline = asyncio.get_running_loop().time() + HEAL_S
        while not self._settled() and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.2)

    def _settled(self) -> bool:
        """Every alarm derived and escalated, every delivery tried, and what was printed put on record."""
        sent = {row["id"] for row in self.house.rows("SELECT id FROM deliveries WHERE state = 'sent'")}
        return not self.house.rows(UNSETTLED)[0]["number"] and sent.issuperset(self.house.printed())

    def _stored(self) -> int:
        return int(self.house.rows("SELECT count(*) AS number FROM messages")[0]["number"])


@asynccontextmanager
async def beside_mosquitto(folder: Path, ward: Ward, *, module: str = "server.__main__") -> AsyncIterator[Rig]:
    """The devices send nothing twice, so that what the server takes off the broker too early is gone."""
    broker = _mosquitto(folder)
    try:
        async with beside(broker, folder, ward, module=module) as rig:
            yield rig
    finally:
        broker.kill()


@asynccontextmanager
async def beside(broker: Mosquitto, folder: Path, ward: Ward, *, module: str = "server.__main__") -> AsyncIterator[Rig]:
    """For a test that hurts the broker itself; the folder is the house's."""
    ledgers = Ledgers(broker_survives=True)
    async with tap(broker.port, ledgers.taken) as port:
        settings = {"MQTT__BROKER": "outside", "MQTT__HOST": "127.0.0.1", "MQTT__PORT": str(port)}
        house = _house(folder, ward, settings, module)
        try:
            yield Rig("Mosquitto", house, Load(ward, broker.port, ledgers, folder / "backlogs"), ledgers)
        finally:
            await house.stop()


@asynccontextmanager
async def on_embedded_broker(folder: Path, ward: Ward, *, module: str = "server.__main__") -> AsyncIterator[Rig]:
    """The broker dies with the server: ``…/ack`` is the only promise, and what it does not cover is sent again."""
    ledgers = Ledgers(broker_survives=False)
    house = _house(folder, ward, {}, module)
    load = Load(ward, house.mqtt, ledgers, folder / "backlogs", resend_after_s=RESEND_S)
    try:
        yield Rig("embedded broker", house, load, ledgers)
    finally:
        await house.stop()


def _mosquitto(folder: Path) -> Mosquitto:
    folder.mkdir()
    broker = Mosquitto(folder)
    broker.start()
    return broker


def _house(folder: Path, ward: Ward, settings: dict[str, str], module: str) -> House:
    house = House(folder / "data", {"ALARMS__ACKNOWLEDGE_S": ESCALATE_S, **settings}, module=module)
    ward.copy_to(house.data)
    return house
