"""The links to an MQTT broker: the server's own, and a device's. Plain data leaves; paho is known here, in ``wire`` and
in ``mqtt_loop`` alone.

The server's link acknowledges a message when it is told to – after the commit – and never by itself.
"""

import asyncio
import logging
import random
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

import msgspec
from paho.mqtt import client as paho
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from devices import topics
from devices.arrivals import Arrival, Receipt
from devices.fair import FairInbox
from devices.mqtt_acks import NewestAcks, Stream
from devices.mqtt_echo import Echo
from devices.mqtt_endpoint import Backoff, Endpoint, tls_context
from devices.mqtt_frames import Publish
from devices.mqtt_loop import Driver
from devices.mqtt_receipts import Unacknowledged
from devices.wire import CLIENTS, StockClient, new_client

LOG = logging.getLogger(__name__)
DRAIN_S = 2.0
ECHO_TICK_S = 1.0
TOLD = 1000  # answers under way that are no number
_OURS = ("/ack", "/command")  # what the server itself says, within what it hears
_NEWS = "$SYS/"


class MqttLink:
    """``ingest.Link`` over paho: ``run`` connects and keeps connecting, ``close`` lets go in bounded time.

    Each connection is a generation with a paho client of its own. A receipt of an older one goes nowhere, so it can
    never confirm the message that the broker has given the same packet id since (MQTT 5 §2.2.1).
    """

    def __init__(
        self, endpoint: Endpoint, changed: Callable[[bool], None] | None = None, backoff: Backoff | None = None
    ) -> None:
        """``changed(connected)`` is called in the loop, for readiness."""
        self.news: Callable[[str, bytes], None] = lambda _topic, _payload: None  # what the broker says of itself
        self.sessions_lost = 0  # the broker forgot our session: what it held for us is gone, devices send it again
        self._endpoint = endpoint
        self._tls = tls_context(endpoint.tls)
        self._changed = changed or (lambda _: None)
        self._backoff = backoff or Backoff()
        self._random = random.Random()  # noqa: S311 - jitter
        self._some = asyncio.Event()
        self._inbox = FairInbox(endpoint.window)
        self._connection: _Connection | None = None
        self._connected = False
        self._generation = 0
        self._unacknowledged = Unacknowledged()
        self._acks = NewestAcks()
        self._own_ack = topics.ack(endpoint.client_id)
        self._echo = Echo()
        self._afresh = False  # the next connection gives up what the broker holds for us
        self._given_up = False  # it did, and no word of ours has come back since
        self._flying: dict[int, Stream] = {}
        self._telling: set[int] = set()  # packet ids
        self._acks_done = asyncio.Event()
        self._closed = False

    @property
    def connected(self) -> bool:
        """Connected and subscribed: messages can arrive."""
        return self._connected

    async def run(self) -> None:
        """Until ``close``. A broker that cannot be reached is tried again and again; nothing of it raises."""
        failures = 0
        while not self._closed:
            was_up = await self._one_connection()
            failures = 0 if was_up else failures + 1
            if not self._closed:
                await asyncio.sleep(self._backoff.delay_s(failures, self._random.random()))

    async def close(self) -> None:
        """Send what is owed – PUBACKs and ``…/ack`` – for ``DRAIN_S`` seconds at most, then disconnect."""
        self._closed = True
        if self._connected and self._acks:
            self._acks_done.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._acks_done.wait(), DRAIN_S)
        if self._connection is not None:
            await self._connection.disconnect()
            self._connection.let_go()

    async def arrivals(self, linger_s: float, limit: int) -> list[Arrival]:
        """Wait for one message or more, at most ``limit``; ``linger_s`` after the first the batch is what it is."""
        while True:
            await self._some.wait()
            await asyncio.sleep(linger_s if len(self._inbox) < limit else 0)
            self._some.clear()
            if fresh := self._note(self._take(limit)):
                return fresh

    def acknowledge(self, receipts: Sequence[Receipt]) -> None:
        """PUBACK, in the order of receipt; receipts of older connections are ignored, the broker will ask again."""
        valid = [receipt.mid for receipt in receipts if receipt.generation == self._generation]
        due = self._unacknowledged.acknowledged(valid)
        if due and self._connection is not None:
            self._connection.puback(due)

    def publish_ack(self, device_id: str, epoch: str | None, seq: int) -> None:
        """Tell the device that everything up to ``seq`` is committed or quarantined. Only the newest is ever sent."""
        self._acks.want((device_id, epoch or None), seq)
        self._send_acks()

    def tell(self, topic: str, payload: bytes) -> None:
        """Best effort, and at most ``TOLD`` at once: whoever sends faster than it is answered hears of a part."""
        if self._connected and self._connection is not None and len(self._telling) < TOLD:
            self._telling.add(self._connection.publish(topic, payload))

    def _take(self, limit: int) -> list[Arrival]:
        """A share of each device's; with room again, the broker may go on."""
        taken = self._inbox.take(limit)
        if len(self._inbox):
            self._some.set()
        if self._connection is not None and self._inbox.has_room:
            self._connection.resume()
        return taken

    def _note(self, taken: list[Arrival]) -> list[Arrival]:
        """Settle at once what is only the echo of our own ``…/ack``, and hand on what the broker says of itself."""
        echoes = [arrival.receipt for arrival in taken if _is_echo(arrival.topic)]
        if echoes:
            self._hear_ourselves(taken)
            self.acknowledge(echoes)
            taken = [arrival for arrival in taken if not _is_echo(arrival.topic)]
        return self._without_news(taken) if self._endpoint.news else taken

    def _without_news(self, taken: list[Arrival]) -> list[Arrival]:
        """It comes with QoS 0, so nothing is owed for it."""
        for arrival in taken:
            if arrival.topic.startswith(_NEWS):
                self.news(arrival.topic, arrival.payload)
        return [arrival for arrival in taken if not arrival.topic.startswith(_NEWS)]

    async def _one_connection(self) -> bool:
        """True if it was up until it ended. While the hand-over is full there is none: it would only grow."""
        if self._inbox.full:
            return False
        self._generation += 1
        self._unacknowledged = Unacknowledged()
        self._echo = Echo()
        connection = self._connection = _Connection(self._endpoint, self._tls, self, self._generation)
        afresh, self._afresh = self._afresh, False
        try:
            async with asyncio.TaskGroup() as group:
                watching = group.create_task(self._watch_for_a_deaf_broker(connection))
                await connection.last(afresh=afresh)
                watching.cancel()
            return self._connected
        finally:
            self._down()
            connection.let_go()

    async def _watch_for_a_deaf_broker(self, connection: "_Connection") -> None:
        """Where it keeps a session for us: one that hands nothing over is left, and its session with it."""
        clock = asyncio.get_running_loop().time
        while self._endpoint.persistent:
            await asyncio.sleep(ECHO_TICK_S)
            if not self._connected:
                continue
            if self._inbox or self._unacknowledged:
                self._echo.excuse(clock())
            if self._echo.is_lost(clock()):
                self._leave(connection)
                return
            if word := self._echo.due(clock()):
                connection.publish(self._own_ack, word)

    def _leave(self, connection: "_Connection") -> None:
        """Once: a broker that never lets the server hear itself has other rights than ours."""
        if self._given_up:
            LOG.error("the broker hands over nothing, or the server may not hear %s there", self._own_ack)
            return
        LOG.warning("the broker hands over nothing: its session is given up, devices send again what it held")
        self._given_up = self._afresh = True
        connection.let_go()

    def _hear_ourselves(self, taken: list[Arrival]) -> None:
        for arrival in taken:
            if arrival.topic == self._own_ack and self._echo.heard(arrival.payload):
                self._given_up = False

    # Called by the connection.

    def up(self, session_present: bool) -> None:
        self._connected = True
        if self._endpoint.persistent and not session_present and self._generation > 1:
            self.sessions_lost += 1
            LOG.warning("the broker has no session of ours any more; devices will send again what it held")
        self._changed(True)
        self._send_acks()

    def _down(self) -> None:
        if self._connected:
            self._connected = False
            self._changed(False)
        self._acks.disconnected()
        self._flying.clear()
        self._telling.clear()

    def arrived(self, generation: int, publishes: Sequence[Publish]) -> None:
        """A full hand-over makes the broker wait: it holds a window, and what one read may bring beyond."""
        now = datetime.now(UTC)
        if generation == self._generation:
            self._unacknowledged.received(one.packet_id for one in publishes if one.packet_id)
        for one in publishes:
            self._inbox.add(Arrival(one.topic, one.payload, one.retain, now, Receipt(generation, one.packet_id)))
        self._some.set()
        if self._inbox.full and self._connection is not None:
            self._connection.pause()

    def confirmed(self, connection: "_Connection", mid: int) -> None:
        if connection is not self._connection:
            return
        self._telling.discard(mid)
        if stream := self._flying.pop(mid, None):
            self._acks.confirmed(stream)
            self._send_acks()
        if not self._acks:
            self._acks_done.set()

    def _send_acks(self) -> None:
        if not self._connected or self._connection is None:
            return
        for (device_id, epoch), seq in self._acks.due():
            payload = msgspec.json.encode({"epoch": epoch, "seq": seq})
            self._flying[self._connection.publish(topics.ack(device_id), payload)] = (device_id, epoch)


