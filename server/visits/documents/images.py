"""A photograph made anew: upright, no larger than a screen needs, and nothing in it but the picture. Imports Pillow."""

import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

from server.visits.documents.errors import DocumentBroken, DocumentTooLarge
from server.visits.documents.kinds import Kind

MOST_PIXELS: Final = 50_000_000  # 48-megapixel telephones; beyond, a few kilobytes unpack to gigabytes
LONGEST_SIDE: Final = 2560  # a page of print stays legible
QUALITY: Final = 88
_WHITE: Final = (255, 255, 255)
# What Pillow's decoders raise for bytes that are not what they began as.
_BROKEN: Final = (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, OverflowError, EOFError)


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG without EXIF, thumbnails, comments or a colour profile."""

    jpeg: bytes
    width: int
    height: int


def clean_picture(content: bytes, kind: Kind) -> Picture:
    """The first frame, turned as the camera's orientation says. Blocks: call it in a thread.

    Raises ``DocumentTooLarge`` before anything is unpacked, ``DocumentBroken``.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(content), formats=(str(kind.value),)) as image:
                _check_size(image)
                return _encode(_upright(image))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError) as error:
        raise _too_many_pixels() from error
    except (UnidentifiedImageError, *_BROKEN) as error:
        raise DocumentBroken from error


def _check_size(image: Image.Image) -> None:
    if image.width * image.height > MOST_PIXELS:
        raise _too_many_pixels()


def _upright(image: Image.Image) -> Image.Image:
    """RGB on white, within LONGEST_SIDE; a JPEG is unpacked at a smaller scale where that is enough."""
    image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
    turned = ImageOps.exif_transpose(image)
    turned.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    if not turned.has_transparency_data:
        return turned.convert("RGB")
    seen = turned.convert("RGBA")
    paper = Image.new("RGB", seen.size, _WHITE)
    paper.paste(seen, mask=seen.getchannel("A"))
    return paper


def _encode(image: Image.Image) -> Picture:
    """From the pixels alone: a fresh image carries none of the old one's metadata into the file."""
    bare = Image.frombytes("RGB", image.size, image.tobytes())
    out = BytesIO()
    bare.save(out, "JPEG", quality=QUALITY, optimize=True)
    return Picture(out.getvalue(), bare.width, bare.height)


def _too_many_pixels() -> DocumentTooLarge:
    return DocumentTooLarge(f"A picture has at most {MOST_PIXELS // 1_000_000} million pixels.")
