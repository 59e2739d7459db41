"""CBOR as another implementation writes it, and bytes that nobody wrote."""

import math
from contextlib import suppress

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs import cbor
from devices.codecs.strict_json import RefusedError
from devices.readings import Reason

ITEMS = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers(-(2**63), 2**63) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.integers(-9, 9), inner, max_size=4),
    max_leaves=6,
)


@given(ITEMS)
def test_what_another_implementation_writes_is_read(item: object) -> None:
    encoded = cbor2.dumps(item)
    if b"\xc2" in encoded or b"\xc3" in encoded or _deep(item) > cbor.MAX_DEPTH:
        return  # bignums, or deeper than is read
    assert cbor.parse(encoded) == item


def _deep(item: object) -> int:
    inner = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
    return 1 + max((_deep(one) for one in inner), default=0)


@pytest.mark.parametrize(
    ("encoded", "value"),
    [
        ("f93e00", 1.5),
        ("fa47c35000", 100000.0),
        ("c48221196ab3", 273.15),  # RFC 8949 §3.4.4
        ("c4821a7fffffff01", math.inf),
        ("c4823a7fffffff01", 0.0),
        ("9f0102ff", [1, 2]),
        ("bf616101ff", {"a": 1}),
        ("7f61616162ff", "ab"),
        ("20", -1),
    ],
)
def test_an_item_is_read(encoded: str, value: object) -> None:
    assert cbor.parse(bytes.fromhex(encoded)) == value


@pytest.mark.parametrize(
    ("encoded", "reason"),
    [
        ("", Reason.MALFORMED),
        ("0102", Reason.MALFORMED),
        ("82", Reason.MALFORMED),
        ("ff", Reason.MALFORMED),
        ("82ff01", Reason.MALFORMED),
        ("1c", Reason.MALFORMED),
        ("f8ff", Reason.MALFORMED),
        ("1f", Reason.MALFORMED),
        ("bf01ff", Reason.MALFORMED),
        ("a1f5f5", Reason.MALFORMED),
        ("7f6161" + "01ff", Reason.MALFORMED),
        ("81" * 40, Reason.MALFORMED),
        ("9f" * 60_000, Reason.MALFORMED),
        ("9bffffffffffffffff", Reason.MALFORMED),
        ("5bffffffffffffffff", Reason.MALFORMED),
        ("c48201", Reason.MALFORMED),
        ("c482f500", Reason.MALFORMED),
        ("a2616101616102", Reason.DUPLICATE_KEY),
        ("62c328", Reason.BAD_UTF8),
        ("c11a514b67b0", Reason.FORBIDDEN),  # a date
        ("d82363282b29", Reason.FORBIDDEN),  # a pattern
        ("d81c80", Reason.FORBIDDEN),  # something to be shared
        ("c25818" + "ff" * 24, Reason.FORBIDDEN),  # a bignum
    ],
)
def test_what_cannot_be_read_is_refused_by_name(encoded: str, reason: Reason) -> None:
    with pytest.raises(RefusedError) as refused:
        cbor.parse(bytes.fromhex(encoded))
    assert refused.value.refusal.reason is reason


def test_more_than_a_message_may_have_is_not_even_begun() -> None:
    with pytest.raises(RefusedError) as refused:
        cbor.parse(b"\x80" * 70_000)
    assert refused.value.refusal.reason is Reason.TOO_LARGE


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_else(encoded: bytes) -> None:
    with suppress(RefusedError):
        cbor.parse(encoded)


def test_a_bomb_is_refused() -> None:
    """That it takes no time either: tests/fuzz/test_bombs.py."""
    for bomb in (
        b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff" + b"\x00" * 60_000,
        b"\x9f" + b"\x80" * 60_000,
        b"\x81" * 60_000,
    ):
        with pytest.raises(RefusedError):
            cbor.parse(bomb)
