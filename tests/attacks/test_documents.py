"""Uploads as an enemy sends them: other kinds, bombs, broken forms, foreign tickets; and what a browser gets to see."""

import asyncio
import struct
import zlib

import psutil  # type: ignore[import-untyped]

from tests.attacks.forms import BOUNDARY, fetch, form, upload
from tests.attacks.ward import MIN, NOBODY, Caller, Ward, Who, agree, book, token_of
from tests.visits.documents.samples import CAMERA, photograph, report, stream, telephones_photograph

MB = 1024 * 1024


async def waiting_patient(caller: Caller, ward: Ward, doctor: Who) -> Who:
    """Checked in and agreed, not called yet."""
    session = (await caller.take(doctor, "GET", "/sessions"))[0]["id"]
    await caller.take(doctor, "POST", f"/sessions/{session}/open")
    ticket = await book(caller, doctor, session, MIN)
    patient = await caller.join(await token_of(caller, ward.operator, MIN.phone), MIN.birth_date)
    await agree(caller, patient)
    return Who(patient.cookie, patient.name, {"session": session, "ticket": ticket["id"]})


def png_bomb(side: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(bytes(9 * MB)))
        + chunk(b"IEND", b"")
    )


async def test_what_a_doctor_gets_is_a_download_that_no_browser_takes_for_a_page(busy_ward: Ward) -> None:
    side = busy_ward.a
    async with busy_ward.caller() as caller:
        for content, media_type, end in (
            (telephones_photograph(), "image/jpeg", ".jpg"),
            (report(), "application/pdf", ".pdf"),
        ):
            sent = await upload(caller, side.patient, form(content, name="x.html", media_type="text/html"))
            assert (sent.status, sent.body["media_type"]) == (201, media_type)
            reply, kept = await fetch(caller, side.doctor, sent.body["id"])
            assert (reply.status, reply.content_type) == (200, media_type)
            assert CAMERA.encode() not in kept
            headers = reply.headers
            assert headers["Content-Disposition"].startswith("attachment;")
            assert headers["Content-Disposition"].endswith(f'{end}"')
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
            assert headers["Cache-Control"] == "no-store"
            assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


async def test_only_the_own_patient_adds_and_removes_and_only_the_own_doctor_reads(busy_ward: Ward) -> None:
    a, b = busy_ward.a, busy_ward.b
    async with busy_ward.caller() as caller:
        document = (await upload(caller, a.patient, form(photograph()))).body["id"]
        before = busy_ward.record("documents", "document_contents")
        for who in (a.doctor, busy_ward.operator, NOBODY):
            assert (await upload(caller, who, form(photograph()))).status == 401
            assert (await caller.ask(who, "DELETE", f"/ticket/documents/{document}")).status == 401
        assert (await caller.ask(b.patient, "DELETE", f"/ticket/documents/{document}")).status == 404
        assert (await fetch(caller, b.doctor, document))[0].status == 404
        assert (await fetch(caller, busy_ward.operator, document))[0].status == 403
        assert (await fetch(caller, a.patient, document))[0].status == 401
        seen = await caller.ask(b.doctor, "POST", f"/visits/{b['visit']}/prior-diagnosis", {"document_id": document})
        assert seen.status == 404
        foreign = await caller.ask(b.doctor, "POST", f"/visits/{a['visit']}/guardian", {"name": "Li", "present": True})
        assert foreign.status == 404
        assert busy_ward.record("documents", "document_contents") == before
        assert (await fetch(caller, a.doctor, document))[0].status == 200
        # It is in the visit now: nobody takes it out again.
        assert (await caller.ask(a.patient, "DELETE", f"/ticket/documents/{document}")).kind == "visit-begun"


