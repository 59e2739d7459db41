"""ASTM E1381 / CLSI LIS1-A as the receiver: ENQ, frames, EOT. The frame that ends a message is acknowledged once the
message is stored; those before it when their checksum is right. Pure."""

from collections.abc import Iterator
from datetime import datetime

from devices.codecs import astm
from devices.codecs.astm_frames import ACK, CR, ENQ, EOT, ETB, ETX, LF, NAK, STX, Frame, FrameError, following, frame
from devices.readings import Reason, Refusal
from devices.tcp.conversation import ConversationError, Deliver, Fault, Send, Step

MAX_BYTES = astm.MAX_BYTES
PATIENCE = 10  # frames in a row that cannot be taken; the standard's sender gives up after six
BETWEEN = EOT + ENQ + ACK + NAK + CR + LF


class Astm:
    """Implements Conversation."""

    format = "astm"

    def __init__(self) -> None:
        self._held = bytearray()
        self._begin()

    def _begin(self) -> None:
        self._frames = bytearray()
        self._text = bytearray()
        self._last: int | None = None
        self._refused: Deliver | None = None
        self._spoilt = 0

    @property
    def unfinished(self) -> bool:
        return bool(self._held or self._frames)

    def received(self, data: bytes, now: datetime) -> Iterator[Step]:  # noqa: ARG002 – nothing here has a date
        self._held += data
        while self._held:
            if self._held.startswith(STX):
                body = self._frame()
                if body is None:
                    return
                yield from self._take(body)
            else:
                sign = bytes(self._held[:1])
                del self._held[:1]
                yield from self._control(sign)

    def _control(self, sign: bytes) -> Iterator[Step]:
        if sign not in BETWEEN:
            raise ConversationError(Fault.MALFORMED, NAK)
        if sign in {ENQ, EOT}:
            yield from self.ended()
            self._begin()
        if sign == ENQ:
            yield Send(ACK)

    def _frame(self) -> bytes | None:
        """The next frame from behind STX through its checksum, if it is whole."""
        ends = [end for sign in (ETB, ETX) if (end := self._held.find(sign)) >= 0]
        end = min(ends, default=-3) + 3
        if len(self._held) + len(self._frames) > MAX_BYTES:
            raise ConversationError(Fault.TOO_LARGE, NAK)
        if not ends or end > len(self._held):
            return None
        body = bytes(self._held[1:end])
        del self._held[:end]
        return body

    def _take(self, body: bytes) -> Iterator[Step]:
        found = self._expected(body)
        if found is None:
            yield Send(self._again())
            return
        self._spoilt = 0
        if found.number == self._last:
            yield self._refused or Send(ACK)  # our answer was lost, or was NAK
            return
        self._last = found.number
        self._frames += STX + body + CR + LF
        self._text += found.text
        yield self._message() if _ends(self._text, last=found.last) else Send(ACK)

    def _expected(self, body: bytes) -> Frame | None:
        """None where it is spoilt, or where one before it is missing."""
        try:
            found = frame(body)
        except FrameError:
            return None
        in_row = self._last is None or found.number in {self._last, following(self._last)}
        return found if in_row else None

    def _again(self) -> bytes:
        self._spoilt += 1
        if self._spoilt > PATIENCE:
            raise ConversationError(Fault.MALFORMED, NAK)
        return NAK

    def _message(self) -> Deliver:
        whole = ENQ + bytes(self._frames) + EOT
        self._frames.clear()
        self._text.clear()
        return _delivered(whole)

    def answer(self, delivered: Deliver, refusal: Refusal | None, now: datetime) -> bytes:  # noqa: ARG002
        """What lies in quarantine is safe too, and does not get better by being sent again."""
        unknown = refusal is not None and refusal.reason is Reason.UNKNOWN_DEVICE
        self._refused = delivered if unknown else None
        return NAK if unknown else ACK

    def ended(self) -> Iterator[Deliver]:
        """Records whose frames were acknowledged, of a message without its last record; half a record is none."""
        text = bytes(self._text)
        whole = text[: text.rfind(CR) + 1]
        if CR + b"R" in whole:
            yield _delivered(whole)
        self._frames.clear()
        self._text.clear()


def _ends(text: bytearray, *, last: bool) -> bool:
    """Whether it ends with the terminator, whole: behind it, in the same frame, the next message may have begun."""
    if not last and text[-1:] not in (CR, LF):
        return False
    end = len(text)
    while end > 0 and text[end - 1 : end] in (CR, LF):
        end -= 1
    return text[text.rfind(CR, 0, max(end, 0)) + 1 : max(end, 0)].lstrip(LF).startswith(b"L")


def _delivered(payload: bytes) -> Deliver:
    return Deliver(payload, astm.decode(payload).source)
