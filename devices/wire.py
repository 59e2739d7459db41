"""Two MQTT clients over paho, one contract: ``WireClient`` reads whole buffers, ``StockClient`` is paho as it comes.

Stock paho makes of each message four reads, ninety calls and a PUBACK of its own. The wire client does the receiving
itself; connecting, TLS, subscribing, publishing, keep-alive and every other packet stay paho's. For that it touches
``_sock_recv``, ``_loop_rc_handle``, ``_in_packet``, ``_packet_handle``, ``_packet_queue``,
``_last_bytes_received`` and ``_ping_t``, which are private: paho is pinned to a release that passes the contract suite.
"""

import ssl
import sys
from array import array
from collections.abc import Callable, Mapping, Sequence
from time import monotonic

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.exception import MalformedPacket
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from devices.mqtt_endpoint import Endpoint, Library
from devices.mqtt_frames import MalformedError, Packet, Publish, parse, whole

CHUNK = 64 * 1024  # a read: some hundred messages, less than a millisecond of the loop's time
SESSION_EXPIRY_S = 7 * 24 * 3600  # of the outside broker, while we are away
PUBACK = 0x40
Hear = Callable[[Sequence[Publish]], None]
_PUBACK_WORD = PUBACK << 8 | 2  # success, without properties (MQTT 5 §3.4.2.1)


class LinkClient(paho.Client):
    """What both have in common."""

    def listen(self, hear: Hear) -> None:
        """What arrives is handed to ``hear``, in its order."""
        raise NotImplementedError

    def puback(self, packet_ids: Sequence[int]) -> None:
        """Acknowledge messages of this connection, in this order, where ``manual_ack`` was asked for."""
        raise NotImplementedError

    def resting(self) -> None:
        """Nothing is read for want of room: that we hear nothing is not the broker's silence."""
        self._last_bytes_received = monotonic()
        self._ping_t = 0.0

    def let_go(self) -> None:
        """End the connection without a word to the broker; ``on_disconnect`` follows."""
        if self.socket() is not None:
            self._loop_rc_handle(MQTTErrorCode.MQTT_ERR_CONN_LOST)


class StockClient(LinkClient):
    """One message at a time."""

    def listen(self, hear: Hear) -> None:
        self.on_message = lambda _client, _userdata, message: hear([_publish(message)])

    def puback(self, packet_ids: Sequence[int]) -> None:
        for packet_id in packet_ids:
            self.ack(packet_id, 1)


class WireClient(LinkClient):
    """All that one read brought, parsed at once; many PUBACKs in one write."""

    _hear: Hear
    _held: bytearray  # the beginning of a packet that is not all here
    _wanted: int  # how long that packet is

    def listen(self, hear: Hear) -> None:
        self._hear = hear

    def puback(self, packet_ids: Sequence[int]) -> None:
        words = array("H", [_PUBACK_WORD]) * (2 * len(packet_ids))
        words[1::2] = array("H", packet_ids)
        if sys.byteorder == "little":
            words.byteswap()
        self._packet_queue(PUBACK, words.tobytes(), 0, 0)

    def reconnect(self) -> MQTTErrorCode:
        self._held, self._wanted = bytearray(), 0  # half a packet of the last connection is nothing in this one
        return super().reconnect()

    def loop_read(self, max_packets: int = 1) -> MQTTErrorCode:  # noqa: ARG002 - paho's own does not use it either
        """One read, and all the packets in it."""
        try:
            data = self._sock_recv(CHUNK)
        except BlockingIOError:
            return MQTTErrorCode.MQTT_ERR_SUCCESS
        except OSError:
            data = b""
        self._last_bytes_received = monotonic()
        return self._loop_rc_handle(self._take(data) if data else MQTTErrorCode.MQTT_ERR_CONN_LOST)

    def _take(self, data: bytes) -> MQTTErrorCode:
        self._held += data
        if len(self._held) < self._wanted:
            return MQTTErrorCode.MQTT_ERR_SUCCESS  # a long one grows without being copied each time
        buffer = bytes(self._held)
        try:
            at, code = self._read(buffer)
            self._held, self._wanted = bytearray(buffer[at:]), whole(buffer[at : at + 5])
        except MalformedError as error:
            self._hear(error.before)
            return MQTTErrorCode.MQTT_ERR_PROTOCOL
        except MalformedPacket:
            return MQTTErrorCode.MQTT_ERR_PROTOCOL
        return code

    def _read(self, buffer: bytes) -> tuple[int, MQTTErrorCode]:
        """How far it came; another packet than PUBLISH may end the connection in between."""
        at, code = 0, MQTTErrorCode.MQTT_ERR_SUCCESS
        while code == MQTTErrorCode.MQTT_ERR_SUCCESS and self.socket() is not None:
            publishes, other, at = parse(buffer, at, v5=self._protocol == paho.MQTTv5)
            if publishes:
                self._hear(publishes)
            if other is None:
                break
            code = self._handle(other)
        return at, code

    def _handle(self, packet: Packet) -> MQTTErrorCode:
        self._in_packet["command"], self._in_packet["packet"] = packet.first, bytearray(packet.body)
        self._in_packet["remaining_length"] = len(packet.body)
        return self._packet_handle()


CLIENTS: Mapping[Library, type[LinkClient]] = {Library.WIRE: WireClient, Library.PAHO: StockClient}


def new_client(
    kind: type[LinkClient], endpoint: Endpoint, tls: ssl.SSLContext | None, *, manual_ack: bool
) -> LinkClient:
    """For one connection: coming back is a new client, when whoever made this one asks for it."""
    client = kind(
        CallbackAPIVersion.VERSION2,
        client_id=endpoint.client_id,
        clean_session=None if endpoint.persistent else True,
        protocol=paho.MQTTv5 if endpoint.persistent else paho.MQTTv311,
        reconnect_on_failure=False,
        manual_ack=manual_ack,
    )
    client.username_pw_set(endpoint.user or endpoint.client_id, endpoint.password or None)
    client.max_inflight_messages_set(0)
    client.suppress_exceptions = True
    if tls is not None:
        client.tls_set_context(tls)
    return client


def connect_properties(endpoint: Endpoint) -> Properties | None:
    """MQTT 5 §3.1.2.11: what the broker keeps for us while we are away, and how many messages may be under way."""
    if not endpoint.persistent:
        return None
    wanted = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    wanted.SessionExpiryInterval = SESSION_EXPIRY_S
    wanted.ReceiveMaximum = min(endpoint.window, 65535)
    return wanted


def _publish(message: paho.MQTTMessage) -> Publish:
    try:
        topic = message.topic
    except UnicodeDecodeError:
        topic = ""
    return Publish(topic, bytes(message.payload), message.mid if message.qos else 0, bool(message.retain))