REFUSED = {
    "a page": (form(b"<!doctype html><script>alert(1)</script>"), "unknown-kind"),
    "a drawing": (form(b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"), "unknown-kind"),
    "a program": (form(b"MZ\x90\0" + bytes(200)), "unknown-kind"),
    "an archive": (form(b"PK\x03\x04" + bytes(200)), "unknown-kind"),
    "nothing": (form(b""), "unknown-kind"),
    "a page behind a picture's first bytes": (form(b"\xff\xd8\xff<script>alert(1)</script>"), "document-broken"),
    "half a picture": (form(photograph((640, 480))[:900]), "document-broken"),
    "a bomb of pixels": (form(png_bomb(30_000)), "document-too-large"),
    "a PDF with a program": (form(report(stream(b"<</S/JavaScript/JS(x)>>"))), "active-document"),
    "a PDF that bursts": (form(report(stream(bytes(150 * MB)))), "document-too-large"),
    "a PDF without an end": (form(report(tail=b"")), "document-broken"),
    "another field": (form(photograph(), field="files[]"), "invalid"),
    "two files": (form(photograph()).replace(f"--{BOUNDARY}--".encode(), form(photograph())), "invalid"),
    "no form": (b"nothing of that kind", "wrong-content-type"),
    "a form that ends in the middle": (form(photograph())[:200], "wrong-content-type"),
}


async def test_what_is_no_document_is_refused_by_name_and_leaves_nothing(open_house: Ward) -> None:
    async with open_house.caller() as caller:
        doctor = await caller.sign_in("dr.a")
        patient = NOBODY
        for number, (what, (body, kind)) in enumerate(REFUSED.items()):
            if number % 8 == 0:  # a ticket takes so many at a time
                patient = await waiting_patient(caller, open_house, doctor)
            refused = await upload(caller, patient, body)
            assert refused.kind == kind, (what, refused.body)
        assert open_house.rows("SELECT id FROM documents") == []
        assert (await upload(caller, patient, form(photograph()))).status == 201, "and the next one is taken"


async def test_a_flood_of_bombs_costs_neither_memory_nor_the_house(own_ward: Ward) -> None:
    """One picture is unpacked at a time, after its size was read; what is too long is not read to its end."""
    hospital = own_ward.hospital
    assert hospital.process
    process = psutil.Process(hospital.process.pid)
    async with own_ward.caller() as caller:
        patient = await waiting_patient(caller, own_ward, await caller.sign_in("dr.a"))
        before = process.memory_info().rss
        bombs = [form(png_bomb(50_000)), form(report(stream(bytes(150 * MB)))), form(b"\xff\xd8\xff" + bytes(30 * MB))]
        flood = asyncio.gather(*(upload(caller, patient, bombs[n % 3]) for n in range(12)), return_exceptions=True)
        for _ in range(10):
            assert await asyncio.to_thread(hospital.is_ready)
        replies = await flood
        assert {reply.kind for reply in replies if not isinstance(reply, BaseException)} <= {
            "document-too-large",
            "too-large",
            "too-many-tries",
        }
        assert process.memory_info().rss - before < 120 * MB
        assert own_ward.rows("SELECT id FROM documents") == []


async def test_another_sites_form_uploads_nothing(busy_ward: Ward) -> None:
    """A form needs no script and no leave to be sent across sites: the origin is what refuses it."""
    async with busy_ward.caller() as caller:
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            refused = await upload(caller, busy_ward.a.patient, form(photograph()), headers)
            assert (refused.status, refused.kind) == (403, "foreign-origin")


async def test_complaints_are_text_whatever_stands_in_them(open_house: Ward) -> None:
    async with open_house.caller() as caller:
        doctor = await caller.sign_in("dr.b")
        patient = await waiting_patient(caller, open_house, doctor)
        text = "<script>canary(1)</script>"
        await caller.take(patient, "POST", "/ticket/complaint", {"text": text})
        line = await caller.take(doctor, "GET", f"/sessions/{patient.owns['session']}/line")
        assert [row["complaint"] for row in line["tickets"]] == [text]
        seen = await caller.take(open_house.operator, "GET", f"/sessions/{patient.owns['session']}/line")
        assert [row["complaint"] for row in seen["tickets"]] == [None]
        for wrong in ("", "x" * 501, "a\x07b"):
            assert (await caller.ask(patient, "POST", "/ticket/complaint", {"text": wrong})).status == 422


async def test_documents_come_back_with_a_restored_hospital(own_ward: Ward) -> None:
    hospital = own_ward.hospital
    async with own_ward.caller() as caller:
        patient = await waiting_patient(caller, own_ward, await caller.sign_in("dr.a"))
        assert (await upload(caller, patient, form(photograph()))).status == 201
        assert (await upload(caller, patient, form(report()))).status == 201
    archive = hospital.data / "hospital.bedside"
    hospital.bedside("backup", str(archive))
    kept = own_ward.record("documents", "document_contents")
    await hospital.stop()
    for file in hospital.data.iterdir():
        if file != archive:
            file.unlink()
    hospital.bedside("restore", str(archive))
    assert own_ward.record("documents", "document_contents") == kept
