"""Every message on the socket, typed: what a browser may say, what the server says, and their JSON. No I/O.

A request is parsed strictly and within bounds; whatever else arrives is Malformed and nothing else.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, TypeVar

import msgspec
from msgspec import Meta, Raw

from signaling.errors import Malformed, SignalingError

Kind = TypeVar("Kind")

SDP_LIMIT = 64 * 1024  # characters, and bytes: it is ASCII
CANDIDATE_LIMIT = 2 * 1024
DETAIL_LIMIT = 200  # a refusal quotes its sender, but not at any length

# Python's $ also matches before a last newline, \Z does not.
Topic = Annotated[str, Meta(max_length=100, pattern=r"^([a-z]+(:[0-9a-f]{32})?|device:[A-Za-z0-9_-]{1,64})\Z")]
RoomId = Annotated[str, Meta(max_length=100, pattern=r"^([a-z]+:)?[0-9a-f]{32}\Z")]
EventId = Annotated[str, Meta(max_length=64, pattern=r"^[!-~]*\Z")]
# JSEP writes nothing but ASCII (RFC 8829 §5.2.1: "s=-"), so characters are bytes and no lone surrogate passes.
Sdp = Annotated[str, Meta(max_length=SDP_LIMIT, pattern=r"^[\r\n\t -~]*\Z")]
CandidateLine = Annotated[str, Meta(max_length=CANDIDATE_LIMIT, pattern=r"^[ -~]*\Z")]
Token = Annotated[str, Meta(max_length=256, pattern=r"^[!-~]*\Z")]


class Audience(StrEnum):
    """Which of the two cookies the handshake looks at; it grants nothing."""

    STAFF = "staff"
    PATIENT = "patient"


class Seat(StrEnum):
    """A place in a room, one socket each."""

    DOCTOR = "doctor"
    PATIENT = "patient"

    @property
    def polite(self) -> bool:
        """Who gives way when two offers cross (perfect negotiation): the patient."""
        return self is Seat.PATIENT


class Change(StrEnum):
    JOINED = "joined"
    LEFT = "left"
    TAKEN_OVER = "taken_over"


class Reason(StrEnum):
    """Why the server cuts a socket."""

    REVOKED = "revoked"
    SHUTDOWN = "shutdown"
    TOO_SLOW = "too_slow"


class SdpType(StrEnum):
    OFFER = "offer"
    ANSWER = "answer"


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What comes from a browser: an unknown field is a refusal, never ignored."""


class Description(Strict, frozen=True):
    """RTCSessionDescription."""

    type: SdpType
    sdp: Sdp


class Candidate(
    Strict,
    frozen=True,
    rename={"sdp_mid": "sdpMid", "sdp_m_line_index": "sdpMLineIndex", "username_fragment": "usernameFragment"},
):
    """RTCIceCandidate as a browser writes it (W3C WebRTC §4.8.1.1); an empty line ends a generation."""

    candidate: CandidateLine
    sdp_mid: Token | None = None
    sdp_m_line_index: Annotated[int, Meta(ge=0, le=0xFFFF)] | None = None
    username_fragment: Token | None = None


class Hello(Strict, frozen=True, rename={"audience": "as"}):
    """The handshake's own payload."""

    audience: Audience


class Subscribe(Strict, frozen=True):
    topic: Topic
    last_event_id: EventId | None = None


class Unsubscribe(Strict, frozen=True):
    topic: Topic


class Join(Strict, frozen=True):
    room: RoomId


class Leave(Strict, frozen=True):
    room: RoomId


class Signal(Strict, frozen=True):
    """Either a description or a candidate. It has no sender: that is the socket's own seat."""

    room: RoomId
    description: Description | None = None
    candidate: Candidate | None = None

    def __post_init__(self) -> None:
        if (self.description is None) is (self.candidate is None):
            raise ValueError("Expected either `description` or `candidate`")


