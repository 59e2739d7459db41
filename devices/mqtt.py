"""The links to an MQTT broker: the server's own, and a device's. The only file that imports paho; plain data leaves it.

The server's link acknowledges a message when it is told to – after the commit – and never by itself.
"""

import asyncio
import logging
import random
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

import msgspec
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from devices import topics
from devices.ingest import Arrival, Receipt
from devices.mqtt_acks import NewestAcks, Stream
from devices.mqtt_endpoint import Backoff, Endpoint, tls_context
from devices.mqtt_inbox import Inbox, Unacknowledged

LOG = logging.getLogger(__name__)
SESSION_EXPIRY_S = 7 * 24 * 3600  # of the outside broker, while the server is away
DRAIN_S = 2.0
_OURS = ("/ack", "/command")  # what the server itself says, within what it hears


class MqttLink:
    """``ingest.Link`` over paho: ``run`` connects and keeps connecting, ``close`` lets go in bounded time.

    Each connection is a generation with a paho client of its own. A receipt of an older one goes nowhere, so it can
    never confirm the message that the broker has given the same packet id since (MQTT 5 §2.2.1).
    """

    def __init__(
        self, endpoint: Endpoint, changed: Callable[[bool], None] | None = None, backoff: Backoff | None = None
    ) -> None:
        """``changed(connected)`` is called in the loop, for readiness."""
        self.sessions_lost = 0  # the broker forgot our session: what it held for us is gone, devices send it again
        self._endpoint = endpoint
        self._tls = tls_context(endpoint.tls)
        self._changed = changed or (lambda _: None)
        self._backoff = backoff or Backoff()
        self._random = random.Random()  # noqa: S311 - jitter
        self._some = asyncio.Event()
        self._inbox: Inbox[Arrival] = Inbox(endpoint.window, lambda: self.post(self._some.set))
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connection: _Connection | None = None
        self._connected = False
        self._generation = 0
        self._unacknowledged = Unacknowledged()
        self._acks = NewestAcks()
        self._flying: dict[int, Stream] = {}
        self._acks_done = asyncio.Event()
        self._closed = False

    @property
    def connected(self) -> bool:
        """Connected and subscribed: messages can arrive."""
        return self._connected

    async def run(self) -> None:
        """Until ``close``. A broker that cannot be reached is tried again and again; nothing of it raises."""
        self._loop = asyncio.get_running_loop()
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
        self._inbox.close()  # or paho's thread, waiting for room in it, would never read this:
        if self._connection is not None:
            self._connection.disconnect()

    async def arrivals(self, linger_s: float, limit: int) -> list[Arrival]:
        """Wait for one message or more, at most ``limit``; ``linger_s`` after the first the batch is what it is."""
        while True:
            await self._some.wait()
            await asyncio.sleep(linger_s if len(self._inbox) < limit else 0)
            self._some.clear()
            taken = self._inbox.take(limit)
            if len(self._inbox):
                self._some.set()
            if fresh := self._note(taken):
                return fresh

    def acknowledge(self, receipts: Sequence[Receipt]) -> None:
        """PUBACK, in the order of receipt; receipts of older connections are ignored, the broker will ask again."""
        valid = [receipt.mid for receipt in receipts if receipt.generation == self._generation]
        for mid in self._unacknowledged.acknowledged(valid):
            if self._connection is not None:
                self._connection.puback(mid)

    def publish_ack(self, device_id: str, epoch: str | None, seq: int) -> None:
        """Tell the device that everything up to ``seq`` is committed or quarantined. Only the newest is ever sent."""
        self._acks.want((device_id, epoch or None), seq)
        self._send_acks()

    def _note(self, taken: list[Arrival]) -> list[Arrival]:
        """Enter the batch as owed a PUBACK, and settle at once what is only the echo of our own ``…/ack``."""
        for arrival in taken:
            if arrival.receipt.generation == self._generation and arrival.receipt.mid:
                self._unacknowledged.received(arrival.receipt.mid)
        self.acknowledge([arrival.receipt for arrival in taken if arrival.topic.endswith(_OURS)])
        return [arrival for arrival in taken if not arrival.topic.endswith(_OURS)]

    async def _one_connection(self) -> bool:
        """True if it was up until it ended."""
        self._generation += 1
        self._unacknowledged = Unacknowledged()
        connection = self._connection = _Connection(self._endpoint, self._tls, self, self._generation)
        self._inbox.open()
        try:
            connection.start()
            await connection.ended.wait()
            return self._connected
        finally:
            self._down()
            self._inbox.close()  # or a waiting on_message would hold paho's thread for ever
            await asyncio.to_thread(connection.stop)

    # Called in the loop, on behalf of paho's thread.

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

    def confirmed(self, connection: "_Connection", mid: int) -> None:
        if connection is not self._connection:
            return
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

    # Called in paho's thread.

    def arrived(self, arrival: Arrival) -> None:
        self._inbox.put(arrival)

    def post(self, step: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop has closed
            if self._loop is not None:
                self._loop.call_soon_threadsafe(step)


class _Connection:
    """One connection of the server's link, from CONNECT to its end, with paho's loop in paho's thread."""

    def __init__(self, endpoint: Endpoint, tls: ssl.SSLContext | None, link: MqttLink, generation: int) -> None:
        self.ended = asyncio.Event()
        self._endpoint = endpoint
        self._link = link
        self._generation = generation
        self._session_present = False
        self._client = _paho(endpoint, tls, manual_ack=True)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.on_publish = lambda _c, _u, mid, _r, _p: link.post(lambda: link.confirmed(self, mid))
        self._client.on_disconnect = self._on_disconnect
        self._client.on_connect_fail = lambda _c, _u: link.post(self.ended.set)

    def start(self) -> None:
        endpoint = self._endpoint
        if endpoint.persistent:
            wanted = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            wanted.SessionExpiryInterval = SESSION_EXPIRY_S
            wanted.ReceiveMaximum = min(endpoint.window, 65535)
            self._client.connect_async(
                endpoint.host, endpoint.port, endpoint.keep_alive_s, clean_start=False, properties=wanted
            )
        else:
            self._client.connect_async(endpoint.host, endpoint.port, endpoint.keep_alive_s)
        self._client.loop_start()

    def disconnect(self) -> None:
        self._client.disconnect()

    def stop(self) -> None:
        """Waits for paho's thread, which may be in a connect for as long as that times out."""
        self._client.disconnect()
        self._client.loop_stop()

    def puback(self, mid: int) -> None:
        self._client.ack(mid, 1)

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
            client.subscribe(topics.SUBSCRIPTION, options=SubscribeOptions(qos=1, noLocal=True))
        else:
            client.subscribe(topics.SUBSCRIPTION, qos=1)

    def _on_subscribe(self, client: paho.Client, _: object, __: int, codes: list[ReasonCode], *___: object) -> None:
        if any(code.is_failure for code in codes):
            LOG.error("the broker refused the subscription to %s", topics.SUBSCRIPTION)
            client.disconnect()
        else:
            self._link.post(lambda: self._link.up(self._session_present))

    def _on_message(self, _: paho.Client, __: object, message: paho.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""  # quarantined like every topic that is not ours
        receipt = Receipt(self._generation, message.mid if message.qos else 0)
        self._link.arrived(Arrival(topic, bytes(message.payload), message.retain, datetime.now(UTC), receipt))

    def _on_disconnect(self, _: paho.Client, __: object, ___: object, code: ReasonCode, *____: object) -> None:
        LOG.info("the server's link to the broker ended: %s", code)
        self._link.post(self.ended.set)


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
        self._endpoint = endpoint
        self._subscriptions = subscriptions
        self._loop, self._thread = asyncio.get_running_loop(), threading.get_ident()
        self._beat: asyncio.TimerHandle | None = None
        self._client = _paho(endpoint, tls_context(endpoint.tls), manual_ack=False)
        if will:
            self._client.will_set(*will, qos=1, retain=True)
        self._listen()

    async def connect(self) -> None:
        """Raises OSError where the broker cannot be reached; ``on_up`` follows, or ``on_down`` with its refusal."""
        endpoint = self._endpoint
        await asyncio.to_thread(self._client.connect, endpoint.host, endpoint.port, endpoint.keep_alive_s)
        self._tick()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> int:
        """QoS 1; the packet id that ``on_published`` will name."""
        return self._client.publish(topic, payload, qos=1, retain=retain).mid

    def disconnect(self) -> None:
        """Say DISCONNECT, so that no will is published, and close."""
        self._client.disconnect()
        self._client.loop_write()

    def drop(self) -> None:
        """Break the connection without a DISCONNECT, as a device does that loses its network."""
        sock = self._client.socket()
        if isinstance(sock, socket.socket):
            sock.shutdown(socket.SHUT_RDWR)

    def _tick(self) -> None:
        """Keep-alive, four times in its time."""
        self._client.loop_misc()
        if self._client.socket() is not None:
            self._beat = self._loop.call_later(max(0.05, self._endpoint.keep_alive_s / 4), self._tick)

    def _listen(self) -> None:
        client = self._client
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = lambda _c, _u, message: self.on_message(message.topic, bytes(message.payload))
        client.on_publish = lambda _c, _u, mid, _r, _p: self.on_published(mid)
        client.on_socket_open = lambda _c, _u, sock: self._in_loop(lambda: self._watch(sock))
        client.on_socket_register_write = lambda _c, _u, sock: self._in_loop(lambda: self._want_write(sock))
        client.on_socket_unregister_write = lambda _c, _u, sock: self._unwatch(self._loop.remove_writer, sock)
        client.on_socket_close = lambda _c, _u, sock: self._unwatch(self._loop.remove_reader, sock)

    def _in_loop(self, step: Callable[[], None]) -> None:
        """paho opens the socket in the thread of ``connect``; all else happens in the loop."""
        if threading.get_ident() == self._thread:
            step()
        else:
            self._loop.call_soon_threadsafe(step)

    def _watch(self, sock: "paho.SocketLike") -> None:
        if sock.fileno() >= 0:
            self._loop.add_reader(sock, self._read, sock)

    def _want_write(self, sock: "paho.SocketLike") -> None:
        if sock.fileno() >= 0:
            self._loop.add_writer(sock, self._client.loop_write)

    @staticmethod
    def _unwatch(remove: Callable[["paho.SocketLike"], bool], sock: "paho.SocketLike") -> None:
        remove(sock)

    def _read(self, sock: "paho.SocketLike") -> None:
        self._client.loop_read()
        while isinstance(sock, ssl.SSLSocket) and sock.fileno() >= 0 and sock.pending():
            self._client.loop_read()

    def _on_connect(self, client: paho.Client, _: object, __: object, code: ReasonCode, *___: object) -> None:
        if code.is_failure:
            return  # on_down follows
        if self._subscriptions:
            client.subscribe([(topic, 1) for topic in self._subscriptions])
        self.on_up()

    def _on_disconnect(self, _: paho.Client, __: object, ___: object, code: ReasonCode, *____: object) -> None:
        if self._beat is not None:
            self._beat.cancel()
        self.on_down(str(code))


def _paho(endpoint: Endpoint, tls: ssl.SSLContext | None, *, manual_ack: bool) -> paho.Client:
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        client_id=endpoint.client_id,
        clean_session=None if endpoint.persistent else True,
        protocol=paho.MQTTv5 if endpoint.persistent else paho.MQTTv311,
        reconnect_on_failure=False,  # coming back is ours: a new client, jittered
        manual_ack=manual_ack,
    )
    client.username_pw_set(endpoint.user or endpoint.client_id, endpoint.password)
    client.max_inflight_messages_set(0)
    client.suppress_exceptions = True
    if tls is not None:
        client.tls_set_context(tls)
    return client
