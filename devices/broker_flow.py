"""How many messages of each device may be on their way to the server at once: who floods waits, and nobody else does.

amqtt's own queue has no bound and one order for all, so a few devices at full rate would delay everybody's readings by
seconds, and it forgets whatever waits longer than five.
"""

import asyncio
import struct
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from devices import topics
from devices.broker_frames import Fields, Frame, Packet, ViolationError

TO_DEVICE = ("ack", "command")  # the server's own words, which come back to it


@dataclass(frozen=True, slots=True)
class FlowLimits:
    """``total`` is shared by the devices that have something underway, ``least`` to ``most`` each."""

    total: int = 256
    least: int = 2
    most: int = 64
    stuck_s: float = 5.0  # after so long amqtt has forgotten a message that was not PUBACKed


class Flow:
    """In the broker's loop. A message is underway from ``enter`` until the server's PUBACK passes ``heard``."""

    def __init__(self, limits: FlowLimits | None = None) -> None:
        self.unheard = 0  # messages that came while the server, who had been here, was away: nobody has them
        self._listening: bool | None = None  # None: has not come yet
        self._limits = limits or FlowLimits()
        self._underway: Counter[str] = Counter()
        self._sender: dict[int, str] = {}  # by the packet id under which the server has it
        self._waiting: dict[str, asyncio.Event] = {}

    @property
    def underway(self) -> Mapping[str, int]:
        return self._underway

    def listens(self, listening: bool) -> None:
        """The server's own client has come or gone."""
        self._listening = listening

    async def enter(self, device_id: str, frame: bytes) -> None:
        """Wait for room, where this frame of the device is a message that the server will acknowledge."""
        if frame[0] & 0xF6 != Packet.PUBLISH << 4 | 2:  # QoS 1, whatever DUP and RETAIN say
            return
        self.unheard += self._listening is False
        if self._underway[device_id] >= self._share:
            await self._room(device_id)
        self._underway[device_id] += 1

    def told(self, frame: bytes) -> None:
        """A frame goes to the server: a message gets the id under which the server will acknowledge it."""
        if frame[0] & 0xF6 != Packet.PUBLISH << 4 | 2:
            return
        with suppress(ViolationError):
            topic, packet_id = _head(frame)
            if topic is not None and topic.channel not in TO_DEVICE:
                self._settle(packet_id)  # an id that comes again was given up
                self._sender[packet_id] = topic.device_id

    def heard(self, frame: bytes) -> None:
        """A frame comes from the server."""
        if frame[0] >> 4 == Packet.PUBACK and len(frame) == 4:
            self._settle(struct.unpack("!H", frame[2:])[0])

    @property
    def _share(self) -> int:
        fair = self._limits.total // max(1, len(self._underway))
        return min(self._limits.most, max(self._limits.least, fair))

    def _settle(self, packet_id: int) -> None:
        device_id = self._sender.pop(packet_id, None)
        if device_id is None:
            return
        self._underway[device_id] -= 1
        if self._underway[device_id] <= 0:
            del self._underway[device_id]
        if device_id in self._waiting and self._underway[device_id] < self._share:
            self._waiting[device_id].set()

    async def _room(self, device_id: str) -> None:
        """At most until amqtt has forgotten what was underway: a server that is away holds nobody up for good."""
        event = self._waiting[device_id] = asyncio.Event()
        try:
            async with asyncio.timeout(self._limits.stuck_s):
                await event.wait()
        except TimeoutError:
            self._underway[device_id] = 0
        finally:
            self._waiting.pop(device_id, None)


def _head(frame: bytes) -> tuple[topics.Topic | None, int]:
    start = 1
    while frame[start] & 0x80:
        start += 1
    fields = Fields(Frame(frame[0], frame[start + 1 :]).body)
    return topics.parse(fields.topic()), fields.packet_id()
