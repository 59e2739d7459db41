"""A photograph comes out upright and bare; what is too large or broken is refused before it costs anything."""

import struct
import tracemalloc
import zlib
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from server.visits.documents.errors import DocumentBroken, DocumentTooLarge
from server.visits.documents.images import LONGEST_SIDE, Picture, clean_picture
from server.visits.documents.kinds import Kind
from tests.visits.documents.samples import CAMERA, photograph, telephones_photograph


def opened(picture: Picture) -> Image.Image:
    return Image.open(BytesIO(picture.jpeg))


def test_nothing_of_camera_place_or_comment_is_left() -> None:
    taken = telephones_photograph()
    assert CAMERA.encode() in taken
    assert b"ward 7" in taken
    clean = clean_picture(taken, Kind.JPEG)
    assert CAMERA.encode() not in clean.jpeg
    assert b"ward 7" not in clean.jpeg
    assert b"Exif" not in clean.jpeg
    assert not opened(clean).getexif()
    assert set(opened(clean).info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


@pytest.mark.parametrize(("orientation", "size"), [(1, (64, 48)), (3, (64, 48)), (6, (48, 64)), (8, (48, 64))])
def test_it_is_turned_as_the_camera_says(orientation: int, size: tuple[int, int]) -> None:
    clean = clean_picture(telephones_photograph(orientation), Kind.JPEG)
    assert (clean.width, clean.height) == opened(clean).size == size


def test_red_that_was_left_stands_on_top_after_a_quarter_turn() -> None:
    picture = opened(clean_picture(telephones_photograph(6), Kind.JPEG)).convert("RGB")
    top, bottom = picture.getpixel((24, 8)), picture.getpixel((24, 56))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[0] > 200 > bottom[0]


@pytest.mark.parametrize(("form", "kind"), [("PNG", Kind.PNG), ("WEBP", Kind.WEBP), ("JPEG", Kind.JPEG)])
def test_every_kind_becomes_a_jpeg_no_larger_than_a_screen_needs(form: str, kind: Kind) -> None:
    clean = clean_picture(photograph((4000, 1000), form), kind)
    assert opened(clean).format == "JPEG"
    assert clean.width == LONGEST_SIDE
    assert 630 <= clean.height <= 650


def test_what_is_transparent_becomes_white_paper() -> None:
    out = BytesIO()
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(out, "PNG")
    assert opened(clean_picture(out.getvalue(), Kind.PNG)).convert("RGB").getpixel((10, 10)) == (255, 255, 255)


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes that says it is enormous."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(10_000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("size", [(60_000, 60_000), (8_000, 7_000), (2**31 - 1, 1), (13_000, 13_000)])
def test_a_bomb_is_refused_before_it_is_unpacked(size: tuple[int, int]) -> None:
    tracemalloc.start()
    with pytest.raises(DocumentTooLarge):
        clean_picture(bomb(*size), Kind.PNG)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


def test_one_kind_is_not_opened_as_another() -> None:
    with pytest.raises(DocumentBroken):
        clean_picture(photograph(form="PNG"), Kind.JPEG)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([("JPEG", Kind.JPEG), ("PNG", Kind.PNG), ("WEBP", Kind.WEBP)]), st.data())
def test_broken_pictures_are_refused_by_name_or_come_out_clean(what: tuple[str, Kind], data: st.DataObject) -> None:
    form, kind = what
    taken = bytearray(photograph(form=form))
    for _ in range(data.draw(st.integers(1, 4))):
        taken[data.draw(st.integers(0, len(taken) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(taken)))
    try:
        assert opened(clean_picture(bytes(taken[:cut]), kind)).format == "JPEG"
    except (DocumentBroken, DocumentTooLarge):
        return
