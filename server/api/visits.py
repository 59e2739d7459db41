"""Visits, for their doctor: confirm, note, end."""

from typing import Annotated, Final, Literal

import msgspec

from server.access.roles import Action
from server.api.errors import INVALID, ProblemKind, Problems
from server.api.framework import Body, Call, Route
from server.visits import errors
from server.visits.note import Edit
from server.visits.reader import VisitReader
from server.visits.records import RecordService
from server.visits.service import VisitService
from server.visits.views import NoteView, VisitView, note_view
from server.visits.visit import Outcome

problems: Final[Problems] = {
    errors.NoteChanged: ProblemKind(409, "note-changed", "The note has been saved since", ("version",)),
    errors.InvalidNote: INVALID,
    errors.VisitOver: ProblemKind(409, "visit-over", "The visit is over"),
    errors.NotInVisit: ProblemKind(409, "not-in-visit", "The patient has not answered"),
}


class NoteEdit(Body, frozen=True):
    """``version`` is the one that was edited; 0 for the first."""

    body: str
    version: Annotated[int, msgspec.Meta(ge=0)]


class VisitEnd(Body, frozen=True):
    """Sending on is an end too, but has a route of its own: it makes a new ticket."""

    outcome: Literal["completed", "patient_absent", "doctor_absent", "technical_failure", "unfit_for_online_care"]


def routes(visits: VisitService, records: RecordService, reader: VisitReader) -> list[Route]:
    handlers = _Handlers(visits, records, reader)
    run = Action.VISIT_RUN
    return [
        Route(method="GET", path="/visits/{id}", handler=handlers.visit, action=Action.VISIT_READ, reply=VisitView),
        Route(
            method="POST",
            path="/visits/{id}/confirm-identity",
            handler=handlers.confirm_identity,
            action=run,
            reply=VisitView,
        ),
        Route(
            method="PUT",
            path="/visits/{id}/note",
            handler=handlers.write_note,
            action=Action.NOTE_WRITE,
            body=NoteEdit,
            reply=NoteView,
        ),
        Route(method="POST", path="/visits/{id}/end", handler=handlers.end, action=run, body=VisitEnd, reply=VisitView),
        Route(method="POST", path="/visits/{id}/media", handler=handlers.media, action=run),
    ]


class _Handlers:
    def __init__(self, visits: VisitService, records: RecordService, reader: VisitReader) -> None:
        self._visits = visits
        self._records = records
        self._reader = reader

    async def visit(self, call: Call[None]) -> VisitView:
        return await self._reader.visit(call.who, call.path["id"])

    async def confirm_identity(self, call: Call[None]) -> VisitView:
        await self._visits.confirm_identity(call.who, call.path["id"], call.now)
        return await self.visit(call)

    async def write_note(self, call: Call[NoteEdit]) -> NoteView:
        edit = Edit(call.body.body, call.body.version)
        return note_view(await self._records.write_note(call.who, call.path["id"], edit, call.now))

    async def end(self, call: Call[VisitEnd]) -> VisitView:
        await self._visits.end(call.who, call.path["id"], Outcome(call.body.outcome), call.now)
        return await self._reader.visit(call.who, call.path["id"])

    async def media(self, call: Call[None]) -> None:
        await self._visits.doctor_media(call.who, call.path["id"], call.now)
