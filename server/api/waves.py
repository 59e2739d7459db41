"""Recorded waveforms of a patient: which there are, and a stretch of one."""

from datetime import datetime
from typing import Annotated

import msgspec

from server.access.roles import Action
from server.api.framework import Body, Call, Route
from server.monitoring.waves import WaveChannel, Waves, WavesView, WaveWish


class WavesQuery(Body, frozen=True, rename={"start": "from"}):
    """From ``from`` to before ``until``: up to 30 s every sample, of more an envelope of at most ``points``."""

    channel: Annotated[str, msgspec.Meta(max_length=32)]
    start: datetime
    until: datetime
    points: Annotated[int, msgspec.Meta(ge=10, le=2_000)] = 500


def routes(waves: Waves) -> list[Route]:
    handlers = _Handlers(waves)
    return [
        Route(
            method="GET",
            path="/patients/{id}/waves",
            handler=handlers.of,
            action=Action.READINGS_READ,
            query=WavesQuery,
            reply=WavesView,
        ),
        Route(
            method="GET",
            path="/patients/{id}/waves/channels",
            handler=handlers.channels,
            action=Action.READINGS_READ,
            reply=list[WaveChannel],
        ),
    ]


class _Handlers:
    def __init__(self, waves: Waves) -> None:
        self._waves = waves

    async def of(self, call: Call[None]) -> WavesView:
        query: WavesQuery = call.query
        wish = WaveWish(call.path["id"], query.channel, query.start, query.until, query.points)
        return await self._waves.of(call.who, wish)

    async def channels(self, call: Call[None]) -> list[WaveChannel]:
        return await self._waves.channels(call.who, call.path["id"], call.now)
