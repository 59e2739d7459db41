"""Protocol Buffers as far as Sparkplug needs them: fields in their order."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs import protobuf
from devices.codecs.protobuf import Field, Wire, fields
from devices.codecs.strict_json import RefusedError
from devices.readings import Reason


@pytest.mark.parametrize(
    ("encoded", "expected"),
    [
        ("", []),
        ("089601", [Field(1, Wire.VARINT, 150)]),
        ("12026162", [Field(2, Wire.BYTES, b"ab")]),
        ("650000c242", [Field(12, Wire.FIXED32, b"\x00\x00\xc2\x42")]),
        ("08ffffffffffffffffff01", [Field(1, Wire.VARINT, 2**64 - 1)]),
    ],
)
def test_fields_are_read_in_their_order(encoded: str, expected: list[Field]) -> None:
    assert list(fields(bytes.fromhex(encoded))) == expected


@pytest.mark.parametrize("encoded", ["08", "0880", "08" + "ff" * 11, "12ff01", "0b", "0c", "0f", "0001", "6500", "12"])
def test_what_is_no_message_is_refused(encoded: str) -> None:
    with pytest.raises(RefusedError) as refused:
        list(fields(bytes.fromhex(encoded)))
    assert refused.value.refusal.reason is Reason.MALFORMED


def test_a_field_of_another_kind_is_not_taken_for_a_number() -> None:
    number, text = Field(1, Wire.VARINT, 1), Field(2, Wire.BYTES, b"\xff")
    for read, field in ((protobuf.float_of, number), (protobuf.int_of, text), (protobuf.bytes_of, number)):
        with pytest.raises(RefusedError):
            read(field)
    with pytest.raises(RefusedError) as refused:
        protobuf.text_of(text)
    assert refused.value.refusal.reason is Reason.BAD_UTF8


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(encoded: bytes) -> None:
    with suppress(RefusedError):
        for field in fields(encoded):
            assert field.number > 0
