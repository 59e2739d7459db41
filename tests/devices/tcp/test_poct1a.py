"""POCT1-A's conversation: greetings, documents cut anywhere, and half of one."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs.poct1a_xml import MAX_BYTES, read
from devices.readings import Reason, Refusal
from devices.tcp.conversation import ConversationError, Deliver, Fault, Send, Step
from devices.tcp.poct1a import Poct1a
from tests.devices.codecs.sample_files import shipped

NOON = datetime(2025, 3, 9, 12, 0, tzinfo=UTC)
HELLO, RESULTS = shipped("poct1a/hel.xml"), shipped("poct1a/obs.xml")
STATUS = b'<DST.R01><HDR><HDR.control_id V="2"/></HDR><DST><DST.new_observations_qty V="%d"/></DST></DST.R01>'


def heard(*chunks: bytes) -> list[Step]:
    conversation = Poct1a()
    return [step for chunk in chunks for step in conversation.received(chunk, NOON)]


def said(data: bytes) -> tuple[str, str, str]:
    root = read(data)
    return root.name, root.value("ACK", "ACK.type_cd"), root.value("ACK", "ACK.ack_control_id")


def test_a_greeting_is_acknowledged_at_once_and_its_device_id_holds_for_what_follows() -> None:
    greeted, results = heard(HELLO + RESULTS)
    assert isinstance(greeted, Send)
    assert said(greeted.data) == ("ACK.R01", "AA", "1")
    assert results == Deliver(RESULTS, "00A0370000000001")


def test_results_are_acknowledged_with_their_number_when_they_are_stored() -> None:
    conversation = Poct1a()
    [step] = conversation.received(RESULTS, NOON)
    assert isinstance(step, Deliver)
    assert said(conversation.answer(step, None, NOON)) == ("ACK.R01", "AA", "7")
    assert said(conversation.answer(step, Refusal(Reason.UNKNOWN_DEVICE), NOON))[1] == "AR"
    refused = read(conversation.answer(step, Refusal(Reason.WRONG_SHAPE, detail='"<&>"'), NOON))
    assert refused.value("ACK", "ACK.type_cd") == "AE"
    assert refused.value("ACK", "ACK.note_txt") == 'wrong_shape "<&>"'


def test_who_has_new_results_is_asked_for_them() -> None:
    none, waiting = heard(STATUS % 0), heard(STATUS % 3)
    assert [said(step.data)[0] for step in none if isinstance(step, Send)] == ["ACK.R01"]
    assert [said(step.data)[0] for step in waiting if isinstance(step, Send)] == ["ACK.R01", "REQ.R01"]


def test_an_acknowledgement_is_not_acknowledged() -> None:
    assert heard(b"<ACK.R01><ACK/></ACK.R01>", b"<END.R01/>")[1:] == []


@given(st.integers(0, len(HELLO + RESULTS)))
def test_documents_survive_any_cut(cut: int) -> None:
    stream = HELLO + b"\r\n" + RESULTS
    steps = heard(stream[:cut], stream[cut:])
    assert [type(step) for step in steps] == [Send, Deliver]


def test_bytes_one_by_one_make_the_same_document() -> None:
    assert heard(*[bytes([byte]) for byte in RESULTS]) == [Deliver(RESULTS, None)]


@pytest.mark.parametrize(
    "document",
    [
        b'<!DOCTYPE x [<!ENTITY a "b">]><OBS.R01>&a;</OBS.R01>',
        b"<html></html>",
        b"<OBS.R01><open></OBS.R01>",
        b"garbage<OBS.R01/>",
    ],
)
def test_what_is_no_message_is_handed_on_to_be_refused_by_name(document: bytes) -> None:
    [step] = heard(document)
    assert isinstance(step, Deliver)
    assert step.payload == document


@pytest.mark.parametrize(
    ("stream", "fault"),
    [(b"x" * 5000, Fault.MALFORMED), (b"<OBS.R01>" + b" " * MAX_BYTES, Fault.TOO_LARGE)],
)
def test_what_never_ends_is_refused_by_name_and_not_kept_for_ever(stream: bytes, fault: Fault) -> None:
    with pytest.raises(ConversationError) as ended:
        heard(stream)
    assert ended.value.fault is fault


def test_half_a_document_is_unfinished() -> None:
    conversation = Poct1a()
    list(conversation.received(RESULTS[:50], NOON))
    assert conversation.unfinished
    list(conversation.received(RESULTS[50:] + b"\n", NOON))
    assert not conversation.unfinished
