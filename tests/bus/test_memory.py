"""The bus of one process."""

from server.bus.memory import MemoryBus
from tests.bus.subscriber import Subscriber, running, until


async def test_too_many_hints_become_one_reading_again() -> None:
    bus = MemoryBus(waiting=3)
    subscriber = Subscriber(bus)
    for number in range(8):
        await bus.publish("live", {"number": str(number)})
    async with running(bus):
        await until(lambda: bool(subscriber.heard))
    assert subscriber.missed == 1
    assert subscriber.heard == [("live", {"number": "6"}), ("live", {"number": "7"})]
