"""A server in a process of its own, to be killed: it prints every call as it begins and as it returns.

``python -m tests.linear.another <database> <seed> <digit>``
"""

import asyncio
import random
import sys

import msgspec

from server.store.engine import open_store
from tests.linear.clients import Clock, Plan, Record, Server, work
from tests.linear.hospital import find
from tests.roster.house import RosterHouse

FOR_EVER = 1_000_000
READY = "ready"


def _say(record: Record) -> None:
    sys.stdout.write(msgspec.json.encode(record).decode() + "\n")
    sys.stdout.flush()


async def main(url: str, seed: int, digit: int) -> None:
    store = await open_store(url, pool_size=4)
    place = await find(store, 1)
    chance = random.Random(seed)  # noqa: S311 – what the clients do
    server = Server(RosterHouse(store), place, Plan(Clock(digit), chance, FOR_EVER, told=_say))
    sys.stdout.write(f"{READY}\n")
    sys.stdout.flush()
    await work(server, f"process {digit}", place.doctors[2], desks=2)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
