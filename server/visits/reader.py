"""Reading visits and a patient's own ticket, and who sits where in a visit's room. Changes nothing."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import tzinfo
from typing import Protocol

import msgspec

from server.access.principal import Principal
from server.access.roles import Role
from server.clinic.errors import NotFound
from server.clinic.views import Waits, nobody_knows
from server.together import Together
from server.visits.policy.pack import Pack
from server.visits.policy.packs import CN_2022
from server.visits.views import (
    HospitalView,
    MyTicket,
    OwnTicketFacts,
    VisitFacts,
    VisitView,
    my_ticket,
    visit_view,
)
from server.visits.visit import OPEN, Side, Visit, VisitState


class VisitLook(Protocol):
    async def visit(self, visit_id: str) -> Visit | None: ...
    async def visit_facts(self, visit_id: str) -> VisitFacts | None: ...
    async def own_tickets(self, ids: Sequence[str]) -> Mapping[str, OwnTicketFacts]: ...


class VisitReader:
    """``visit`` and ``my_ticket`` raise ``NotFound`` for what is missing or somebody else's."""

    def __init__(
        self,
        look: Callable[[], AbstractAsyncContextManager[VisitLook]],
        zone: tzinfo,
        hospital: HospitalView,
        pack: Pack = CN_2022,
        *,
        waits: Waits = nobody_knows,
    ) -> None:
        self._look = look
        self._zone = zone
        self._hospital = hospital
        self._pack = pack
        self._waits = waits
        self._own_ticket = Together(self._own_tickets)

    async def visit(self, principal: Principal, visit_id: str) -> VisitView:
        """For its own doctor."""
        async with self._look() as look:
            facts = await look.visit_facts(visit_id)
        if facts is None or not _treats(principal, facts.visit):
            raise NotFound("no such visit")
        return self._view(facts)

    async def my_ticket(self, ticket_id: str) -> MyTicket:
        facts = await self._own_ticket(ticket_id)
        if facts is None:
            raise NotFound("no such ticket")
        return my_ticket(facts, self._hospital, self._waits(ticket_id))

    async def visit_snapshot(self, visit_id: str) -> Mapping[str, object]:
        """The topic ``visit:{id}``, ready for JSON."""
        async with self._look() as look:
            facts = await look.visit_facts(visit_id)
        return {"visit": msgspec.to_builtins(self._view(facts))} if facts else {}

    async def ticket_snapshot(self, ticket_id: str) -> Mapping[str, object]:
        """The topic ``ticket:{id}``, ready for JSON."""
        facts = await self._own_ticket(ticket_id)
        if facts is None:
            return {}
        return {"ticket": msgspec.to_builtins(my_ticket(facts, self._hospital, self._waits(ticket_id)))}

    async def may_watch_visit(self, principal: Principal, visit_id: str) -> bool:
        async with self._look() as look:
            visit = await look.visit(visit_id)
        return visit is not None and _treats(principal, visit)

    async def seat(self, principal: Principal, visit_id: str) -> Side | None:
        """Where somebody sits in the visit's room; None: nowhere.

        The doctor may go in as soon as it rings, the patient by answering – and so by having agreed to the notice.
        """
        async with self._look() as look:
            visit = await look.visit(visit_id)
        if visit is None or visit.state not in OPEN:
            return None
        if _treats(principal, visit):
            return Side.DOCTOR
        own = principal.role is Role.PATIENT and visit.ticket_id == principal.id
        return Side.PATIENT if own and visit.state is VisitState.IN_VISIT else None

    async def _own_tickets(self, ids: Sequence[str]) -> Mapping[str, OwnTicketFacts]:
        async with self._look() as look:
            return await look.own_tickets(ids)

    def _view(self, facts: VisitFacts) -> VisitView:
        return visit_view(facts, facts.visit.called_at.astimezone(self._zone).date(), self._pack)


def _treats(principal: Principal, visit: Visit) -> bool:
    return principal.role is Role.DOCTOR and visit.doctor_id == principal.id
