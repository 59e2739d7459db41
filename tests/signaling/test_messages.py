"""The wire: what is said comes out as it went in, and whatever else arrives is refused by name."""

import contextlib
import json
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signaling import messages
from signaling.errors import Malformed
from signaling.messages import (
    CANDIDATE_LIMIT,
    DETAIL_LIMIT,
    SDP_LIMIT,
    Audience,
    Candidate,
    Change,
    Description,
    Join,
    Leave,
    PeerNotice,
    SdpType,
    Seat,
    Signal,
    SignalNotice,
    Subscribe,
    Unsubscribe,
    parse,
    parse_hello,
)

ROOM = "0123456789abcdef0123456789abcdef"
PRINTABLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=40)
MAYBE = st.one_of(st.none(), PRINTABLE)
CANDIDATES = st.builds(Candidate, PRINTABLE, MAYBE, st.one_of(st.none(), st.integers(0, 0xFFFF)), MAYBE)
DESCRIPTIONS = st.builds(Description, st.sampled_from(SdpType), PRINTABLE)
TOPICS = st.sampled_from(["outbox", f"session:{ROOM}", f"ticket:{ROOM}", f"alarms:{ROOM}"])
REQUESTS = st.one_of(
    st.builds(Subscribe, TOPICS, MAYBE),
    st.builds(Unsubscribe, TOPICS),
    st.builds(Join, st.just(ROOM)),
    st.builds(Leave, st.just(ROOM)),
    st.builds(Signal, st.just(ROOM), description=DESCRIPTIONS),
    st.builds(Signal, st.just(ROOM), candidate=CANDIDATES),
)
# Lone surrogates, NaN and bytes included: more than JSON can say.
ANYTHING = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.binary(max_size=8), st.text(st.characters(codec=None))
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.one_of(
                st.sampled_from(["topic", "room", "description", "candidate", "type", "sdp", "from", "last_event_id"]),
                st.text(st.characters(codec=None), max_size=8),
                st.integers(),
            ),
            inner,
            max_size=5,
        ),
    ),
    max_leaves=12,
)
EVENTS = st.one_of(st.sampled_from([*messages.REQUESTS]), ANYTHING.filter(lambda value: not isinstance(value, str)))


def event_of(request: messages.Request) -> str:
    return next(event for event, kind in messages.REQUESTS.items() if isinstance(request, kind))


@given(REQUESTS)
def test_a_request_comes_out_as_it_went_in(request: messages.Request) -> None:
    assert parse(event_of(request), [messages.decode(messages.encode(request))]) == request


@given(EVENTS, st.lists(ANYTHING, max_size=2))
def test_whatever_else_arrives_is_malformed_and_nothing_else(event: object, arguments: list[object]) -> None:
    with contextlib.suppress(Malformed):
        parse(event, arguments)
    with contextlib.suppress(Malformed):
        parse_hello(arguments)


@given(ANYTHING.filter(lambda value: not isinstance(value, str)))
def test_a_refusal_can_be_told_and_is_short(raw: object) -> None:
    with pytest.raises(Malformed) as refused:
        parse("subscribe", [{"topic": raw}])
    messages.encode(messages.problem(refused.value))
    assert len(str(refused.value)) <= DETAIL_LIMIT


def test_a_long_unknown_field_is_not_quoted_at_length() -> None:
    with pytest.raises(Malformed) as refused:
        parse("join", [{"room": ROOM, "x" * 100_000: 1}])
    assert len(str(refused.value)) <= DETAIL_LIMIT


