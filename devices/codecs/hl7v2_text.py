"""HL7 v2 text taken apart: segments, fields, repetitions, components, by the delimiters that the message declares.

Understands no segment but MSH. Linear in the payload."""

import re
from dataclasses import dataclass
from hashlib import sha256

from devices.readings import Reason

MAX_BYTES = 256 * 1024
MAX_SEGMENTS = 4000
MAX_OBSERVATIONS = 1000
CHARACTER_SETS = {  # HL70211 and what senders write for it, letters and digits alone; else UTF-8
    **{f"8859{part}": f"iso8859-{part}" for part in (*range(1, 10), 15)},
    **dict.fromkeys(("gb180302000", "gb18030", "gbk", "gb2312"), "gb18030"),
    "big5": "big5",
    "unicodeutf8": "utf-8",
    "utf8": "utf-8",
}
MAX_HEADER = 4096
_ENDS = re.compile("[\r\n]+")
_ENDS_OF_LINE = re.compile(b"[\r\n]")


class Hl7Error(Exception):
    """The message cannot be taken apart."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Delimiters:
    """MSH-1 and MSH-2."""

    field: str
    component: str
    repetition: str
    escape: str
    subcomponent: str

    def unescaped(self, text: str) -> str:
        """The five escapes that stand for delimiters; highlighting, hexadecimal and local ones stay as they are."""
        if self.escape not in text:
            return text
        meant = {"F": self.field, "S": self.component, "T": self.subcomponent, "R": self.repetition, "E": self.escape}
        sign = re.escape(self.escape)
        return re.sub(f"{sign}([FSTRE]){sign}", lambda found: meant[found[1]], text)


@dataclass(frozen=True, slots=True)
class Segment:
    """Fields by their number in the standard. What is not there is an empty text."""

    name: str
    delimiters: Delimiters
    fields: list[str]

    def field(self, place: int) -> str:
        return self.fields[place] if place < len(self.fields) else ""

    def repetitions(self, place: int) -> list[str]:
        return self.field(place).split(self.delimiters.repetition)

    def component(self, place: int, part: int) -> str:
        """Of the field's first repetition, its escapes resolved; subcomponents are not told apart."""
        parts = self.repetitions(place)[0].split(self.delimiters.component)
        return self.delimiters.unescaped(parts[part - 1]).strip() if part <= len(parts) else ""


@dataclass(frozen=True, slots=True)
class Message:
    """``segments`` are those after the header; ``fingerprint`` is the SHA-256 (hex) of the bytes."""

    header: Segment
    segments: tuple[Segment, ...]
    fingerprint: str

    @property
    def kind(self) -> tuple[str, str]:
        """MSH-9: message code and trigger event."""
        return self.header.component(9, 1), self.header.component(9, 2)


def read(payload: bytes) -> Message:
    """Raises Hl7Error."""
    if len(payload) > MAX_BYTES:
        raise Hl7Error(Reason.TOO_LARGE, f"more than {MAX_BYTES} bytes")
    framed = payload.removeprefix(b"\x0b").removesuffix(b"\r").removesuffix(b"\x1c")  # as it left an MLLP socket
    lines = [line for line in _ENDS.split(_text(framed)) if line.strip()]
    header = header_of(lines[0] if lines else "")
    if len(lines) > MAX_SEGMENTS or sum(line.startswith("OBX") for line in lines) > MAX_OBSERVATIONS:
        raise Hl7Error(Reason.TOO_LARGE, f"more than {MAX_OBSERVATIONS} observations")
    segments = tuple(_segment(line, header.delimiters) for line in lines[1:])
    if any(segment.name == "MSH" for segment in segments):
        raise Hl7Error(Reason.MALFORMED, "a second MSH")
    return Message(header, segments, sha256(payload).hexdigest())


def header_of(line: str) -> Segment:
    """Raises Hl7Error. MSH-1 is the character after "MSH", so that the other fields keep their numbers."""
    if not line.startswith("MSH") or len(line) < 8:
        raise Hl7Error(Reason.MALFORMED, "does not begin with MSH")
    field = line[3]
    encoding = line[4:].partition(field)[0]
    signs = field + encoding
    if not 4 <= len(encoding) <= 5 or len(set(signs)) != len(signs) or any(sign.isalnum() for sign in signs):
        raise Hl7Error(Reason.MALFORMED, "the delimiters in MSH-2 are not four characters")
    delimiters = Delimiters(field, *encoding[:4])
    return Segment("MSH", delimiters, ["MSH", field, *line[4:].split(field)])


def _segment(line: str, delimiters: Delimiters) -> Segment:
    fields = line.split(delimiters.field)
    return Segment(fields[0], delimiters, fields)


def charset(payload: bytes) -> str:
    """The one that MSH-18 names. In GB 18030 a delimiter's byte may be the second half of a character before it."""
    line = _ENDS_OF_LINE.split(payload[:MAX_HEADER], maxsplit=1)[0]
    for reading in ("latin-1", "gb18030"):
        fields = line.decode(reading, "replace").split(line[3:4].decode("latin-1") or "|")
        said = fields[17].partition("~")[0] if len(fields) > 17 else ""
        if named := CHARACTER_SETS.get(re.sub("[^a-z0-9]", "", said.casefold())):
            return named
    return "utf-8"


def _text(payload: bytes) -> str:
    try:
        return payload.decode(charset(payload))
    except UnicodeDecodeError as error:
        raise Hl7Error(Reason.BAD_UTF8, f"at byte {error.start}") from error
