"""The end of a session's day: hours after it, whoever is left in its line is told, and every number has an end."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Protocol

from server.access.audit import AuditEntry
from server.clinic.line import Line
from server.clinic.movement import By, Movement
from server.clinic.moving import MovingTx, keep
from server.clinic.service import LineTx
from server.clinic.session import LINK_OUTLIVES_SESSION, Session
from server.clinic.tell import Tell, tell_all
from server.notifications.messages import Sender
from server.side_by_side import try_each

FORGOTTEN = timedelta(days=7)  # a session that ended before is history: nobody is written to any more
EVERY = timedelta(minutes=1)
NO_VISIT_LASTS = timedelta(hours=4)  # whoever is in the room since then was left there: no doctor is at work with them


class UnsettledLook(Protocol):
    async def unsettled(self, after: datetime, before: datetime) -> Sequence[str]:
        """Sessions whose hours ended between these moments, in whose line somebody is left."""
        ...


class DayEndTx(LineTx, MovingTx, Protocol):
    async def save_session(self, session: Session) -> None: ...


class DayEnd:
    """When the links of a session have run out, nobody can come any more."""

    def __init__(
        self,
        begin: Callable[[], AbstractAsyncContextManager[DayEndTx]],
        look: Callable[[], AbstractAsyncContextManager[UnsettledLook]],
        tell: Tell,
        sender: Sender,
    ) -> None:
        self._begin = begin
        self._look = look
        self._tell = tell
        self._sender = sender

    async def tick(self, now: datetime) -> None:
        """Call about once a minute. A session that fails does not keep the others; its error is raised at the end."""
        async with self._look() as look:
            left = await look.unsettled(now - FORGOTTEN, now - LINK_OUTLIVES_SESSION)
        failed = await try_each(left, lambda session_id: self._settle(session_id, now))
        if failed:
            raise ExceptionGroup("sessions that could not be brought to an end", failed)

    async def _settle(self, session_id: str, now: datetime) -> None:
        """A visit that was left open stays so: how it ended is for its doctor to say."""
        async with self._begin() as tx:
            session = await tx.lock_session(session_id)
            line = await tx.line(session) if session else None
            if session is None or line is None or _is_at_work(line, now):
                return  # a doctor is still at work
            closed = session.closed()
            if closed != session:
                await tx.save_session(closed)
                await tx.audit(AuditEntry(now, "system", f"session.{closed.state}", f"session:{session_id}"))
            after, happened = line.conclude()
            topics = await keep(tx, Movement(closed, line, after, happened), By("system", now), self._sender)
        await tell_all(self._tell, topics)


def _is_at_work(line: Line, now: datetime) -> bool:
    return any(ticket.called_at is None or now - ticket.called_at < NO_VISIT_LASTS for ticket in line.in_room())