@pytest.mark.parametrize(
    ("event", "raw"),
    [
        ("signal", {"room": ROOM, "from": "doctor", "description": {"type": "offer", "sdp": ""}}),
        ("signal", {"room": ROOM}),
        ("signal", {"room": ROOM, "candidate": None}),
        ("signal", {"room": ROOM, "description": {"type": "offer", "sdp": ""}, "candidate": {"candidate": ""}}),
        ("signal", {"room": ROOM, "description": {"type": "pranswer", "sdp": ""}}),
        ("signal", {"room": ROOM, "description": {"type": "offer", "sdp": "v" * (SDP_LIMIT + 1)}}),
        ("signal", {"room": ROOM, "description": {"type": "offer", "sdp": "é"}}),
        ("signal", {"room": ROOM, "candidate": {"candidate": "c" * (CANDIDATE_LIMIT + 1)}}),
        ("signal", {"room": ROOM, "candidate": {"candidate": "", "sdpMLineIndex": -1}}),
        ("signal", {"room": ROOM, "candidate": {"candidate": "", "sdpMLineIndex": 1 << 80}}),
        ("subscribe", {"topic": "session:" + "g" * 32}),
        ("subscribe", {"topic": "device:a/b"}),
        ("subscribe", {"topic": "device:" + "g" * 65}),
        ("subscribe", {"topic": "outbox\n"}),
        ("subscribe", {"topic": "Session:" + ROOM}),
        ("subscribe", {"topic": "s" * 101}),
        ("subscribe", {"topic": ["outbox"]}),
        ("subscribe", {"topic": "outbox", "principal": "user:1"}),
        ("join", {"room": None}),
        ("join", {}),
        ("join", None),
        ("connect", {}),
        ("shutdown", {}),
    ],
)
def test_bounds(event: str, raw: object) -> None:
    with pytest.raises(Malformed):
        parse(event, [raw])


@pytest.mark.parametrize("arguments", [[], [{"room": ROOM}, {"room": ROOM}]])
def test_one_argument_no_more_no_less(arguments: list[object]) -> None:
    with pytest.raises(Malformed):
        parse("join", arguments)


def test_the_largest_description_passes() -> None:
    raw = {"room": ROOM, "description": {"type": "offer", "sdp": "v" * SDP_LIMIT}}
    assert isinstance(parse("signal", [raw]), Signal)


def test_a_candidate_is_read_and_written_as_a_browser_does() -> None:
    raw = {
        "candidate": "candidate:1 1 udp 1 ::1 9 typ host",
        "sdpMid": "0",
        "sdpMLineIndex": 0,
        "usernameFragment": "u",
    }
    said = parse("signal", [{"room": ROOM, "candidate": {**raw}}])
    assert isinstance(said, Signal)
    notice = SignalNotice(ROOM, Seat.DOCTOR, candidate=said.candidate)
    assert json.loads(messages.encode(notice)) == {"room": ROOM, "from": "doctor", "candidate": raw}


def test_a_notice_as_the_contract_writes_it() -> None:
    assert json.loads(messages.encode(PeerNotice(ROOM, Seat.PATIENT, Change.TAKEN_OVER))) == {
        "room": ROOM,
        "seat": "patient",
        "change": "taken_over",
    }
    at = datetime(2026, 11, 21, 9, 30, 0, 120_000, tzinfo=UTC)
    assert messages.encode(messages.Heartbeat(at)) == b'{"at":"2026-11-21T09:30:00.120000Z"}'


def test_the_handshake_says_which_cookie_and_nothing_more() -> None:
    assert parse_hello({"as": "staff"}).audience is Audience.STAFF
    for raw in ({"as": "admin"}, {}, None, {"as": "staff", "id": 1}):
        with pytest.raises(Malformed):
            parse_hello(raw)


@pytest.mark.parametrize("text", ["NaN", "[1e999", '"\\ud800"', "[" * 100_000, "", "{'a':1}"])
def test_what_is_not_json_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match="not JSON"):
        messages.decode(text)


@given(
    st.recursive(
        st.one_of(st.none(), st.integers(-9, 9), st.text()),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_equal_values_have_equal_bytes(value: object) -> None:
    def turned(value: object) -> object:
        if isinstance(value, dict):
            return {key: turned(value[key]) for key in reversed(value)}
        return [turned(item) for item in value] if isinstance(value, list) else value

    assert messages.encode(value) == messages.encode(turned(value))
    assert msgspec.json.decode(messages.encode(value)) == value


def test_a_device_is_watched_by_the_id_that_it_has() -> None:
    assert parse("subscribe", [{"topic": "device:PM10-A_1"}]) == Subscribe(topic="device:PM10-A_1")
    for topic in ("device:", "device:a/b", "device:" + "a" * 65, "device:a\n", "patient:PM10-A_1"):
        with pytest.raises(Malformed):
            parse("subscribe", [{"topic": topic}])
