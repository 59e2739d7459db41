"""What kind of document some bytes are, by their first ones alone: names and declared types are anybody's to choose."""

from enum import Enum

from server.visits.documents.errors import UnknownKind


class Kind(Enum):
    """The value is the name of the format in Pillow; None for what is no picture."""

    JPEG = "JPEG"
    PNG = "PNG"
    WEBP = "WEBP"
    PDF = None


def kind_of(content: bytes) -> Kind:
    """Raises ``UnknownKind``."""
    if content.startswith(b"\xff\xd8\xff"):
        return Kind.JPEG
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return Kind.PNG
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return Kind.WEBP
    if content.startswith(b"%PDF-"):  # ISO 32000-1 §7.5.2; readers take it later in the file too, we do not
        return Kind.PDF
    raise UnknownKind
