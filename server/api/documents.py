"""What a ticket's patient hands in before the call or takes back, consent too; and the doctor's reading of it."""

from typing import Annotated, Final

import msgspec

from server.access.roles import Action
from server.api.errors import INVALID, ProblemKind, Problems
from server.api.framework import Audience, Body, Call, File, Poured, Route, Upload
from server.clinic.views import DeviceTestView
from server.visits.documents import errors
from server.visits.documents.service import Documents
from server.visits.errors import InvalidComplaint
from server.visits.preparation import Preparations
from server.visits.reader import VisitReader
from server.visits.service import VisitService
from server.visits.views import DocumentView, MyTicket

problems: Final[Problems] = {
    errors.UnknownKind: ProblemKind(415, "unknown-kind", "Neither photograph nor PDF"),
    errors.DocumentTooLarge: ProblemKind(413, "document-too-large", "The document is too large"),
    errors.DocumentBroken: ProblemKind(422, "document-broken", "The document cannot be read"),
    errors.ActiveDocument: ProblemKind(422, "active-document", "The PDF is more than a document"),
    errors.TooManyDocuments: ProblemKind(409, "too-many-documents", "No room for more documents"),
    errors.VisitBegun: ProblemKind(409, "visit-begun", "The visit has begun"),
    InvalidComplaint: INVALID,
}

Figure = Annotated[int, msgspec.Meta(ge=0, le=10_000_000)] | None
SUFFIXES: Final = {"image/jpeg": "jpg", "application/pdf": "pdf"}


class Complaint(Body, frozen=True):
    text: Annotated[str, msgspec.Meta(max_length=2000)]


class DeviceTest(Body, frozen=True):
    """What worked; round trip, bandwidth down and up, null where they could not be measured."""

    camera: bool
    microphone: bool
    speaker: bool
    rtt_ms: Figure = None
    kbps: Figure = None
    kbps_up: Figure = None


class Counted(msgspec.Struct, frozen=True):
    bytes: int


def routes(preparations: Preparations, documents: Documents, visits: VisitService, reader: VisitReader) -> list[Route]:
    handle = _Handlers(preparations, documents, visits, reader)
    return [*_patients(handle), *_doctors(handle)]


def _patients(handle: "_Handlers") -> list[Route]:
    who, own = Audience.PATIENT, Action.TICKET_OWN
    return [
        Route(
            method="POST",
            path="/ticket/complaint",
            handler=handle.complain,
            audience=who,
            action=own,
            body=Complaint,
            reply=MyTicket,
        ),
        Route(
            method="POST",
            path="/ticket/device-test",
            handler=handle.tested,
            audience=who,
            action=own,
            body=DeviceTest,
            reply=MyTicket,
        ),
        Route(
            method="POST",
            path="/ticket/upload-test",
            handler=handle.poured,
            audience=who,
            action=own,
            body=Poured,
            reply=Counted,
        ),
        Route(
            method="POST",
            path="/ticket/documents",
            handler=handle.upload,
            audience=who,
            action=own,
            body=Upload,
            reply=DocumentView,
            status=201,
        ),
        Route(method="DELETE", path="/ticket/documents/{id}", handler=handle.remove, audience=who, action=own),
        Route(
            method="POST",
            path="/ticket/consent/withdraw",
            handler=handle.withdraw,
            audience=who,
            action=own,
            reply=MyTicket,
        ),
    ]


def _doctors(handle: "_Handlers") -> list[Route]:
    return [Route(method="GET", path="/documents/{id}", handler=handle.read, action=Action.VISIT_READ, reply=File)]


class _Handlers:
    def __init__(
        self, preparations: Preparations, documents: Documents, visits: VisitService, reader: VisitReader
    ) -> None:
        self._preparations = preparations
        self._documents = documents
        self._visits = visits
        self._reader = reader

    async def complain(self, call: Call[Complaint]) -> MyTicket:
        await self._preparations.complain(call.who.id, call.body.text, call.now)
        return await self._reader.my_ticket(call.who.id)

    async def tested(self, call: Call[DeviceTest]) -> MyTicket:
        shown = DeviceTestView(**msgspec.structs.asdict(call.body), tested_at=call.now)
        await self._preparations.tested(call.who.id, shown)
        return await self._reader.my_ticket(call.who.id)

    async def poured(self, call: Call[Poured]) -> Counted:
        """The page's clock measures; nothing of it is kept."""
        self._preparations.admit_upload(call.who.id, call.now)
        return Counted(await call.body.count())

    async def upload(self, call: Call[Upload]) -> DocumentView:
        return await self._documents.upload(call.who.id, call.body.read, call.now)

    async def remove(self, call: Call[None]) -> None:
        await self._documents.remove(call.who.id, call.path["id"], call.now)

    async def withdraw(self, call: Call[None]) -> MyTicket:
        await self._visits.withdraw_consent(call.who.id, call.now)
        return await self._reader.my_ticket(call.who.id)

    async def read(self, call: Call[None]) -> File:
        """As a download: whatever is in it, no browser makes a page of this site of it."""
        document = await self._documents.read(call.who, call.path["id"], call.now)
        name = f"{document.uploaded_at:%Y%m%d-%H%M}-{document.id[:8]}.{SUFFIXES[document.media_type]}"
        return File(document.content, document.media_type, name)
