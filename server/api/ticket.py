"""A patient's own ticket: where it stands, consent, answering the call. The risk notice, for everybody."""

from typing import Final, Literal

import msgspec

from server.access.roles import Action
from server.api.errors import ProblemKind, Problems
from server.api.framework import Audience, Body, Call, Route
from server.clinic.lines import LineService
from server.clinic.ticket import Cause
from server.visits import errors
from server.visits.notice import Agreed, notice
from server.visits.reader import VisitReader
from server.visits.records import RecordService
from server.visits.service import VisitService
from server.visits.views import MyTicket

problems: Final[Problems] = {
    errors.ConsentMissing: ProblemKind(409, "consent-missing", "The notice has not been agreed to"),
    errors.NoticeChanged: ProblemKind(409, "notice-changed", "The notice has changed"),
}

PATIENT: Final = Audience.PATIENT


class NoticeQuery(Body, frozen=True):
    locale: str = "zh-CN"


class NoticeView(msgspec.Struct, frozen=True):
    """``sha256`` is over the exact text; it comes back with the consent."""

    id: str
    version: str
    sha256: str
    locale: str
    title: str
    paragraphs: list[str]


class ConsentGiven(Body, frozen=True):
    version: str
    sha256: str
    locale: Literal["zh-CN", "en"]


class Answered(msgspec.Struct, frozen=True):
    visit_id: str


def routes(visits: VisitService, lines: LineService, records: RecordService, reader: VisitReader) -> list[Route]:
    handlers = _Handlers(visits, lines, records, reader)
    own = Action.TICKET_OWN
    return [
        Route(
            method="GET",
            path="/notice",
            handler=_notice,
            audience=Audience.PUBLIC,
            query=NoticeQuery,
            reply=NoticeView,
        ),
        Route(method="GET", path="/ticket", handler=handlers.ticket, audience=PATIENT, action=own, reply=MyTicket),
        Route(
            method="POST",
            path="/ticket/consent",
            handler=handlers.consent,
            audience=PATIENT,
            action=own,
            body=ConsentGiven,
            reply=MyTicket,
        ),
        Route(
            method="POST", path="/ticket/answer", handler=handlers.answer, audience=PATIENT, action=own, reply=Answered
        ),
        Route(
            method="POST", path="/ticket/cancel", handler=handlers.cancel, audience=PATIENT, action=own, reply=MyTicket
        ),
        Route(method="POST", path="/ticket/media", handler=handlers.media, audience=PATIENT, action=own),
    ]


async def _notice(call: Call[None]) -> NoticeView:
    text = notice(call.query.locale)
    return NoticeView(text.id, text.version, text.sha256, text.locale, title=text.title, paragraphs=[*text.paragraphs])


class _Handlers:
    def __init__(self, visits: VisitService, lines: LineService, records: RecordService, reader: VisitReader) -> None:
        self._visits = visits
        self._lines = lines
        self._records = records
        self._reader = reader

    async def ticket(self, call: Call[None]) -> MyTicket:
        return await self._reader.my_ticket(call.who.id)

    async def consent(self, call: Call[ConsentGiven]) -> MyTicket:
        agreed = Agreed(call.body.version, call.body.sha256, call.body.locale)
        await self._records.consent(call.who.id, agreed, call.now)
        return await self._reader.my_ticket(call.who.id)

    async def answer(self, call: Call[None]) -> Answered:
        return Answered(await self._visits.answer(call.who.id, call.now))

    async def cancel(self, call: Call[None]) -> MyTicket:
        await self._lines.cancel_own(call.who.id, Cause.BY_PATIENT, call.now)
        return await self._reader.my_ticket(call.who.id)

    async def media(self, call: Call[None]) -> None:
        await self._visits.patient_media(call.who.id, call.now)
