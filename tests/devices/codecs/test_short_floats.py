"""The decimal that a rounded float was meant to be."""

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs.short_floats import unpack


@pytest.mark.parametrize(("layout", "value"), [("<f", 36.6), (">f", 0.57), (">e", 36.6), (">e", 0.97), ("<d", 36.6)])
def test_a_decimal_that_was_rounded_is_found_again(layout: str, value: float) -> None:
    assert unpack(layout, struct.pack(layout, value)) == value


@given(st.floats(width=32))
def test_it_is_the_same_float(number: float) -> None:
    found = unpack("<f", struct.pack("<f", number))
    assert struct.pack("<f", found) == struct.pack("<f", number) or (math.isnan(found) and math.isnan(number))


@given(st.floats(width=16))
def test_it_is_the_same_half(number: float) -> None:
    found = unpack(">e", struct.pack(">e", number))
    assert struct.pack(">e", found) == struct.pack(">e", number) or (math.isnan(found) and math.isnan(number))
