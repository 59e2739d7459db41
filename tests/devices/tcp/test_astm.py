"""ASTM's conversation: each frame is answered, the last one when all is stored."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs import astm as codec
from devices.readings import Reason, Refusal
from devices.tcp.astm import MAX_BYTES, PATIENCE, Astm
from devices.tcp.conversation import ConversationError, Deliver, Fault, Send, Step
from tests.devices.codecs.sample_files import elsewhere, shipped
from tests.devices.codecs.test_astm import HEADER, framed, result

NOON = datetime(2025, 3, 9, 12, 0, tzinfo=UTC)
SESSION = shipped("astm/session.bin")
LINES = [f"{line}\r" for line in (HEADER, "P|1|P1", result(), "L|1|N")]
ENQ, EOT, ACK, NAK = b"\x05", b"\x04", b"\x06", b"\x15"


def frames(*texts: str) -> list[bytes]:
    """The frames alone, one a text."""
    return [b"\x02" + part for part in framed(*texts)[1:-1].split(b"\x02")[1:]]


def talk(conversation: Astm, *chunks: bytes) -> list[Step]:
    return [step for chunk in chunks for step in conversation.received(chunk, NOON)]


def values(step: Step) -> list[float]:
    assert isinstance(step, Deliver)
    return [reading.value for reading in codec.decode(step.payload).readings]


def test_each_frame_is_acknowledged_and_the_last_only_when_the_message_is_stored() -> None:
    conversation = Astm()
    *early, delivered = talk(conversation, ENQ, *frames(*LINES))
    assert early == [Send(ACK)] * 4
    assert values(delivered) == [5.4]
    assert isinstance(delivered, Deliver)
    assert conversation.answer(delivered, None, NOON) == ACK
    assert talk(conversation, EOT) == []
    assert not conversation.unfinished


def test_a_whole_session_at_once_or_byte_by_byte_is_the_same() -> None:
    for chunks in ([SESSION], [bytes([byte]) for byte in SESSION]):
        *early, delivered = talk(Astm(), *chunks)
        assert early == [Send(ACK)] * 9
        assert isinstance(delivered, Deliver)
        assert codec.decode(delivered.payload) == codec.decode(SESSION)


def test_a_frame_that_was_spoilt_is_asked_for_again() -> None:
    header, patient, *rest = frames(*LINES)
    spoilt = patient.replace(b"P1", b"P2")
    *early, delivered = talk(Astm(), ENQ, header, spoilt, patient, *rest)
    assert early == [Send(ACK), Send(ACK), Send(NAK), Send(ACK), Send(ACK)]
    assert values(delivered) == [5.4]


def test_a_frame_that_is_missing_is_asked_for() -> None:
    header, patient, value, _ = frames(*LINES)
    assert talk(Astm(), ENQ, header, value, patient)[2:] == [Send(NAK), Send(ACK)]


def test_a_frame_that_comes_twice_counts_once() -> None:
    header, patient, value, end = frames(*LINES)
    *_, delivered = talk(Astm(), ENQ, header, patient, value, value, end)
    assert values(delivered) == [5.4]


def test_the_last_frame_again_is_acknowledged_again_and_stored_once() -> None:
    conversation = Astm()
    *_, delivered = talk(conversation, ENQ, *frames(*LINES))
    assert isinstance(delivered, Deliver)
    conversation.answer(delivered, None, NOON)
    assert talk(conversation, frames(*LINES)[-1]) == [Send(ACK)]


def test_who_is_not_known_keeps_its_message_and_may_try_again() -> None:
    conversation = Astm()
    *_, delivered = talk(conversation, ENQ, *frames(*LINES))
    assert isinstance(delivered, Deliver)
    assert conversation.answer(delivered, Refusal(Reason.UNKNOWN_DEVICE), NOON) == NAK
    assert talk(conversation, frames(*LINES)[-1]) == [delivered]
    assert conversation.answer(delivered, None, NOON) == ACK


def test_what_lies_in_quarantine_is_not_asked_for_again() -> None:
    conversation = Astm()
    assert conversation.answer(Deliver(b"", None), Refusal(Reason.MALFORMED), NOON) == ACK


def test_two_messages_in_one_session_are_two() -> None:
    steps = talk(Astm(), ENQ, *frames(*LINES, *LINES), EOT)
    assert [values(step) for step in steps if isinstance(step, Deliver)] == [[5.4], [5.4]]


def test_a_message_that_begins_in_the_frame_where_another_ends_is_not_torn() -> None:
    both = "".join([*LINES, HEADER, "\r", result("6.1"), "\rL|1|N\r"])
    torn = both.index("L|1|N") + len("L|1|N\rH|")
    [first, delivered] = talk(Astm(), ENQ, *frames(both[:torn], both[torn:]))[1:]
    assert (first, values(delivered)) == (Send(ACK), [5.4, 6.1])
    one = "".join(LINES)
    [first, delivered] = talk(Astm(), ENQ, *frames(one[:-3], one[-3:]))[1:]  # its last record in two
    assert (first, values(delivered)) == (Send(ACK), [5.4])


def test_records_that_were_acknowledged_are_stored_even_if_their_message_never_ends() -> None:
    begun = frames(*LINES[:3], "R|2|^^^INR|1")
    parted, hung_up = Astm(), Astm()
    for conversation in (parted, hung_up):
        talk(conversation, ENQ, *begun)
    for [left] in (talk(parted, EOT), list(hung_up.ended())):
        assert values(left) == [5.4]  # and not 1, which may be half of 1.4


def test_the_meters_capture_is_answered() -> None:
    assert talk(Astm(), elsewhere("astm/contour_header_capture.bin")) == [Send(ACK), Send(ACK)]


@pytest.mark.parametrize(
    ("stream", "fault"),
    [
        (b"H|\\^&", Fault.MALFORMED),
        (ENQ + b"\x02" + b"x" * MAX_BYTES, Fault.TOO_LARGE),
        (ENQ + b"\x021H\x03FF\r\n" * (PATIENCE + 1), Fault.MALFORMED),
    ],
)
def test_what_is_no_conversation_is_ended_by_name(stream: bytes, fault: Fault) -> None:
    with pytest.raises(ConversationError) as ended:
        talk(Astm(), stream)
    assert ended.value.fault is fault


def test_a_message_of_many_frames_is_not_kept_for_ever() -> None:
    conversation = Astm()
    talk(conversation, ENQ)
    with pytest.raises(ConversationError) as ended:
        talk(conversation, *frames(*["x" * 200] * 400))
    assert ended.value.fault is Fault.TOO_LARGE


@given(st.binary(max_size=200))
def test_any_bytes_end_in_steps_or_in_a_named_fault(junk: bytes) -> None:
    for stream in (junk, ENQ + b"\x021H" + junk, SESSION[:100] + junk + SESSION[100:]):
        conversation = Astm()
        with suppress(ConversationError):
            talk(conversation, stream)
        list(conversation.ended())
