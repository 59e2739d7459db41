"""A block of an ECG as a device sends it: taken whole, or refused whole and by name."""

from base64 import b64encode
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs import WAVES
from devices.readings import Decoded, Reason
from devices.waves import GAP, Block
from tests.devices.wave_samples import NOON, block, packed, wire


def decode(payload: bytes, channel: str = "ecg_ii") -> Decoded:
    return WAVES[f"wave/{channel}"](payload)


def test_a_second_of_an_ecg_is_read() -> None:
    decoded = decode(wire(oldest=1, sent="2026-11-21T12:00:01Z"))
    assert decoded.waves == (block(range(250)),)
    assert (decoded.epoch, decoded.seq, decoded.oldest, decoded.sent_at) == ("e", 1, 1, NOON + timedelta(seconds=1))
    assert (decoded.readings, decoded.refusals) == ((), ())


def test_a_pleth_has_no_scale_but_its_own() -> None:
    [pleth] = decode(wire(unit=None, gain=None), "pleth").waves
    assert (pleth.gain, pleth.offset, pleth.channel) == (1.0, 0.0, "pleth")


def test_a_sample_that_was_not_measured_stays_one() -> None:
    [read] = decode(wire([1, GAP, 3])).waves
    assert read.samples == packed([1, GAP, 3])


def test_the_same_block_without_a_number_is_known_by_what_was_measured() -> None:
    once, again, other = (decode(wire(samples, epoch=None, seq=None)) for samples in ([1], [1], [2]))
    assert once.content == again.content != other.content


@pytest.mark.parametrize(
    ("changed", "reason", "detail"),
    [
        ({"start": None}, Reason.WRONG_SHAPE, "start"),
        ({"start": "yesterday"}, Reason.WRONG_SHAPE, "start"),
        ({"rate": "250"}, Reason.WRONG_SHAPE, "rate"),
        ({"rate": 0.5}, Reason.IMPOSSIBLE, "rate"),
        ({"rate": 2001}, Reason.IMPOSSIBLE, "rate"),
        ({"rate": float("nan")}, Reason.NOT_A_NUMBER, "rate"),
        ({"gain": None}, Reason.WRONG_SHAPE, "gain"),
        ({"gain": 0}, Reason.IMPOSSIBLE, "gain"),
        ({"gain": float("inf")}, Reason.INFINITE, "gain"),
        ({"offset": []}, Reason.WRONG_SHAPE, "offset"),
        ({"unit": None}, Reason.UNKNOWN_UNIT, "unit"),
        ({"unit": "mmHg"}, Reason.UNKNOWN_UNIT, "unit"),
        ({"samples": None}, Reason.WRONG_SHAPE, "samples"),
        ({"samples": ""}, Reason.WRONG_SHAPE, "samples"),
        ({"samples": "AAAA"}, Reason.WRONG_SHAPE, "samples"),
        ({"samples": "é" * 8}, Reason.WRONG_SHAPE, "samples"),
        ({"samples": [1, 2, 3]}, Reason.WRONG_SHAPE, "samples"),
        ({"samples": b64encode(bytes(2 * 16_385)).decode(), "rate": 2000}, Reason.TOO_LARGE, "more than 16384 samples"),
        ({"samples": b64encode(bytes(2 * 61)).decode(), "rate": 1}, Reason.TOO_LARGE, "longer than 60 s"),
    ],
)
def test_what_cannot_be_is_refused_whole_and_its_number_counts(
    changed: dict[str, object], reason: Reason, detail: str
) -> None:
    decoded = decode(wire(**changed))
    assert [(one.reason, one.metric, one.detail) for one in decoded.refusals] == [(reason, None, detail)]
    assert (decoded.waves, decoded.epoch, decoded.seq) == ((), "e", 1)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"\xff", Reason.BAD_UTF8),
        (b"{", Reason.BAD_JSON),
        (b"[]", Reason.WRONG_SHAPE),
        (b" " * 70_000, Reason.TOO_LARGE),
        (b'{"rate": 1, "rate": 2}', Reason.DUPLICATE_KEY),
        (b"[" * 50_000, Reason.BAD_JSON),
    ],
)
def test_what_is_no_message_is_refused(payload: bytes, reason: Reason) -> None:
    assert [one.reason for one in decode(payload).refusals] == [reason]


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=50), st.floats(1, 2000), st.floats(-5, 5))
def test_what_is_written_is_read_again(samples: list[int], rate: float, offset: float) -> None:
    decoded = decode(wire(samples, rate=rate, offset=offset, gain=0.25, unit="mV"))
    assert decoded.waves == (Block("ecg_ii", NOON, rate, 0.25, offset, packed(samples)),)
