"""A short walk along the path, in a process that may be killed anywhere: real store, intake, evaluation and outbox, but
no broker, no pages and no waiting. What it promises it says at once to the test, by datagram.

``walk.json`` in the data directory says what arrives, in which batches, and where promises are told.
"""

import asyncio
import socket
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import msgspec

from devices.arrivals import Arrival, Link, Receipt
from devices.clock_steps import Stepped, never
from devices.ingest import Ingest
from devices.reader import Reader
from server.app import CLOCK, Bedside, open_bedside
from server.notifications.outbox import ORDINARY, URGENT
from server.settings import Settings
from server.store.errors import Unavailable
from server.store.journal import StoreJournal
from tests.faults.walk_plan import Plan, Said

QUEUED = "SELECT attempts, next_try_at, urgent FROM deliveries WHERE state = 'queued'"
END_S = 300.0
END = datetime(9000, 1, 1, tzinfo=UTC)


class Told:
    """``ingest.Link`` without a broker: what would be said to it and to the devices is said to the test."""

    def __init__(self, port: int) -> None:
        self._socket, self._to = socket.socket(type=socket.SOCK_DGRAM), ("127.0.0.1", port)

    async def arrivals(self, linger_s: float, limit: int) -> list[Arrival]:
        raise NotImplementedError

    def acknowledge(self, receipts: Sequence[Receipt]) -> None:
        for receipt in receipts:
            self._say(Said(step=receipt.mid))

    def publish_ack(self, device_id: str, epoch: str | None, seq: int) -> None:
        self._say(Said(device_id, epoch or "", seq))

    def tell(self, topic: str, payload: bytes) -> None:
        """Nothing of the walk's is answered in words."""

    def _say(self, said: Said) -> None:
        self._socket.sendto(msgspec.json.encode(said), self._to)


def main() -> None:
    asyncio.run(_walk())


async def _walk() -> None:
    settings = Settings()
    plan = msgspec.json.decode((settings.data.directory / "walk.json").read_bytes(), type=Plan)
    house = await open_bedside(settings, demo=False)
    async with asyncio.timeout(END_S):
        await _take(house, plan)
    await house.stop()


async def _take(house: Bedside, plan: Plan) -> None:
    await house._admitting.read()
    ingest = intake(house, Told(plan.port))
    mids = iter(range(1_000))
    await _again(house._evaluator.begin)
    for batch in plan.batches:
        arrived = [
            Arrival(step.topic, step.payload, False, datetime.now(UTC), Receipt(1, next(mids))) for step in batch
        ]
        await ingest.take(arrived)
        await house._evaluator.tick()
    while house._evaluator.stats.failing_since:
        await house._evaluator.tick()
    await _deliver(house, to_the_end=plan.to_the_end)


def intake(house: Bedside, link: Link, clock: Callable[[], datetime] = CLOCK, stepped: Stepped = never) -> Ingest:
    """As ``Bedside`` makes it, but for the link."""
    return Ingest(
        link,
        StoreJournal(house._alarm_store),
        Reader(house._admitting.registry, house.house.sender.zone),
        committed=house._hands_on.committed,
        clock=clock,
        outage=(OSError, Unavailable),
        stepped=stepped,
    )


async def _deliver(house: Bedside, *, to_the_end: bool) -> None:
    """But for what an earlier walk had begun to deliver: that is leased yet."""
    begun = CLOCK()
    for number, dispatcher in enumerate(house._dispatchers):
        house.supervise(f"messages {number}", dispatcher.run)
    while await _is_delivering(house, begun if to_the_end else END):
        await asyncio.sleep(0.01)


async def _is_delivering(house: Bedside, begun: datetime) -> bool:
    try:
        async with house.store.read(lambda connection: connection) as connection:
            rows = (await connection.exec_driver_sql(QUEUED)).all()
    except Unavailable:
        return True
    leases, now = {True: begun + URGENT.lease, False: begun + ORDINARY.lease}, CLOCK()
    waiting = [(row.attempts, datetime.fromisoformat(row.next_try_at), leases[bool(row.urgent)]) for row in rows]
    return any(not tries or until <= now or until >= own for tries, until, own in waiting)


async def _again(step: object) -> None:
    """What the supervisor does for a task that fails."""
    while True:
        try:
            return await step()  # type: ignore[operator,no-any-return]
        except Unavailable:
            await asyncio.sleep(0.05)


if __name__ == "__main__":
    main()