def _is_echo(topic: str) -> bool:
    """``bedside/v1/{device}/ack``: what ends like it further down, as ``…/readings/ack``, a device has said."""
    return topic.endswith(_OURS) and topic.count("/") == topics.PREFIX.count("/") + 2


class _Connection:
    """One connection of the server's link, from CONNECT to its end."""

    def __init__(self, endpoint: Endpoint, tls: ssl.SSLContext | None, link: MqttLink, generation: int) -> None:
        self.ended = asyncio.Event()
        self._endpoint = endpoint
        self._link = link
        self._generation = generation
        self._session_present = False
        client = self._client = new_client(CLIENTS[endpoint.library], endpoint, tls, manual_ack=True)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_publish = lambda _c, _u, mid, _r, _p: link.confirmed(self, mid)
        client.on_disconnect = self._on_disconnect
        client.listen(self._heard)
        self._driver = Driver(client, endpoint)
        self.pause, self.resume = self._driver.pause, self._driver.resume
        self.puback = client.puback

    async def last(self, *, afresh: bool) -> None:
        """Connect, and wait for the end of it. ``afresh``: what the broker holds for us is not wanted."""
        try:
            await self._driver.connect(afresh=afresh)
        except OSError as error:
            LOG.info("the broker cannot be reached: %s", error)
        else:
            await self.ended.wait()

    async def disconnect(self) -> None:
        """What is owed goes first, for ``DRAIN_S`` at most."""
        self._driver.disconnect()
        if self._client.socket() is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.ended.wait(), DRAIN_S)

    def let_go(self) -> None:
        """At once, without a word."""
        self._driver.let_go()
        self.ended.set()

    def publish(self, topic: str, payload: bytes) -> int:
        """QoS 1; the packet id that ``confirmed`` will name."""
        return self._client.publish(topic, payload, qos=1).mid

    def _on_connect(
        self, client: paho.Client, _: object, flags: paho.ConnectFlags, code: ReasonCode, *__: object
    ) -> None:
        if code.is_failure:
            LOG.warning("the broker refused the server's link: %s", code)
            return
        self._session_present = flags.session_present
        if self._endpoint.persistent:
            news = [(topic, SubscribeOptions(qos=0)) for topic in self._endpoint.news]
            ours = (topics.ack(self._endpoint.client_id), SubscribeOptions(qos=1))
            client.subscribe([(topics.SUBSCRIPTION, SubscribeOptions(qos=1, noLocal=True)), ours, *news])
        else:
            client.subscribe(topics.SUBSCRIPTION, qos=1)

    def _on_subscribe(self, client: paho.Client, _: object, __: int, codes: list[ReasonCode], *___: object) -> None:
        if codes[0].is_failure:  # the others may be refused: they are not what the link is for
            LOG.error("the broker refused the subscription to %s", topics.SUBSCRIPTION)
            client.disconnect()
        else:
            self._link.up(self._session_present)

    def _heard(self, publishes: Sequence[Publish]) -> None:
        self._link.arrived(self._generation, publishes)

    def _on_disconnect(self, _: paho.Client, __: object, ___: object, code: ReasonCode, *____: object) -> None:
        LOG.info("the server's link to the broker ended: %s", code)
        self.ended.set()


