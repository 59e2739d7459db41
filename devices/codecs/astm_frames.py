"""The frames of ASTM E1381 / CLSI LIS1-A: STX, number, text, ETB or ETX, checksum, CR LF. Bytes in, text out.

What is in the text – the records of E1394 / LIS2 – is the codec's."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from devices.readings import Reason

STX, ETX, EOT, ENQ, ACK, LF, CR, NAK, ETB = b"\x02", b"\x03", b"\x04", b"\x05", b"\x06", b"\n", b"\r", b"\x15", b"\x17"
_ENDS = re.compile(b"[\x03\x17]")


class FrameError(Exception):
    """The frame, or the row of frames, is not what the standard makes of them."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Frame:
    """``number`` 0 to 7; ``last`` where it ended in ETX."""

    number: int
    text: bytes
    last: bool


def checksum(counted: bytes) -> bytes:
    """Of all after STX, up to ETB or ETX and with it: two hexadecimal digits of the sum modulo 256."""
    return b"%02X" % (sum(counted) % 256)


def frame(body: bytes) -> Frame:
    """From the byte after STX through the checksum's second digit. Raises FrameError."""
    counted, digits = body[:-2], body[-2:]
    if len(counted) < 2 or not counted[:1].isdigit() or counted[0] > ord("7"):
        raise FrameError(Reason.MALFORMED, "a frame without a number from 0 to 7")
    if checksum(counted) != digits.upper():
        raise FrameError(Reason.BAD_CHECKSUM, f"frame {counted[:1].decode()}")
    return Frame(counted[0] - ord("0"), counted[1:-1], counted.endswith(ETX))


def following(number: int) -> int:
    """The first is 1, and after 7 comes 0."""
    return (number + 1) % 8


def text_of(session: bytes) -> bytes:
    """The text of all frames in a row that was recorded: control bytes between frames are the other side's or ours.

    Raises FrameError for a checksum that is wrong, a frame that is missing, and bytes outside of frames.
    """
    texts: list[bytes] = []
    last: int | None = None
    for found in _frames(session):
        if found.number == last:
            texts.pop()  # sent again, because the answer to the first was lost or NAK
        elif last is not None and found.number != following(last):
            raise FrameError(Reason.MALFORMED, f"frame {found.number} after frame {last}")
        texts.append(found.text)
        last = found.number
    return b"".join(texts)


def _frames(session: bytes) -> Iterator[Frame]:
    place = 0
    while (start := session.find(STX, place)) >= 0:
        _only_control(session[place:start])
        end = _end(session, start)
        yield frame(session[start + 1 : end])
        place = end
    _only_control(session[place:])


def _end(session: bytes, start: int) -> int:
    """Behind the checksum of the frame that begins at ``start``."""
    found = _ENDS.search(session, start)
    if found is None or found.end() + 2 > len(session):
        raise FrameError(Reason.MALFORMED, "a frame without its end")
    return found.end() + 2


def _only_control(between: bytes) -> None:
    if between.strip(EOT + ENQ + ACK + NAK + CR + LF):
        raise FrameError(Reason.MALFORMED, "bytes outside of a frame")
