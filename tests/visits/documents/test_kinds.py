"""The first bytes decide, whatever a file is called."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.visits.documents.errors import UnknownKind
from server.visits.documents.kinds import Kind, kind_of
from tests.visits.documents.samples import photograph, report


@pytest.mark.parametrize("kind", [Kind.JPEG, Kind.PNG, Kind.WEBP])
def test_pictures_are_known_by_their_content(kind: Kind) -> None:
    assert kind_of(photograph(form=str(kind.value))) is kind


def test_a_report_is_a_pdf() -> None:
    assert kind_of(report()) is Kind.PDF


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html><script>alert(1)</script>",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"GIF89a" + bytes(20),
        b"MZ" + bytes(60),
        b"PK\x03\x04" + bytes(60),
        b"II*\0" + bytes(20),
        b"\0\0\0\x18ftypheic" + bytes(20),
        b"\n%PDF-1.7",
        b"RIFF\0\0\0\0WAVE",
    ],
)
def test_everything_else_is_refused(content: bytes) -> None:
    with pytest.raises(UnknownKind):
        kind_of(content)


@given(st.binary(max_size=64))
def test_bytes_are_a_kind_or_refused(content: bytes) -> None:
    try:
        assert kind_of(content) in Kind
    except UnknownKind:
        assert not content.startswith((b"%PDF-", b"\xff\xd8\xff"))
