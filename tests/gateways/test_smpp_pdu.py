"""SMPP 3.4 byte by byte: what we say, smpplib reads; what smpplib says, we read; what is broken, is named so."""

import struct
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from smpplib.client import SimpleSequenceGenerator
from smpplib.smpp import make_pdu, parse_pdu

from server.notifications.deliveries import DeliveryState, Receipt
from server.notifications.gateways import smpp_pdu as wire
from server.notifications.gateways.smpp_pdu import Command, Malformed, Message, Pdu
from tests.gateways.letters import NOON

NUMBERS = SimpleSequenceGenerator()


def read_by_smpplib(pdu: Pdu) -> dict[str, Any]:
    told: dict[str, Any] = vars(parse_pdu(wire.pack(pdu), client=NUMBERS, allow_unknown_opt_params=False))
    return told


def test_smpplib_reads_our_bind() -> None:
    told = read_by_smpplib(Pdu(Command.BIND, 0, 1, wire.bind("bedside", "s3cret", "VMA")))
    assert (told["command"], told["_sequence"], told["interface_version"]) == ("bind_transceiver", 1, 0x34)
    assert (told["system_id"], told["password"], told["system_type"]) == (b"bedside", b"s3cret", b"VMA")


@pytest.mark.parametrize(
    ("source", "kind", "written"),
    [("+861069012345", (1, 1), b"861069012345"), ("10690123", (0, 0), b"10690123"), ("Clinic", (5, 0), b"Clinic")],
)
def test_smpplib_reads_our_message(source: str, kind: tuple[int, int], written: bytes) -> None:
    message = Message(source, "+8613812345678", 8, "7号".encode("utf-16-be"), concatenated=True, reference=0xBEEF)
    told = read_by_smpplib(Pdu(Command.SUBMIT, 0, 2, wire.submit(message)))
    assert (told["source_addr_ton"], told["source_addr_npi"], told["source_addr"]) == (*kind, written)
    assert (told["dest_addr_ton"], told["dest_addr_npi"], told["destination_addr"]) == (1, 1, b"8613812345678")
    assert (told["esm_class"], told["registered_delivery"], told["data_coding"]) == (0x40, 1, 8)
    assert (told["short_message"], told["user_message_reference"]) == ("7号".encode("utf-16-be"), 0xBEEF)


def test_a_long_text_may_go_as_payload() -> None:
    long = "号" * 200
    message = Message("Clinic", "+8613812345678", 8, long.encode("utf-16-be"), as_payload=True)
    told = read_by_smpplib(Pdu(Command.SUBMIT, 0, 3, wire.submit(message)))
    assert (told["sm_length"], told["message_payload"].decode("utf-16-be")) == (0, long)


def delivered(text: bytes = b"", esm_class: int = 0x04, **more: object) -> bytes:
    """The body of a deliver_sm as smpplib writes it."""
    fields = {"source_addr": "8613812345678", "destination_addr": "Clinic", "short_message": text} | more
    pdu = make_pdu("deliver_sm", client=NUMBERS, esm_class=esm_class, **fields)
    return bytes(pdu.generate()[16:])


WORDS = b"id:a1B2 sub:001 dlvrd:001 submit date:2611211200 done date:2611211201 stat:%s err:%s text:id:99 stat:no"


@pytest.mark.parametrize(
    ("stat", "state"),
    [
        (b"DELIVRD", DeliveryState.DELIVERED),
        (b"EXPIRED", DeliveryState.EXPIRED),
        (b"DELETED", DeliveryState.FAILED),
        (b"UNDELIV", DeliveryState.FAILED),
        (b"REJECTD", DeliveryState.FAILED),
    ],
)
def test_a_receipt_in_the_usual_words(stat: bytes, state: DeliveryState) -> None:
    """Appendix B. What it quotes of the message comes last and is not believed."""
    error = None if state is DeliveryState.DELIVERED else "075"
    assert wire.receipt(delivered(WORDS % (stat, b"075")), NOON) == Receipt("a1B2", state, NOON, error)


@pytest.mark.parametrize("stat", [b"ENROUTE", b"ACCEPTD", b"UNKNOWN", b"surprise"])
def test_being_on_its_way_is_no_news(stat: bytes) -> None:
    assert wire.receipt(delivered(WORDS % (stat, b"0")), NOON) is None


def test_a_receipt_in_optional_parameters_goes_before_its_words() -> None:
    body = delivered(b"call us", receipted_message_id="77", message_state=5)
    assert wire.receipt(body, NOON) == Receipt("77", DeliveryState.FAILED, NOON)


def test_a_receipt_may_come_as_payload() -> None:
    said = wire.receipt(delivered(message_payload=WORDS % (b"DELIVRD", b"0")), NOON)
    assert said == Receipt("a1B2", DeliveryState.DELIVERED, NOON)


@pytest.mark.parametrize("esm_class", [0x00, 0x08, 0x0C, 0x10, 0x20, 0x24, 0x40])
def test_what_a_person_writes_is_no_receipt(esm_class: int) -> None:
    assert wire.receipt(delivered(WORDS % (b"DELIVRD", b"0"), esm_class), NOON) is None


def test_an_answer_names_the_message() -> None:
    said = make_pdu("submit_sm_resp", client=NUMBERS, message_id="5f00-a")
    said.sequence = 2
    answer = said.generate()
    length, pdu = wire.unpack_header(answer[:16])
    assert (length, pdu.answers, pdu.sequence) == (7, True, 2)
    assert wire.message_id(answer[16:]) == "5f00-a"


@pytest.mark.parametrize("length", [0, 15, wire.LONGEST + 1, 0xFFFF_FFFF])
def test_a_length_that_cannot_be_ends_it(length: int) -> None:
    with pytest.raises(Malformed):
        wire.unpack_header(struct.pack(">IIII", length, 4, 0, 1))


@given(st.binary(max_size=300))
@example(delivered(WORDS)[:-3])
@example(delivered(b"") + b"\x04\x27\x00\x09\x02")
def test_whatever_comes_is_read_or_named_malformed(body: bytes) -> None:
    for read in (lambda: wire.receipt(body, NOON), lambda: wire.message_id(body)):
        try:
            read()
        except Malformed:
            continue
