"""The live topics ``session:…``, ``line:…``, ``ticket:…`` and ``visit:…``: their state, and who may watch them.

``session:{id}`` is the line for its doctor, ``line:{id}`` the same without alarms for those who arrange.
"""

from collections.abc import Mapping

from server.access.principal import Principal
from server.access.roles import Role
from server.clinic.reader import ClinicReader
from server.visits.reader import VisitReader


class ClinicTopics:
    """Asked by the hub's wiring for the topics of these kinds."""

    kinds = frozenset({"session", "line", "ticket", "visit"})

    def __init__(self, clinic: ClinicReader, visits: VisitReader) -> None:
        self._clinic = clinic
        self._visits = visits

    async def may_subscribe(self, principal: Principal, topic: str) -> bool:
        kind, _, subject = topic.partition(":")
        match kind:
            case "session" | "line":
                return await self._clinic.may_watch(principal, subject, alarms=kind == "session")
            case "ticket":
                return principal.role is Role.PATIENT and principal.id == subject
            case "visit":
                return await self._visits.may_watch_visit(principal, subject)
            case _:
                return False

    async def snapshot(self, topic: str) -> Mapping[str, object]:
        """The whole state; empty where the subject does not exist."""
        kind, _, subject = topic.partition(":")
        match kind:
            case "session" | "line":
                return await self._clinic.line_snapshot(subject, alarms=kind == "session")
            case "ticket":
                return await self._visits.ticket_snapshot(subject)
            case "visit":
                return await self._visits.visit_snapshot(subject)
            case _:
                return {}
