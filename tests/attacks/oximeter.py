"""A device on raw MQTT: says what no honest library would, and counts what it is told back."""

import asyncio
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from tests.devices import raw_mqtt
from tests.devices.raw_mqtt import RawClient

_MIDS = count(1)


def now() -> str:
    return datetime.now(UTC).isoformat()


def reading(metric: str = "spo2", value: object = 97, unit: str = "%", at: str | None = None) -> dict[str, Any]:
    return {"metric": metric, "value": value, "unit": unit, "at": at or now()}


def message(seq: int | None = None, *readings: object, epoch: str = "e1", **more: object) -> bytes:
    numbered = {} if seq is None else {"epoch": epoch, "seq": seq}
    return json.dumps({**numbered, "sent": now(), "readings": list(readings), **more}).encode()


@dataclass
class Oximeter:
    """``pubacks`` are the packet ids that the broker took; ``acks`` is what ``…/ack`` said, in order."""

    id: str
    client: RawClient
    pubacks: set[int] = field(default_factory=set)
    acks: list[dict[str, Any]] = field(default_factory=list)
    closed: bool = False
    _reading: "asyncio.Task[None] | None" = None

    @classmethod
    async def on(cls, port: int, device_id: str, secret: str) -> "Oximeter":
        client = await RawClient.device(port, device_id, secret=secret)
        client.send(raw_mqtt.subscribe(f"bedside/v1/{device_id}/ack"))
        oximeter = cls(device_id, client)
        oximeter._reading = asyncio.get_running_loop().create_task(oximeter._read())
        return oximeter

    def publish(self, payload: bytes, channel: str = "readings", *, retain: bool = False) -> int:
        return self.publish_on(f"bedside/v1/{self.id}/{channel}", payload, retain=retain)

    def publish_on(self, topic: str | bytes, payload: bytes, *, retain: bool = False) -> int:
        mid = next(_MIDS) % 65_000 + 1
        self.client.send(raw_mqtt.publish(topic, payload, mid=mid, retain=retain))
        return mid

    async def tells(self, payload: bytes, within_s: float = 3.0) -> None:
        """Publish and wait for the broker to have it."""
        mid = self.publish(payload)
        await self.until(lambda: mid in self.pubacks, within_s)

    async def is_covered(self, seq: int, within_s: float = 3.0, epoch: str = "e1") -> None:
        await self.until(lambda: self.covered(epoch) >= seq, within_s)

    def covered(self, epoch: str = "e1") -> int:
        return max((ack["seq"] for ack in self.acks if ack.get("epoch") == epoch), default=-1)

    async def until(self, true: Callable[[], bool], within_s: float = 20.0) -> None:
        async with asyncio.timeout(within_s):
            while not true():
                await asyncio.sleep(0.01)

    async def close(self) -> None:
        await self.client.close()
        if self._reading:
            await self._reading

    async def _read(self) -> None:
        try:
            while True:
                self._take(*await self._frame())
        except (OSError, asyncio.IncompleteReadError):
            self.closed = True

    async def _frame(self) -> tuple[int, bytes]:
        first = (await self.client.reader.readexactly(1))[0]
        length = shift = 0
        while (digit := (await self.client.reader.readexactly(1))[0]) & 0x80:
            length |= (digit & 0x7F) << shift
            shift += 7
        return first, await self.client.reader.readexactly(length | digit << shift)

    def _take(self, first: int, body: bytes) -> None:
        if first >> 4 == 4:
            self.pubacks.add(struct.unpack("!H", body)[0])
        if first >> 4 == 3:
            (size,) = struct.unpack("!H", body[:2])
            self.client.send(b"\x40\x02" + body[2 + size : 4 + size])
            self.acks.append(json.loads(body[4 + size :]))
