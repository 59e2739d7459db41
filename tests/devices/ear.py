"""One of our MQTT clients at a broker, with what it heard: the subject of the contract suite."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from devices.mqtt_endpoint import Endpoint
from devices.mqtt_frames import Publish
from devices.mqtt_loop import Driver
from devices.wire import LinkClient, StockClient


@dataclass(frozen=True)
class Address:
    """A broker, the version of MQTT to speak with it, and who we are there."""

    port: int
    v5: bool
    client_id: str = "bedside-server"
    password: str = "any"
    tls: ssl.SSLContext | None = None
    window: int = 1000
    keep_alive_s: int = 5

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(
            "127.0.0.1",
            self.port,
            self.client_id,
            self.password,
            persistent=self.v5,
            window=self.window,
            keep_alive_s=self.keep_alive_s,
        )


class Ear:
    """``clean`` False: a session that the broker keeps."""

    def __init__(self, kind: type[LinkClient], address: Address, *, clean: bool = False) -> None:
        self.heard: list[Publish] = []
        self.confirmed: list[int] = []
        self.refused: list[str] = []
        self.up, self.ended = asyncio.Event(), asyncio.Event()
        self.client = kind(
            CallbackAPIVersion.VERSION2,
            client_id=address.client_id,
            clean_session=None if address.v5 else clean,
            protocol=paho.MQTTv5 if address.v5 else paho.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        self.client.username_pw_set(address.client_id, address.password)
        if address.tls:
            self.client.tls_set_context(address.tls)
        self.client.on_connect = self._on_connect
        self.client.on_subscribe = lambda *_: self.up.set()
        self.client.on_disconnect = lambda *_: self.ended.set()
        self.client.on_publish = lambda _c, _u, mid, _r, _p: self.confirmed.append(mid)
        self.client.max_inflight_messages_set(0)
        self.client.listen(self.heard.extend)
        self.driver = Driver(self.client, address.endpoint)

    async def connect(self) -> "Ear":
        await self.driver.connect()
        return self

    async def subscribe(self, topic: str = "bedside/v1/#") -> "Ear":
        await self.connect()
        await until(self.client.is_connected)
        self.client.subscribe(topic, 1)
        await asyncio.wait_for(self.up.wait(), 5)
        return self

    def acknowledge_all(self) -> None:
        """From now on, as it comes."""

        def hear(publishes: Sequence[Publish]) -> None:
            self.heard.extend(publishes)
            self.puback(publishes)

        self.client.listen(hear)

    def _on_connect(self, _: object, __: object, ___: object, code: ReasonCode, ____: object) -> None:
        if code.is_failure:
            self.refused.append(str(code))

    def payloads(self) -> list[bytes]:
        return [one.payload for one in self.heard]

    def puback(self, heard: Sequence[Publish]) -> None:
        self.client.puback([one.packet_id for one in heard if one.packet_id])

    async def has(self, count: int) -> list[Publish]:
        await until(lambda: len(self.heard) >= count)
        return self.heard

    async def is_read(self) -> None:
        """Until the broker has read all that was said: it confirms what comes last. Who leaves earlier may lose it."""
        before = len(self.confirmed)
        self.client.publish("nobody/listens", qos=1)
        await until(lambda: len(self.confirmed) > before)

    async def leave(self) -> None:
        self.driver.disconnect()
        await asyncio.wait_for(self.ended.wait(), 5)


@asynccontextmanager
async def listening(kind: type[LinkClient], address: Address, *, settles: bool = False) -> AsyncIterator[Ear]:
    """One that hears everything; with ``settles`` it acknowledges as it hears."""
    ear = Ear(kind, address)
    if settles:
        ear.acknowledge_all()
    try:
        yield await ear.subscribe()
    finally:
        ear.driver.disconnect()
        ear.driver.let_go()


@asynccontextmanager
async def speaking(address: Address) -> AsyncIterator[Ear]:
    """A device's client."""
    device = await Ear(StockClient, address, clean=True).connect()
    try:
        await until(device.client.is_connected)
        yield device
    finally:
        device.driver.disconnect()
        device.driver.let_go()


def said_with_everything() -> Properties:
    """Each property that a PUBLISH of MQTT 5 may bring from another client, and more bytes than one digit can count."""
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.ContentType = "application/json"
    properties.ResponseTopic = "answers/here"
    properties.CorrelationData = b"\0\1\2"
    properties.PayloadFormatIndicator = 1
    properties.MessageExpiryInterval = 3600
    properties.UserProperty = [("key", "v" * 200), ("key", "twice")]
    return properties


async def until(true: Callable[[], bool], within_s: float = 20.0) -> None:
    deadline = monotonic() + within_s
    while not true():
        assert monotonic() < deadline, "it did not come true"
        await asyncio.sleep(0.01)
