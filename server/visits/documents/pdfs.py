"""Whether a PDF is a plain document: whole, readable without a password, without anything that acts. Changes nothing.

This is a search for the names of what acts (ISO 32000-1 §12.6), in clear and in packed objects; it is no proof. Whoever
opens it gets it as a download, never as a page of this site. Every search is linear in what a stranger sends.
"""

import re
import zlib
from collections.abc import Iterator
from typing import Final

from server.visits.documents.errors import ActiveDocument, DocumentBroken, DocumentTooLarge

MOST_UNPACKED: Final = 128 * 1024 * 1024
MOST_STREAMS: Final = 20_000
_IN: Final = 64 * 1024
_OUT: Final = 1024 * 1024
_OVERLAP: Final = 128  # a name, escaped throughout, that stands across two pieces
_TAIL: Final = 1024  # in which the end mark stands (ISO 32000-1 annex H.3, note 18)
_DICTIONARY: Final = 2048  # how far from its type a stream's filter may stand

# Long names alone: /JS or /EF stands in every third photograph by chance.
_ACTIVE: Final = {
    "JavaScript": "a program",
    "Launch": "a call of another program",
    "EmbeddedFile": "another file",
    "EmbeddedFiles": "another file",
    "FileAttachment": "another file",  # whose own type may be left out (§7.11.4, table 45)
    "RichMedia": "film or animation",
    "Rendition": "film or animation",  # or a program, which is not called so there (§12.6.4.13)
    "Movie": "film or animation",
    "SubmitForm": "a form that sends itself",
    "ImportData": "a form that reads files",
    "GoToE": "another file",
    "XFA": "a program's form",
    "Encrypt": "a lock, so that nobody can look into it",
}
_PACKINGS: Final = (
    "ASCIIHexDecode",
    "ASCII85Decode",
    "LZWDecode",
    "RunLengthDecode",
    "Crypt",
    "AHx",
    "A85",
    "LZW",
    "RL",
)


def _name(*names: str) -> bytes:
    """A pattern of these names, each letter plain or as #xx (§7.3.5), and of no longer name."""
    escaped = ("".join(f"(?:{letter}|#(?i:{ord(letter):02x}))" for letter in name) for name in names)
    return f"/(?:{'|'.join(f'({name})' for name in escaped)})(?![A-Za-z0-9#])".encode()


_ACTS: Final = re.compile(_name(*_ACTIVE))
_OBJECT_STREAM: Final = re.compile(_name("ObjStm"))
_UNUSUAL: Final = re.compile(_name(*_PACKINGS) + rb"|/Filter\s+\d")
_STREAM: Final = re.compile(rb"stream\r?\n")


def check_pdf(content: bytes) -> None:
    """Blocks: call it in a thread. Raises ``DocumentBroken``, ``ActiveDocument``, ``DocumentTooLarge``."""
    if b"%%EOF" not in content[-_TAIL:]:
        raise DocumentBroken
    _check_acts(content)
    _check_packing(content)
    for piece in _unpacked(content):
        _check_acts(piece)


def _check_acts(content: bytes) -> None:
    found = _ACTS.search(content)
    if found:
        raise ActiveDocument(list(_ACTIVE.values())[(found.lastindex or 1) - 1])


def _check_packing(content: bytes) -> None:
    """Objects may be packed by deflate alone: into the rest nobody here looks."""
    for count, found in enumerate(_OBJECT_STREAM.finditer(content)):
        around = content[max(0, found.start() - _DICTIONARY) : found.end() + _DICTIONARY]
        if count >= MOST_STREAMS or _UNUSUAL.search(around):
            raise ActiveDocument("objects packed in an unusual way")


def _unpacked(content: bytes) -> Iterator[bytes]:
    """What every deflated stream holds, whatever its dictionary says of it, piece by overlapping piece."""
    left = MOST_UNPACKED
    for count, found in enumerate(_STREAM.finditer(content)):
        for piece in _inflated(content, found.end()):
            left -= len(piece)
            if left < 0 or count >= MOST_STREAMS:
                raise DocumentTooLarge("The PDF unpacks to more than is taken. Photograph the pages that matter.")
            yield piece


def _inflated(content: bytes, start: int) -> Iterator[bytes]:
    """Ends where no deflated stream begins, or where one breaks off: readers stop there too."""
    unpacker, before = zlib.decompressobj(), b""
    for at in range(start, len(content), _IN):
        packed = content[at : at + _IN]
        while packed:
            try:
                piece = unpacker.decompress(packed, _OUT)
            except zlib.error:
                return
            yield before + piece
            before, packed = (before + piece)[-_OVERLAP:], unpacker.unconsumed_tail
        if unpacker.eof:
            return
