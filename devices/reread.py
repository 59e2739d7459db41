"""What lay in quarantine, read again: as if it came for the first time, but it is of then and known to be.

It moves no stream on – a number that a person typed must not cover one that is still under way – and teaches nobody
the device's clock.
"""

from dataclasses import dataclass
from datetime import datetime, tzinfo

import msgspec

from devices import topics
from devices.arrivals import KnownDevice
from devices.clock import localised, place, place_waves
from devices.codecs import CONVERSATIONS, Codec, codec_of
from devices.reader import identity_of
from devices.readings import Body, Decoded, Message, Reading, Reason, Refusal

CORRECTED = "corrected"  # a word of Reading.context


@dataclass(frozen=True, slots=True)
class Kept:
    """What a person hands in. Readings without a time of their own are of when it ``first_came``.

    ``identity`` is what it is stored under, once; where ``own``, only if the bytes do not say themselves which message
    they are. ``corrected``: the bytes are a person's.
    """

    topic: str
    payload: bytes
    first_came: datetime
    identity: str
    own: bool = False
    corrected: bool = False


def reread(kept: Kept, device: KnownDevice | None, zone: tzinfo, now: datetime) -> Message | Refusal:
    """As a message with its refusals in it, or why it can be none. Raises nothing."""
    topic = topics.parse(kept.topic)
    if topic is None:
        return Refusal(Reason.WRONG_TOPIC, detail="not bedside/v1/{device}/{format}")
    if device is None:
        return Refusal(Reason.UNKNOWN_DEVICE, detail="no such device, or revoked")
    codec = _codec(topic.format)
    if codec is None:
        return Refusal(Reason.WRONG_TOPIC, detail="no codec for this format")
    return _message(kept, device, localised(codec(kept.payload), zone), now)


def only_readings(message: Message) -> Message:
    """As it is stored: what was refused of it has been told to the one who looked."""
    return msgspec.structs.replace(message, body=Body(readings=message.body.readings))


def _codec(format_: str) -> Codec | None:
    """One that leans on earlier messages begins with none, and the living one learns nothing from this."""
    begin = CONVERSATIONS.get(format_)
    return codec_of(format_) if begin is None else begin().decode


def _message(kept: Kept, device: KnownDevice, decoded: Decoded, now: datetime) -> Message:
    body = place(decoded, device.clock_offset, kept.first_came)
    waves, ahead = place_waves(decoded.waves, device.clock_offset, kept.first_came)
    body = msgspec.structs.replace(body, refusals=(*body.refusals, *ahead))
    newest = max((reading.at for reading in body.readings), default=kept.first_came)
    return Message(
        device_id=device.id,
        identity=_identity(kept, decoded),
        received_at=now,
        measured_at=min(newest, kept.first_came),
        body=_marked(body) if kept.corrected else body,
        sent_at=decoded.sent_at,
        clock_offset=device.clock_offset,
        waves=waves,
    )


def _identity(kept: Kept, decoded: Decoded) -> str:
    said = identity_of(decoded)
    return said if kept.own and not said.startswith("!") else kept.identity


def _marked(body: Body) -> Body:
    """Whoever reads the value shall know that the device did not say it so."""
    return msgspec.structs.replace(body, readings=tuple(map(_corrected, body.readings)))


def _corrected(reading: Reading) -> Reading:
    """Made anew: what came by the shortest way has a reading's fields and no room for another context."""
    said = {name: getattr(reading, name) for name in Reading.__struct_fields__}
    return Reading(**{**said, "context": (*reading.context, CORRECTED)})
