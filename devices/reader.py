"""One arrival → what is stored of it: a message, a row of quarantine, or both."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from secrets import token_hex

import msgspec
import structlog

from devices import answers, topics
from devices.arrivals import Arrival, KnownDevice, Registry
from devices.clock import Clock, localised, place, place_waves
from devices.clock_steps import NOTHING
from devices.codecs import CONVERSATIONS, Codec, Conversation, codec_of, sparkplug
from devices.readings import Decoded, Message, Quarantined, Reason, Refusal

PASSED_OVER = frozenset({"status", "ack", "command"})  # known to the contract, nothing to store; two are our own echo

logger = structlog.get_logger()


class Entry(msgspec.Struct, frozen=True, gc=False):
    """What one arrival becomes in the store: a message, a row of quarantine, both, or – passed over – neither.

    ``asks`` is what its device has to be told so that its next message can be read."""

    arrival: Arrival
    message: Message | None = None
    quarantined: Quarantined | None = None
    asks: answers.Answer | None = None


class Reader:
    """Arrival → entry. Remembers the devices' clocks and what they said their messages mean: what a restart forgets,
    it has to learn again.

    ``zone`` is where a time of day without offset is read."""

    def __init__(self, registry: Registry, zone: tzinfo = UTC) -> None:
        self._registry = registry
        self._zone = zone
        self._clocks: dict[str, Clock] = {}
        self._in_doubt: dict[str, timedelta] = {}  # by how much our clock was set since the device told its own
        self._conversations: dict[tuple[str, str], Conversation] = {}
        self._asked = answers.Asked()

    def clock_was_set(self, by: timedelta) -> None:
        """Ours: what is known of the devices' is in doubt until each has been heard."""
        self._in_doubt = {device_id: by + self._in_doubt.get(device_id, NOTHING) for device_id in self._clocks}

    def read(self, arrival: Arrival) -> Entry:
        """A retained message is somebody's past and is passed over: a device that measures sends again."""
        if arrival.retained or arrival.reread is not None:
            return Entry(arrival, arrival.reread)
        topic = topics.parse(arrival.topic)
        if topic is None:
            return _refused(arrival, Reason.WRONG_TOPIC, "not bedside/v1/{device}/{format}")
        device = self._registry.known(topic.device_id)
        if device is None:
            return _refused(arrival, Reason.UNKNOWN_DEVICE, "no such device, or revoked")
        if topic.channel in PASSED_OVER:
            return Entry(arrival)
        codec = self._codec(topic)
        if codec is None:
            return _refused(arrival, Reason.WRONG_TOPIC, "no codec for this format")
        return self._settle(device, localised(_decode(codec, arrival.payload), self._zone), arrival)

    def _codec(self, topic: topics.Topic) -> Codec | None:
        format_ = topic.format
        begin = CONVERSATIONS.get(format_)
        if begin is None:
            return codec_of(format_)
        return self._conversations.setdefault((topic.device_id, format_), begin()).decode

    def _settle(self, device: KnownDevice, decoded: Decoded, arrival: Arrival) -> Entry:
        clock = self._clocks.get(device.id, Clock(device.clock_offset))
        if decoded.sent_at is not None and device.id in self._in_doubt:
            clock = clock.after_step(self._in_doubt.pop(device.id), decoded.sent_at, arrival.received_at)
        clock = self._clocks[device.id] = clock.observe(decoded.sent_at, arrival.received_at)
        message = _message(device.id, arrival.received_at, decoded, clock.offset)
        fault = next((refusal for refusal in message.body.refusals if refusal.metric is None), None)
        aside = None if fault is None else set_aside(arrival, fault, message)
        return Entry(arrival, message, aside, self._asks(device.id, arrival) if decoded.lost_thread else None)

    def _asks(self, device_id: str, arrival: Arrival) -> answers.Answer | None:
        """Sparkplug is the one format that leans on what was said before."""
        if not self._asked.is_due(device_id, arrival.received_at):
            return None
        topic = topics.in_format(device_id, "command")
        return answers.Answer(topic, sparkplug.rebirth(arrival.received_at))


def _decode(codec: Callable[[bytes], Decoded], payload: bytes) -> Decoded:
    try:
        return codec(payload)
    except Exception:  # a mistake in a codec costs that message and is seen, not the loop
        logger.exception("ingest.codec_failed")
        return Decoded(refusals=(Refusal(Reason.WRONG_SHAPE, detail="the codec failed"),))


def _message(device_id: str, received_at: datetime, decoded: Decoded, offset: timedelta) -> Message:
    body, waves = place(decoded, offset, received_at), decoded.waves
    if waves:
        waves, ahead = place_waves(waves, offset, received_at)
        body = msgspec.structs.replace(body, refusals=(*body.refusals, *ahead))
    newest = max([reading.at for reading in body.readings], default=received_at)
    return Message(
        device_id=device_id,
        identity=identity_of(decoded),
        received_at=received_at,
        measured_at=min(newest, received_at),
        body=body,
        epoch=decoded.epoch if decoded.seq is None else decoded.epoch or "",
        seq=decoded.seq,
        oldest=decoded.oldest,
        sent_at=decoded.sent_at,
        clock_offset=offset,
        waves=waves,
    )


def identity_of(decoded: Decoded) -> str:
    """What makes it the same message when it comes again. Without an epoch a number may come again after a restart of
    the device: what was measured tells them apart."""
    if decoded.seq is not None and decoded.epoch is None and decoded.content is not None:
        return f":{decoded.seq}#{decoded.content}"
    if decoded.seq is not None:
        return f"{decoded.epoch or ''}:{decoded.seq}{_channel(decoded)}"
    return f"#{decoded.content}" if decoded.content is not None else f"!{token_hex(16)}"


def _channel(decoded: Decoded) -> str:
    """A device that counts each channel for itself loses nothing by it."""
    return f"/{decoded.waves[0].channel}" if decoded.waves else ""


def _refused(arrival: Arrival, reason: Reason, detail: str) -> Entry:
    return Entry(arrival, quarantined=set_aside(arrival, Refusal(reason, detail=detail)))


def set_aside(arrival: Arrival, refusal: Refusal, beside: Message | None = None) -> Quarantined:
    """``beside``: what is stored of it in the same commit."""
    return Quarantined(
        received_at=arrival.received_at,
        topic=_printable(arrival.topic),
        device_id=_device_of(arrival.topic),
        reason=refusal.reason,
        detail=refusal.detail,
        payload=arrival.payload,
        identity=None if beside is None else beside.identity,
        taken=0 if beside is None else len(beside.body.readings) + len(beside.waves),
    )


def _device_of(topic: str) -> str | None:
    parsed = topics.parse(topic)
    return None if parsed is None else parsed.device_id


def _printable(topic: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in topic[:256])
