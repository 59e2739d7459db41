"""The embedded broker's guard, pure: one frame of a client in, a verdict out. No socket, no clock, no amqtt.

amqtt 0.12.1 sees only frames that passed here, because alone it delivers a device's will on another's topic, deletes
the victim's session before it has looked at the intruder's password, and goes deaf on a frame that it cannot read.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass

from devices import topics
from devices.broker_frames import Connect, Fault, Fields, Frame, Packet, ViolationError, encode_text, refusal

TO_DEVICE = ("ack", "command")  # the channels that the server speaks on


@dataclass(frozen=True, slots=True)
class Client:
    """Who a connection belongs to, after its CONNECT was believed."""

    id: str
    service: bool = False  # the server's own client

    def may_publish(self, topic: str) -> bool:
        if self.service:
            return topic.startswith(f"{topics.PREFIX}/")
        parsed = topics.parse(topic)
        return parsed is not None and parsed.device_id == self.id and parsed.channel not in TO_DEVICE

    def may_subscribe(self, topic_filter: str) -> bool:
        if self.service:
            return topic_filter.startswith(f"{topics.PREFIX}/")
        parsed = topics.parse(topic_filter)
        return parsed is not None and parsed.device_id == self.id and parsed.channel in TO_DEVICE


@dataclass(frozen=True, slots=True)
class Forward:
    """Goes on to the broker, as these bytes."""

    frame: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """Goes no further; the client gets these bytes."""

    reply: bytes


Verdict = Forward | Answer


def identify(connect: Connect) -> str:
    """The device (or the service) that a CONNECT claims to be; raises RefusedError where the claim is ill-formed.

    Client id and user name are one, so nobody takes another's session; a will speaks only on the client's own status.
    """
    if not topics.DEVICE_ID.fullmatch(connect.client_id) or connect.username != connect.client_id:
        raise refusal(Fault.CLIENT_ID, 2)
    if connect.will and connect.will.topic != topics.status(connect.client_id):
        raise refusal(Fault.WILL_TOPIC, 5)
    return connect.client_id


def inspect(client: Client, frame: Frame) -> Verdict:
    """What becomes of a frame that ``client`` sent after its CONNECT; raises ViolationError where it must be cut."""
    check = _CHECKS.get(frame.kind)
    if check is None:
        raise ViolationError(Fault.UNEXPECTED_PACKET)
    return check(client, frame)


def _publish(client: Client, frame: Frame) -> Verdict:
    """Never retained in this broker: amqtt shows every retained message to every client that connects."""
    qos = frame.flags >> 1 & 3
    if qos > 1:
        raise ViolationError(Fault.QOS_2)  # no topic of ours uses it
    if qos == 0 and frame.flags & 0x08:
        raise ViolationError(Fault.MALFORMED)  # MQTT-3.3.1-2
    fields = Fields(frame.body)
    topic = fields.topic()
    if "+" in topic or "#" in topic:
        raise ViolationError(Fault.BAD_TOPIC)  # MQTT-3.3.2-2
    if qos:
        fields.packet_id()
    if not client.may_publish(topic):
        raise ViolationError(Fault.FOREIGN_TOPIC)  # MQTT-3.3.5-2: acknowledging it would be a lie
    return Forward(Frame(frame.first & ~0x01, frame.body).encode())


def _subscribe(client: Client, frame: Frame) -> Verdict:
    fields = _flagged_with_id(frame)
    packet_id = fields.packet_id()
    asked: list[tuple[str, int]] = []
    while not fields.done():
        asked.append((fields.filter(), fields.byte()))
    if not asked or any(qos > 2 for _, qos in asked):
        raise ViolationError(Fault.MALFORMED)  # MQTT-3.8.3-3, -4
    if not all(client.may_subscribe(topic_filter) for topic_filter, _ in asked):
        return Answer(Frame(Packet.SUBACK << 4, struct.pack("!H", packet_id) + b"\x80" * len(asked)).encode())
    body = b"".join(encode_text(topic_filter) + bytes([min(qos, 1)]) for topic_filter, qos in asked)
    return Forward(Frame(frame.first, struct.pack("!H", packet_id) + body).encode())


def _unsubscribe(_: Client, frame: Frame) -> Verdict:
    fields = _flagged_with_id(frame)
    fields.packet_id()
    fields.filter()  # MQTT-3.10.3-2: at least one
    while not fields.done():
        fields.filter()
    return Forward(frame.encode())


def _puback(_: Client, frame: Frame) -> Verdict:
    fields = Fields(frame.body)
    fields.packet_id()
    fields.end()
    return _bare(frame)


def _empty(_: Client, frame: Frame) -> Verdict:
    Fields(frame.body).end()
    return _bare(frame)


def _bare(frame: Frame) -> Verdict:
    if frame.flags:
        raise ViolationError(Fault.MALFORMED)  # MQTT-2.2.2-2
    return Forward(frame.encode())


def _flagged_with_id(frame: Frame) -> Fields:
    if frame.flags != 2:
        raise ViolationError(Fault.MALFORMED)  # MQTT-3.8.1-1, MQTT-3.10.1-1
    return Fields(frame.body)


_CHECKS: dict[int, Callable[[Client, Frame], Verdict]] = {
    Packet.PUBLISH: _publish,
    Packet.PUBACK: _puback,
    Packet.SUBSCRIBE: _subscribe,
    Packet.UNSUBSCRIBE: _unsubscribe,
    Packet.PINGREQ: _empty,
    Packet.DISCONNECT: _empty,
}
