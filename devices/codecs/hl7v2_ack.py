"""The answer to an HL7 v2 message: ACK with MSA, in original and in enhanced mode (HL7 2.6 §2.9); when none is due."""

from datetime import datetime
from enum import StrEnum

from devices.codecs.hl7v2_text import MAX_HEADER, Hl7Error, Segment, charset, header_of
from devices.readings import Reason, Refusal

_FALLBACK = "MSH|^~\\&|"
_NOT_OURS = {Reason.UNKNOWN_DEVICE, Reason.WRONG_SHAPE, Reason.TOO_LARGE}
_ERRORS = {  # HL70357
    Reason.WRONG_SHAPE: "200^Unsupported message type^HL70357",
    Reason.UNKNOWN_DEVICE: "204^Unknown key identifier^HL70357",
}


class _Due(StrEnum):
    """HL70155: when the sender wants to be answered."""

    ALWAYS = "AL"
    NEVER = "NE"
    ON_ERROR = "ER"
    ON_SUCCESS = "SU"


def header(payload: bytes) -> Segment:
    """The MSH, or an empty one where there is none."""
    line = payload[:MAX_HEADER].lstrip(b"\r\n").partition(b"\r")[0].partition(b"\n")[0]
    try:
        return header_of(line.decode(charset(line), "replace"))
    except Hl7Error:
        return header_of(_FALLBACK)


def acknowledgement(payload: bytes, refusal: Refusal | None, now: datetime) -> bytes:
    """What to say once ``payload`` is stored, or refused as a whole; empty where the sender wants to hear nothing.

    A sender that fills MSH-15 or MSH-16 asks to be told that its message is safe (CA), which is what we know; whoever
    fills neither gets AA. Being safe is all that either says here: single readings may have been refused.
    """
    msh = header(payload)
    accept, application = msh.field(15).upper(), msh.field(16).upper()
    if not accept and not application:
        return _encoded(_message(msh, "A" + _letter(refusal), refusal, now), payload)
    commit = accept not in {"", _Due.NEVER}
    if not _due(accept if commit else application, refusal):
        return b""
    return _encoded(_message(msh, ("C" if commit else "A") + _letter(refusal), refusal, now), payload)


def _encoded(answer: str, payload: bytes) -> bytes:
    """In the sender's character set, in which its own names come back."""
    return answer.encode(charset(payload.lstrip(b"\r\n")), "replace")


def _due(wanted: str, refusal: Refusal | None) -> bool:
    if wanted == _Due.ON_ERROR:
        return refusal is not None
    if wanted == _Due.ON_SUCCESS:
        return refusal is None
    return wanted not in {"", _Due.NEVER}


def _letter(refusal: Refusal | None) -> str:
    if refusal is None:
        return "A"
    return "R" if refusal.reason in _NOT_OURS else "E"


def _message(msh: Segment, code: str, refusal: Refusal | None, now: datetime) -> str:
    """Sender and receiver change places; the delimiters stay the sender's, so that what it said need not be escaped."""
    sign, control_id = msh.delimiters.field, msh.field(10)
    component = msh.delimiters.component
    stamp = now.strftime("%Y%m%d%H%M%S%z")
    kind = component.join(("ACK", *filter(None, [msh.component(9, 2)])))
    parties = (msh.field(5), msh.field(6), msh.field(3), msh.field(4))
    head = (
        "MSH",
        msh.field(2),
        *parties,
        stamp,
        "",
        kind,
        f"A{control_id}"[:199],
        msh.field(11) or "P",
        msh.field(12),
        *(("", "", "", "", "", msh.field(18)) if msh.field(18) else ()),
    )
    segments = [head, ("MSA", code, control_id)]
    if refusal is not None:
        error = _ERRORS.get(refusal.reason, "100^Segment sequence error^HL70357").replace("^", component)
        segments.append(("ERR", "", "", error, "E", "", "", "", _words(msh, refusal)))
    return "".join(sign.join(segment) + "\r" for segment in segments)


def _words(msh: Segment, refusal: Refusal) -> str:
    signs = f"{msh.field(1)}{msh.field(2)}"
    return "".join(" " if char in signs else char for char in f"{refusal.reason.value} {refusal.detail}".strip())
