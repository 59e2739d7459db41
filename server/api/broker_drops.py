"""What brokers dropped for lack of room, the newest episode first."""

from server.access.roles import Action
from server.api.framework import Call, Route
from server.monitoring.broker_drops import BrokerDrops, Drops


def routes(drops: BrokerDrops) -> list[Route]:
    async def newest(_call: Call[None]) -> list[Drops]:
        return await drops.newest()

    return [
        Route(method="GET", path="/broker/drops", handler=newest, action=Action.DEVICE_READ, reply=list[Drops]),
    ]
