"""What is fuzzed: by name, bytes in. A target raises where its input makes our code break a promise, else is silent.

Knows no fuzzer: the long run, the replay of the corpus and the mutations of ``make test`` all call these.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial

import msgspec

from devices.broker_frames import Frame, GuardError, parse_connect
from devices.broker_guard import Answer, Client, identify, inspect
from devices.clock import localised, place
from devices.codecs import CODECS, CONVERSATIONS, WAVES, Codec, cbor, native, native_plain, protobuf
from devices.codecs.strict_json import MAX_ITEMS, RefusedError
from devices.mqtt_frames import MalformedError, Packet, Publish, parse, whole
from devices.readings import Body, Decoded, Reason, Refusal
from devices.tcp.astm import Astm
from devices.tcp.conversation import Conversation, ConversationError, Send, Step
from devices.tcp.mllp import Mllp
from devices.tcp.poct1a import Poct1a

NOON = datetime(2025, 3, 9, 12, 0, tzinfo=UTC)
MOST_REFUSALS = 2 * MAX_ITEMS + 5  # a reading may be refused, and the envelope's four fields
MOST_SAMPLES_SENT = 32 * 1024  # of 64 KiB: in SampledData one is two characters
Target = Callable[[bytes], None]


def accounted(format_: str, payload: bytes) -> Decoded:
    """Every input is readings or a named refusal, or says itself that it has none; and can be stored as it is."""
    decoded = (CODECS.get(format_) or WAVES[format_])(payload)
    something = decoded.readings or decoded.waves or decoded.refusals
    assert something or _says_that_it_has_none(format_, payload), "unaccounted for"
    _storable(decoded)
    return decoded


def _says_that_it_has_none(format_: str, payload: bytes) -> bool:
    return format_ == "readings" and msgspec.json.decode(payload)["readings"] == []


def _storable(decoded: Decoded) -> None:
    """What is written down is read again as it was; no text has what PostgreSQL's text may not have."""
    assert len(decoded.refusals) <= MOST_REFUSALS, "refusals without bound"
    body = place(localised(decoded, UTC), timedelta(0), NOON)
    written = msgspec.json.encode(body)
    assert msgspec.json.decode(written, type=Body) == body, "not the same when it is read again"
    assert sum(block.count for block in decoded.waves) <= MOST_SAMPLES_SENT, "samples without bound"
    for text in (decoded.epoch, decoded.source, decoded.content):
        assert text is None or ("\0" not in text and text.encode()), "a text that cannot be stored"
    assert all(type(refusal.reason) is Reason for refusal in decoded.refusals)


def _native(payload: bytes) -> None:
    """The short way gives the careful way's answer, or none."""
    accounted("readings", payload)
    plain = native_plain.decode(payload)
    assert plain is None or plain == native.decode_with_care(payload), "the short way reads it otherwise"


def _conversation(payload: bytes) -> None:
    """Messages that lean on each other, divided by the first byte's value."""
    read = CONVERSATIONS["sparkplug"]().decode
    for part in payload[1:].split(payload[:1] or b"\0") if payload else [b""]:
        decoded = read(part)
        assert decoded.readings or decoded.refusals, "unaccounted for"
        _storable(decoded)


def _cbor(payload: bytes) -> None:
    with suppress(RefusedError):
        cbor.parse(payload)


def _protobuf(payload: bytes) -> None:
    with suppress(RefusedError):
        list(protobuf.fields(payload))


def _wire(payload: bytes, *, v5: bool) -> None:
    """A stream gives the same packets however it is cut, and none reads beyond what is there."""
    assert _packets(payload, len(payload) or 1, v5=v5) == _packets(payload, 1 + payload[0] % 7 if payload else 1, v5=v5)


def _packets(stream: bytes, step: int, *, v5: bool) -> list[Publish | Packet | None]:
    found: list[Publish | Packet | None] = []
    held = b""
    for begin in range(0, len(stream), step):
        held += stream[begin : begin + step]
        try:
            held = _read(held, found, v5=v5)
        except MalformedError as error:
            return [*found, *error.before, None]
    return found


def _read(held: bytes, found: list[Publish | Packet | None], *, v5: bool) -> bytes:
    """What is left of the beginning of a packet."""
    other: Packet | None = Packet(0, b"")
    at = 0
    while other is not None:
        publishes, other, went = parse(held, at, v5=v5)
        assert at <= went <= len(held)
        found += publishes if other is None else [*publishes, other]
        at = went
    rest = held[at:]
    assert not rest or whole(rest) > len(rest), "a whole packet was left"
    return rest


def _connect(payload: bytes) -> None:
    """The first frame of a client of the embedded broker."""
    with suppress(GuardError):
        connect = parse_connect(Frame(0x10, payload))
        identify(connect)
        again = parse_connect(Frame(0x10, connect.encode()[_start(connect.encode()) :]))
        assert again.client_id == connect.client_id, "handed on as somebody else"


def _guard(payload: bytes) -> None:
    """Whatever a device sends: forwarded as a frame of the same kind, answered, or cut."""
    if not payload:
        return
    with suppress(GuardError):
        verdict = inspect(Client("ox-1"), Frame(payload[0], payload[1:]))
        said = verdict.reply if isinstance(verdict, Answer) else verdict.frame
        assert isinstance(verdict, Answer) or said[0] & 0xF0 == payload[0] & 0xF0


def _start(frame: bytes) -> int:
    return next(place for place in range(1, 5) if frame[place] < 128) + 1


def _tcp(begin: Callable[[], Conversation], payload: bytes) -> None:
    """The same is delivered and answered however the bytes are cut, and all of it is accounted for."""
    whole_, cut = begin(), begin()
    size = 1 + payload[0] % 13 if payload else 1
    chunks = [payload[begin_ : begin_ + size] for begin_ in range(0, len(payload), size)]
    assert _heard(whole_, [payload]) == _heard(cut, chunks), "another meaning where it is cut"


def _heard(conversation: Conversation, chunks: list[bytes]) -> list[object]:
    heard: list[object] = []
    try:
        for chunk in chunks:
            heard += map(partial(_done, conversation), conversation.received(chunk, NOON))
    except ConversationError as error:
        return [*heard, error.fault]
    return [*heard, *map(partial(_done, conversation), conversation.ended())]


def _done(conversation: Conversation, step: Step) -> object:
    if isinstance(step, Send):
        return step.data
    decoded = accounted(conversation.format, step.payload)
    refusal = next(iter(_whole(decoded)), None)
    return step, conversation.answer(step, refusal, NOON)


def _whole(decoded: Decoded) -> Iterator[Refusal]:
    return (refusal for refusal in decoded.refusals if refusal.metric is None)


def _codec(format_: str) -> Target:
    def target(payload: bytes) -> None:
        accounted(format_, payload)

    return target


_FORMATS: Mapping[str, Codec] = {name: codec for name, codec in CODECS.items() if name != "readings"}
TARGETS: Mapping[str, Target] = {
    "readings": _native,
    **{name.replace("/", "-"): _codec(name) for name in _FORMATS},
    "wave-ecg_ii": _codec("wave/ecg_ii"),  # of the channels one: they differ in their units
    "sparkplug-conversation": _conversation,
    "cbor": _cbor,
    "protobuf": _protobuf,
    "mqtt-3": partial(_wire, v5=False),
    "mqtt-5": partial(_wire, v5=True),
    "broker-connect": _connect,
    "broker-guard": _guard,
    "tcp-mllp": partial(_tcp, Mllp),
    "tcp-poct1a": partial(_tcp, Poct1a),
    "tcp-astm": partial(_tcp, Astm),
}
