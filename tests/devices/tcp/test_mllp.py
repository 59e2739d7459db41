"""MLLP blocks, however they are cut, and their acknowledgements."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs.hl7v2_ack import acknowledgement
from devices.codecs.hl7v2_text import MAX_BYTES
from devices.readings import Reason, Refusal
from devices.tcp.conversation import ConversationError, Deliver, Fault
from devices.tcp.mllp import Mllp, block
from tests.devices.codecs.sample_files import elsewhere, shipped

NOON = datetime(2025, 3, 9, 12, 0, tzinfo=UTC)
LAB = shipped("hl7v2/poct_lab_loinc.hl7")


def heard(*chunks: bytes) -> list[bytes]:
    conversation = Mllp()
    steps = [step for chunk in chunks for step in conversation.received(chunk, NOON)]
    return [step.payload for step in steps if isinstance(step, Deliver)]


def answered(payload: bytes, refusal: Refusal | None = None) -> list[str]:
    said = Mllp().answer(Deliver(payload, None), refusal, NOON).decode()
    return said.removeprefix("\x0b").removesuffix("\x1c\r").split("\r")[:-1] if said else []


def test_a_message_is_a_block_however_it_is_cut() -> None:
    assert heard(block(LAB)) == [LAB]
    assert heard(*[bytes([byte]) for byte in block(LAB)]) == [LAB]
    assert heard(block(b"one") + b"\r\n" + block(b"two") + block(b"thr")[:-1], b"\r") == [b"one", b"two", b"thr"]


@given(st.lists(st.binary(max_size=40).filter(lambda text: b"\x1c" not in text), max_size=5), st.data())
def test_blocks_survive_any_cut(messages: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(map(block, filter(None, messages)))
    cut = data.draw(st.integers(0, len(stream)))
    assert heard(stream[:cut], stream[cut:]) == [message for message in messages if message]


def test_a_block_may_lack_its_last_byte() -> None:
    assert heard(*([block(LAB)[:-1]] * 2), b"\r\n", block(LAB)) == [LAB] * 3


@pytest.mark.parametrize("junk", [b"MSH|^~\\&|", b"\x00", b"GET / HTTP/1.1\r\n\r\n"])
def test_bytes_outside_of_a_block_end_the_conversation(junk: bytes) -> None:
    with pytest.raises(ConversationError) as ended:
        heard(block(LAB) + junk)
    assert ended.value.fault is Fault.MALFORMED


def test_a_block_without_an_end_is_refused_by_name_and_not_kept_for_ever() -> None:
    with pytest.raises(ConversationError) as ended:
        heard(b"\x0b" + LAB, *[b" " * 1024] * (MAX_BYTES // 1024))
    assert ended.value.fault is Fault.TOO_LARGE
    assert b"MSA|AR|MSG00002" in ended.value.reply


def test_the_answer_goes_back_to_who_sent_with_its_own_number() -> None:
    assert answered(LAB) == [
        "MSH|^~\\&|RPM|HUB|POCT|CLINIC|20250309120000+0000||ACK^R01|AMSG00002|P|2.5.1",
        "MSA|AA|MSG00002",
    ]


def test_the_answer_is_in_the_senders_character_set() -> None:
    message = "MSH|^~\\&|MON|亅医院|||20250309||ORU^R01|7|P|2.6||||||GB 18030-2000\r".encode("gb18030")  # 亅 ends in |
    assert acknowledgement(message, None, NOON).decode("gb18030").split("\r")[:2] == [
        "MSH|^~\\&|||MON|亅医院|20250309120000+0000||ACK^R01|A7|P|2.6||||||GB 18030-2000",
        "MSA|AA|7",
    ]


@pytest.mark.parametrize(
    ("reason", "code"),
    [(Reason.UNKNOWN_DEVICE, "AR"), (Reason.WRONG_SHAPE, "AR"), (Reason.MALFORMED, "AE"), (Reason.BAD_UTF8, "AE")],
)
def test_a_refusal_is_said_by_name(reason: Reason, code: str) -> None:
    _, said, error = answered(LAB, Refusal(reason, detail="a|b^c"))
    assert said == f"MSA|{code}|MSG00002"
    assert error.endswith(f"||||{reason.value} a b c")


@pytest.mark.parametrize(
    ("wanted", "stored", "refused"),
    [
        ("AL|NE", "CA", "CE"),
        ("AL|AL", "CA", "CE"),
        ("NE|AL", "AA", "AE"),
        ("|AL", "AA", "AE"),
        ("ER|NE", None, "CE"),
        ("SU|NE", "CA", None),
        ("NE|NE", None, None),
    ],
)
def test_who_asks_in_enhanced_mode_hears_what_was_asked_for(wanted: str, stored: str, refused: str) -> None:
    message = f"MSH|^~\\&|A|B|C|D|20250309||ORU^R01|7|P|2.6|||{wanted}\r".encode()
    for refusal, code in ((None, stored), (Refusal(Reason.MALFORMED), refused)):
        assert [line[:7] for line in answered(message, refusal)[1:2]] == ([f"MSA|{code}|"[:7]] if code else [])


def test_a_monitor_that_wants_a_commit_gets_one() -> None:
    assert answered(elsewhere("hl7v2/xh80x_sentinels.hl7"))[1] == "MSA|CA|41"


def test_what_is_no_hl7_is_answered_all_the_same() -> None:
    assert answered(b"junk", Refusal(Reason.MALFORMED))[1] == "MSA|AE|"


def test_the_device_is_known_by_what_it_calls_itself() -> None:
    [step] = Mllp().received(block(LAB), NOON)
    assert step == Deliver(LAB, "POCT")
