"""Photographs and reports for tests: made small, honest or not."""

import zlib
from io import BytesIO

from PIL import Image

CAMERA = "Phone of Zhao Min"
ORIENTATION, MAKE, GPS = 0x0112, 0x010F, 0x8825


def photograph(size: tuple[int, int] = (64, 48), form: str = "JPEG", **saved: object) -> bytes:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", size, (255, 0, 0))
    image.paste((0, 0, 255), (size[0] // 2, 0, *size))
    out = BytesIO()
    image.save(out, form, **saved)
    return out.getvalue()


def telephones_photograph(orientation: int = 6) -> bytes:
    """As a camera writes it: who, where, and which side is up."""
    exif = Image.Exif()
    exif[ORIENTATION], exif[MAKE] = orientation, CAMERA
    exif.get_ifd(GPS)[1] = "N"
    return photograph(exif=exif, comment=b"ward 7")


def report(*parts: bytes, tail: bytes = b"%%EOF\n") -> bytes:
    """A PDF of one page; ``parts`` are further objects."""
    page = b"1 0 obj\n<</Type/Catalog/Pages 2 0 R/OpenAction[3 0 R/Fit]>>\nendobj\n"
    text = stream(b"BT /F1 12 Tf (Sinus rhythm) Tj ET")
    return b"%PDF-1.7\n" + page + text + b"".join(parts) + b"trailer\n<</Root 1 0 R>>\nstartxref\n0\n" + tail


def stream(content: bytes, about: bytes = b"/Filter/FlateDecode", packed: bytes | None = None) -> bytes:
    body = zlib.compress(content) if packed is None else packed
    return b"4 0 obj\n<<%s/Length %d>>\nstream\n%s\nendstream\nendobj\n" % (about, len(body), body)
