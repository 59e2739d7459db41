"""The outbox, for those who look after it."""

from server.access.roles import Action
from server.api.framework import Call, Route
from server.notifications.reader import DeliveryView, OutboxReader


def routes(reader: OutboxReader) -> list[Route]:
    async def outbox(_call: Call[None]) -> list[DeliveryView]:
        return await reader.newest()

    return [
        Route(method="GET", path="/outbox", handler=outbox, action=Action.OUTBOX_READ, reply=list[DeliveryView]),
    ]
