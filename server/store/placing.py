"""What a batch of messages changes of what is known of its devices: who is meant, what is new, what was lost. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from devices.journal import Ack
from devices.readings import Body, Gap, Message, Reading
from devices.streams import Stream
from server.ids import new_id
from server.monitoring.rollups import SPREAD
from server.store.journal_sql import Epoch, Key, Wearing

Part = tuple[Message, str | None]  # what belongs to one patient, or to nobody


@dataclass
class Advanced:
    """Where the batch brought each stream, and the numbers that its messages revealed as lost."""

    streams: dict[Epoch, Stream]
    lost: list[tuple[Message, tuple[Gap, ...]]] = field(default_factory=list)

    def acks(self) -> tuple[Ack, ...]:
        return tuple(Ack(device, epoch, stream.covered) for (device, epoch), stream in self.streams.items())

    def explain(self, fresh: Sequence[Message]) -> Sequence[Message]:
        """``fresh`` with the gaps in the bodies; a gap that a duplicate revealed becomes a message of its own."""
        if not self.lost:
            return fresh
        gaps_of = {id(message): gaps for message, gaps in self.lost}
        explained = [_with_gaps(message, gaps_of.pop(id(message), ())) for message in fresh]
        return explained + [
            _only_gaps(message, gaps_of[id(message)]) for message, _ in self.lost if id(message) in gaps_of
        ]


@dataclass(frozen=True)
class Known:
    """The streams and the wearers of a batch's devices, as they were before it."""

    streams: Mapping[Epoch, Stream]
    worn: Mapping[str, Sequence[Wearing]]

    @classmethod
    def of(cls, streams: Iterable[tuple[Epoch, Stream]], worn: Iterable[tuple[str, Wearing]]) -> "Known":
        of_device: defaultdict[str, list[Wearing]] = defaultdict(list)
        for device_id, wearing in worn:
            of_device[device_id].append(wearing)
        return cls(dict(streams), of_device)

    def lacks(self, message: Message) -> bool:
        """Whether the stream says that its number was never stored. A stream may have forgotten one far ahead."""
        seq, stream = message.seq, self.streams.get(epoch_of(message))
        if seq is None or stream is None or seq <= stream.covered or "#" in message.identity:
            return False
        return not stream.ahead or not any(first <= seq <= last for first, last in stream.ahead)

    def advance(self, batch: Iterable[Message]) -> Advanced:
        """Count every message of the batch, the duplicates too, in its stream."""
        advanced = Advanced(dict(self.streams))
        for message in batch:
            if (seq := message.seq) is None:
                continue
            epoch = epoch_of(message)
            stream = advanced.streams.get(epoch) or Stream.begin(seq, message.oldest)
            advanced.streams[epoch], gaps = stream.receive(seq, message.oldest)
            if gaps:
                advanced.lost.append((message, gaps))
        return advanced

    def by_wearer(self, message: Message) -> Sequence[Part]:
        """The message and its patient; divided where its readings were measured on several, or lie far apart.

        Whatever asks for a stretch of time looks for messages by their newest reading, and finds all of it that way."""
        worn, oldest = self.worn.get(message.device_id, ()), _oldest(message)
        near = message.measured_at - oldest < SPREAD
        if near and len(worn) == 1 and worn[0].until_at is None and worn[0].from_at <= oldest:
            return ((message, worn[0].patient_id),)  # nearly always
        return _divided(message, worn)

    def wearers(self, message: Message) -> frozenset[str]:
        """Who wore the device while the message's waveforms were taken."""
        worn = self.worn.get(message.device_id, ())
        ends = (_wearer(worn, at) for block in message.waves for at in (block.start, block.until))
        return frozenset(patient for patient in ends if patient is not None)


def epoch_of(message: Message) -> Epoch:
    return message.device_id, message.epoch or ""


def firsts(batch: Iterable[Message]) -> dict[Key, Message]:
    """Each message once, in the order of receipt."""
    first: dict[Key, Message] = {}
    for message in batch:
        first.setdefault((message.device_id, message.identity), message)
    return first


def _divided(message: Message, worn: Sequence[Wearing]) -> Sequence[Part]:
    """The oldest part first. The newest has all that is not a reading, and the identity by which the whole is known
    when it comes again."""
    own = (0, _wearer(worn, message.measured_at))
    readings: dict[tuple[int, str | None], list[Reading]] = {own: []}
    for reading in message.body.readings:
        at = _measured_at(reading, message)
        readings.setdefault(((message.measured_at - at) // SPREAD, _wearer(worn, at)), []).append(reading)
    if len(readings) == 1:
        return ((message, own[1]),)
    newest = msgspec.structs.replace(message.body, readings=tuple(readings.pop(own)))
    older = sorted(readings.items(), key=lambda part: part[0][0], reverse=True)
    return [
        *((_part(message, number, taken), patient) for number, ((_, patient), taken) in enumerate(older, start=1)),
        (msgspec.structs.replace(message, body=newest), own[1]),
    ]


def _oldest(message: Message) -> datetime:
    """Of its readings and of itself: who wears the device since before that has them all."""
    return min([message.measured_at, *[reading.at for reading in message.body.readings]])


def _wearer(worn: Iterable[Wearing], at: datetime) -> str | None:
    for one in worn:
        if one.from_at <= at and (one.until_at is None or at < one.until_at):
            return one.patient_id
    return None


def _measured_at(reading: Reading, message: Message) -> datetime:
    """Nothing is newer than its receipt, as for the message itself."""
    return min(reading.at, message.received_at)


def _part(message: Message, number: int, readings: Sequence[Reading]) -> Message:
    return Message(
        device_id=message.device_id,
        identity=f"{message.identity}~{number}",
        received_at=message.received_at,
        measured_at=max(_measured_at(reading, message) for reading in readings),
        body=Body(readings=tuple(readings)),
        sent_at=message.sent_at,
        clock_offset=message.clock_offset,
    )


def _with_gaps(message: Message, gaps: tuple[Gap, ...]) -> Message:
    if not gaps:
        return message
    body = msgspec.structs.replace(message.body, gaps=message.body.gaps + gaps)
    return msgspec.structs.replace(message, body=body)


def _only_gaps(message: Message, gaps: tuple[Gap, ...]) -> Message:
    return Message(
        device_id=message.device_id,
        identity=f"!{new_id()}",
        received_at=message.received_at,
        measured_at=message.received_at,
        body=Body(gaps=gaps),
    )