Request = Subscribe | Unsubscribe | Join | Leave | Signal
REQUESTS: Mapping[str, type[Request]] = {
    "subscribe": Subscribe,
    "unsubscribe": Unsubscribe,
    "join": Join,
    "leave": Leave,
    "signal": Signal,
}


def parse(event: object, arguments: Sequence[object]) -> Request:
    """A request out of what the socket carried; anything else raises Malformed."""
    kind = REQUESTS.get(event) if isinstance(event, str) else None
    if kind is None:
        raise Malformed("Unknown event")
    if len(arguments) != 1:
        raise Malformed("Expected one argument")
    return _convert(arguments[0], kind)


def parse_hello(auth: object) -> Hello:
    return _convert(auth, Hello)


def _convert(raw: object, kind: type[Kind]) -> Kind:
    try:
        return msgspec.convert(raw, kind)
    except (msgspec.ValidationError, UnicodeEncodeError) as error:
        quoted = str(error).encode("ascii", "backslashreplace").decode("ascii")
        raise Malformed(quoted[:DETAIL_LIMIT]) from error


class IceServer(msgspec.Struct, frozen=True, omit_defaults=True):
    """RTCIceServer."""

    urls: tuple[str, ...]
    username: str | None = None
    credential: str | None = None


class Problem(msgspec.Struct, frozen=True):
    """Problem details (RFC 9457) of a refusal."""

    type: str
    title: str
    detail: str


def problem(error: SignalingError) -> Problem:
    return Problem(type=f"/problems/{error.slug}", title=error.title, detail=str(error) or error.title)


class Changes(msgspec.Struct, frozen=True):
    """One step of a topic: keys that are set to a value (JSON as it stands), keys that are gone."""

    event_id: str
    set: Mapping[str, Raw]
    drop: tuple[str, ...]


class Done(msgspec.Struct, frozen=True):
    ok: bool = True


class Subscribed(msgspec.Struct, frozen=True):
    event_id: str
    state: Mapping[str, Raw]
    ok: bool = True


class Resumed(msgspec.Struct, frozen=True):
    event_id: str
    deltas: tuple[Changes, ...]
    ok: bool = True


class Joined(msgspec.Struct, frozen=True):
    polite: bool
    peers: tuple[Seat, ...]
    ice_servers: tuple[IceServer, ...]
    ok: bool = True


class Refused(msgspec.Struct, frozen=True):
    problem: Problem
    ok: bool = False


Reply = Done | Subscribed | Resumed | Joined | Refused


class DeltaNotice(msgspec.Struct, frozen=True):
    event: ClassVar[str] = "delta"
    topic: str
    event_id: str
    set: Mapping[str, Raw]
    drop: tuple[str, ...]


class PeerNotice(msgspec.Struct, frozen=True):
    event: ClassVar[str] = "peer"
    room: str
    seat: Seat
    change: Change


class SignalNotice(msgspec.Struct, frozen=True, omit_defaults=True, rename={"sender": "from"}):
    event: ClassVar[str] = "signal"
    room: str
    sender: Seat
    description: Description | None = None
    candidate: Candidate | None = None


class Heartbeat(msgspec.Struct, frozen=True):
    event: ClassVar[str] = "heartbeat"
    at: datetime


class Goodbye(msgspec.Struct, frozen=True):
    event: ClassVar[str] = "goodbye"
    reason: Reason


Notice = DeltaNotice | PeerNotice | SignalNotice | Heartbeat | Goodbye

_ENCODER = msgspec.json.Encoder(order="deterministic")  # so that equal values have equal bytes


def encode(value: object) -> bytes:
    return _ENCODER.encode(value)


def decode(text: str | bytes) -> object:
    """JSON → plain values; raises ValueError. NaN, infinities and lone surrogates are no JSON (RFC 8259 §6, §8.2)."""
    try:
        value: object = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError("not JSON") from error
    return value
