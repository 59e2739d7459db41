"""One ticket of a line in the hands of staff: call, recall, hold, class, send on, cancel. And calling the next one."""

from typing import Annotated, Any, Literal

import msgspec

from server.access.roles import Action
from server.api.framework import Body, Call, Route
from server.clinic.line import Pick
from server.clinic.lines import LineService, NewUrgency
from server.clinic.reader import ClinicReader
from server.clinic.ticket import Cause, Urgency
from server.clinic.views import TargetView, TicketRow
from server.visits.calls import CallService, OutOfTurn, SendingOn
from server.visits.reader import VisitReader
from server.visits.views import VisitView

Words = Annotated[str, msgspec.Meta(max_length=1000)]  # what the clinic keeps of it is shorter, and it says so


class Because(Body, frozen=True):
    reason: Words


class UrgencyWish(Body, frozen=True):
    """``urgency``: 0 urgent, 1 soon, 2 routine."""

    urgency: Urgency
    reason: Words


class TransferWish(Body, frozen=True):
    """``even_if_full``: knowing that every place there is taken; the reason is kept with it."""

    session_id: str
    reason: Words
    even_if_full: bool = False


class Cancellation(Body, frozen=True):
    cause: Literal["by_patient", "by_clinic", "doctor_absent", "unfit_for_online_care", "no_consent"]


class Called(msgspec.Struct, frozen=True):
    visit: VisitView


class SentOn(msgspec.Struct, frozen=True):
    """The new ticket, in a line that the sender need not see."""

    ticket_id: str
    session_id: str


def routes(calls: CallService, lines: LineService, reader: ClinicReader, visits: VisitReader) -> list[Route]:
    to = _Handlers(calls, lines, reader, visits)
    run, arrange = Action.LINE_RUN, Action.TICKET_BOOK
    return [
        Route(method="POST", path="/sessions/{id}/call-next", handler=to.call_next, action=run, reply=Called),
        Route(method="POST", path="/tickets/{id}/call", handler=to.call, action=run, body=Because, reply=Called),
        Route(method="POST", path="/tickets/{id}/recall", handler=to.recall, action=run, body=Because, reply=Called),
        Route(method="POST", path="/tickets/{id}/hold", handler=to.hold, action=arrange, reply=TicketRow),
        Route(method="POST", path="/tickets/{id}/unhold", handler=to.release, action=arrange, reply=TicketRow),
        Route(
            method="POST",
            path="/tickets/{id}/urgency",
            handler=to.reclassify,
            action=arrange,
            body=UrgencyWish,
            reply=TicketRow,
        ),
        Route(
            method="POST",
            path="/tickets/{id}/cancel",
            handler=to.cancel,
            action=arrange,
            body=Cancellation,
            reply=TicketRow,
        ),
        Route(method="GET", path="/tickets/{id}/targets", handler=to.targets, action=arrange, reply=list[TargetView]),
        Route(
            method="POST",
            path="/tickets/{id}/transfer",
            handler=to.transfer,
            action=arrange,
            body=TransferWish,
            reply=SentOn,
        ),
    ]


class _Handlers:
    def __init__(self, calls: CallService, lines: LineService, reader: ClinicReader, visits: VisitReader) -> None:
        self._calls = calls
        self._lines = lines
        self._reader = reader
        self._visits = visits

    async def call_next(self, call: Call[None]) -> Called:
        return await self._called(call, await self._calls.call_next(call.who, call.path["id"], call.now))

    async def call(self, call: Call[Because]) -> Called:
        return await self._out_of_turn(call, Pick.CHOSEN)

    async def recall(self, call: Call[Because]) -> Called:
        return await self._out_of_turn(call, Pick.RECALLED)

    async def hold(self, call: Call[None]) -> TicketRow:
        return await self._row(call, await self._lines.hold(call.who, call.path["id"], call.now))

    async def release(self, call: Call[None]) -> TicketRow:
        return await self._row(call, await self._lines.release(call.who, call.path["id"], call.now))

    async def reclassify(self, call: Call[UrgencyWish]) -> TicketRow:
        wanted = NewUrgency(call.body.urgency, call.body.reason)
        return await self._row(call, await self._lines.reclassify(call.who, call.path["id"], wanted, call.now))

    async def cancel(self, call: Call[Cancellation]) -> TicketRow:
        cause = Cause(call.body.cause)
        return await self._row(call, await self._lines.cancel(call.who, call.path["id"], cause, call.now))

    async def targets(self, call: Call[None]) -> list[TargetView]:
        return await self._reader.targets(call.who, call.path["id"], call.now)

    async def transfer(self, call: Call[TransferWish]) -> SentOn:
        wish = call.body
        wanted = SendingOn(call.path["id"], wish.session_id, wish.reason, even_if_full=wish.even_if_full)
        return SentOn(await self._calls.transfer(call.who, wanted, call.now), wanted.session_id)

    async def _out_of_turn(self, call: Call[Because], pick: Pick) -> Called:
        wanted = OutOfTurn(call.path["id"], pick, call.body.reason)
        return await self._called(call, await self._calls.call(call.who, wanted, call.now))

    async def _called(self, call: Call[Any], visit_id: str) -> Called:
        return Called(await self._visits.visit(call.who, visit_id))

    async def _row(self, call: Call[Any], session_id: str) -> TicketRow:
        return await self._reader.ticket(call.who, session_id, call.path["id"])