class DeviceClient:
    """A device's connection, driven by the running loop: a thousand need no thread. One object, one connection.

    ``on_message(topic, payload)``, ``on_up()``, ``on_down(reason)`` and ``on_published(mid)`` are called in the loop.
    """

    def __init__(
        self, endpoint: Endpoint, subscriptions: Sequence[str] = (), will: tuple[str, bytes] | None = None
    ) -> None:
        self.on_message: Callable[[str, bytes], None] = lambda _topic, _payload: None
        self.on_up: Callable[[], None] = lambda: None
        self.on_down: Callable[[str], None] = lambda _reason: None
        self.on_published: Callable[[int], None] = lambda _mid: None
        self._subscriptions = subscriptions
        client = self._client = new_client(StockClient, endpoint, tls_context(endpoint.tls), manual_ack=False)
        if will:
            client.will_set(*will, qos=1, retain=True)
        client.on_connect = self._on_connect
        client.on_disconnect = lambda _c, _u, _f, code, _p: self.on_down(str(code))
        client.on_publish = lambda _c, _u, mid, _r, _p: self.on_published(mid)
        client.listen(self._heard)
        driver = Driver(client, endpoint)
        self.connect, self.disconnect, self.drop = driver.connect, driver.disconnect, driver.drop

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> int:
        """QoS 1; the packet id that ``on_published`` will name."""
        return self._client.publish(topic, payload, qos=1, retain=retain).mid

    def _heard(self, publishes: Sequence[Publish]) -> None:
        for one in publishes:
            self.on_message(one.topic, one.payload)

    def _on_connect(self, client: paho.Client, _: object, __: object, code: ReasonCode, *___: object) -> None:
        if code.is_failure:
            return  # on_down follows
        if self._subscriptions:
            client.subscribe([(topic, 1) for topic in self._subscriptions])
        self.on_up()
