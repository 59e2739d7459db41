"""ASTM's frames: checksums, numbers and ends as a real meter writes them."""

import pytest

from devices.codecs.astm_frames import Frame, FrameError, checksum, following, frame, text_of
from devices.readings import Reason
from tests.devices.codecs.sample_files import elsewhere, shipped


def test_a_checksum_is_that_of_a_real_meter() -> None:
    capture = elsewhere("astm/contour_header_capture.bin")
    counted = capture[capture.index(b"\x02") + 1 : capture.index(b"\x17") + 1]
    assert checksum(counted) == b"D7"
    assert frame(counted + b"d7") == Frame(1, counted[1:-1], last=False)


def test_after_7_comes_0() -> None:
    assert [following(number) for number in range(8)] == [1, 2, 3, 4, 5, 6, 7, 0]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", Reason.MALFORMED),
        (b"1", Reason.MALFORMED),
        (b"8H\x037B", Reason.MALFORMED),
        (b"xH\x03BB", Reason.MALFORMED),
        (b"1H\x037D", Reason.BAD_CHECKSUM),
        (b"1H\x03zz", Reason.BAD_CHECKSUM),
    ],
)
def test_a_frame_that_cannot_be_taken_says_why(body: bytes, reason: Reason) -> None:
    with pytest.raises(FrameError) as refused:
        frame(body)
    assert refused.value.reason is reason


def test_the_text_of_a_recorded_session_is_that_of_its_frames() -> None:
    text = text_of(shipped("astm/session.bin"))
    assert text.startswith(b"H|\\^&")
    assert text.endswith(b"L|1|N\r")
    assert text.count(b"\r") == 9
