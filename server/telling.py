"""After a commit: what has changed is told over the bus, and every node has the pages that show it read it anew."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from server.bus import Bus, Hint
from server.clinic.predictions import Predictions
from server.live import Gathered, Visitor
from signaling.hub import Hub

LIVE, READINGS, LINES = "live", "readings", "lines"  # channels of the bus
DESK = "desk"  # a live topic: every line of today, so that every change of a line is one of it
DESK_EVERY_S, DESK_AT_LEAST_S = 1.0, 60.0
UNATTENDED = "unattended"  # a kind of live topics, one a person; told of without a person's name
SHOW_ALARMS = ("patient", "alarms", "session", UNATTENDED)  # kinds of live topics


class Telling:
    """``hint`` wakes the outbox of this node, which has to look in any case."""

    def __init__(self, bus: Bus, hint: Callable[[], None]) -> None:
        self._bus, self._hint = bus, hint

    async def changed(self, topic: str) -> None:
        """By a use case: where a line has moved, waiting times are others on every node."""
        kind, _, subject = topic.partition(":")
        if kind == "line":
            await self._bus.publish(LINES, {"session": subject})
        await self.tell(topic)

    async def tell(self, topic: str) -> None:
        if topic == "outbox":
            self._hint()
        await self._bus.publish(LIVE, {"topic": topic})

    async def device(self, device_id: str) -> None:
        await self.tell(f"device:{device_id}")
        await self.tell("devices")

    async def elsewhere(self, topic: str) -> None:
        """The pages of other nodes read the topic anew."""
        await self._bus.publish(READINGS, {"topic": topic})


class Hearing:
    """What a node does about a hint, whoever gave it."""

    def __init__(self, hub: Hub[Visitor], predictions: Predictions) -> None:
        self._hub, self._predictions = hub, predictions
        self.desk = Gathered(partial(hub.refresh, DESK), every_s=DESK_EVERY_S, at_least_s=DESK_AT_LEAST_S)

    async def heard(self, channel: str, hint: Hint) -> None:
        if channel == LINES:
            self._predictions.changed(hint["session"])
            self.desk.changed()
        elif hint["topic"] == DESK:
            self.desk.changed()
        elif hint["topic"] == UNATTENDED:
            await self._hub.refresh_kinds([UNATTENDED])
        else:
            await self._hub.refresh(hint["topic"])

    async def look_again(self, _now: datetime) -> None:
        """A hint that was lost in a way that nobody thought of must not keep an alarm off a page."""
        await self._hub.refresh_kinds(SHOW_ALARMS)
