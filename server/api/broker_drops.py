"""What brokers dropped for lack of room, and what devices have lost: the newest first."""

from server.access.roles import Action
from server.api.framework import Call, Route
from server.monitoring.broker_drops import BrokerDrops, Drops
from server.monitoring.gaps import Gaps, GapView


def routes(drops: BrokerDrops, gaps: Gaps) -> list[Route]:
    async def newest(_call: Call[None]) -> list[Drops]:
        return await drops.newest()

    async def newest_gaps(_call: Call[None]) -> list[GapView]:
        return await gaps.newest()

    return [
        Route(method="GET", path="/broker/gaps", handler=newest_gaps, action=Action.DEVICE_READ, reply=list[GapView]),
        Route(method="GET", path="/broker/drops", handler=newest, action=Action.DEVICE_READ, reply=list[Drops]),
    ]
