"""Waiting times at work: told as lines move, kept with what then happened, and learned from. Never in a line's way.

A line that has changed is read again in its own time; what cannot be predicted now is simply not shown.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Protocol

from server.clinic.calibration import Calibration, Fate, Range
from server.clinic.experience import Experience, Past
from server.clinic.measuring import Moment, SeenSession, line_now, past
from server.clinic.news import line_topics
from server.clinic.session import SessionState
from server.clinic.tell import Tell, tell_all
from server.clinic.ticket import TicketState
from server.clinic.views import MyWait
from server.clinic.waiting import Outlook, outlooks
from server.side_by_side import try_each

GATHER_S = 0.5  # changes of so long after one are one
AGAIN_S = 30.0  # time passes on a line that does not move
LEARN_EVERY = timedelta(hours=1)
REMEMBERED = timedelta(days=30)
SESSIONS_LEARNED, SESSIONS_CALIBRATED = 400, 100  # the latest
NEAR = 10  # a line of hundreds is not written anew whenever somebody is called
PREDICTED = frozenset({SessionState.PLANNED, SessionState.OPEN})


@dataclass(frozen=True, slots=True)
class Prediction:
    """What was told to whom and when, one a ticket and number of others ahead."""

    session_id: str
    doctor_id: str  # whose session it is
    kind: str | None
    made_at: datetime
    outlook: Outlook
    told: Range


class WaitingLook(Protocol):
    async def lines(self, since: datetime) -> Sequence[str]:
        """Sessions of these days in which somebody waits."""
        ...

    async def seen(self, session_id: str) -> SeenSession | None: ...

    async def over(self, between: tuple[datetime, datetime]) -> Sequence[str]:
        """Sessions whose hours ended then, the latest first."""
        ...

    async def fates(self, session_id: str) -> Sequence[Fate]: ...


class WaitingTx(Protocol):
    async def opened(self, session_id: str, at: datetime) -> None:
        """Noted once."""
        ...

    async def predict(self, predictions: Sequence[Prediction]) -> None:
        """The first for a ticket and number of others ahead stays."""
        ...

    async def come_true(self, session_id: str) -> None:
        """Who has been called since knows how long that took."""
        ...


@dataclass(slots=True)
class _Known:
    """Of one line, in memory: what is told now, what is on record."""

    waits: Mapping[str, MyWait] = field(default_factory=dict)
    places: set[tuple[str, int]] = field(default_factory=set)
    tickets: set[str] = field(default_factory=set)
    called: frozenset[tuple[str, datetime]] = frozenset()
    opened: bool = False

    def lacks(self, prediction: Prediction) -> bool:
        """The first of a ticket is kept, and those of the last places before the call."""
        near = prediction.outlook.ahead <= NEAR or prediction.outlook.ticket_id not in self.tickets
        return near and _place(prediction) not in self.places


class Predictions:
    """``run`` works; ``wait`` is what it knows now; ``changed`` is all that it needs to be told."""

    def __init__(
        self,
        look: Callable[[], AbstractAsyncContextManager[WaitingLook]],
        begin: Callable[[], AbstractAsyncContextManager[WaitingTx]],
        *,
        tell: Tell,
        zone: tzinfo,
        clock: Callable[[], datetime],
    ) -> None:
        self._look = look
        self._begin = begin
        self._tell = tell
        self._zone = zone
        self._clock = clock
        self._lines: dict[str, _Known] = {}
        self._waits: dict[str, MyWait] = {}
        self._changed: dict[str, None] = {}  # in the order in which they changed
        self._wake = asyncio.Event()
        self._experience, self._calibration = Experience(Past()), Calibration()
        self._learned_at: datetime | None = None

    def wait(self, ticket_id: str) -> MyWait | None:
        """Until the call of this ticket; None for who does not wait, or while the line is suspended."""
        return self._waits.get(ticket_id)

    def changed(self, session_id: str) -> None:
        """The line has moved, or somebody came or went."""
        self._changed[session_id] = None
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled. What fails is raised, and tried again when it is started again."""
        while True:
            self._wake.clear()
            await self.work()
            await asyncio.sleep(GATHER_S)
            if not await self._woken():
                await self._all_again()

    async def work(self) -> None:
        """Learn if it is time, then predict every line that has changed. One that fails does not keep the others."""
        await self._learn()
        failed = await try_each(await self._due(), self._predict_or_later)
        if failed:
            raise ExceptionGroup("lines whose waiting times could not be told", failed)

    async def _due(self) -> list[str]:
        """Of the lines that have changed, those where somebody waits or did: the others are not even read."""
        changed, self._changed = self._changed, {}  # what changes from here on is due again
        if changed.keys() <= self._lines.keys():
            return list(changed)
        try:
            waiting = frozenset(await self._waiting())
        except BaseException:
            self._changed = changed | self._changed
            raise
        return [session_id for session_id in changed if session_id in self._lines or session_id in waiting]

    async def _waiting(self) -> Sequence[str]:
        async with self._look() as look:
            return await look.lines(self._clock() - timedelta(days=1))

    async def _woken(self) -> bool:
        with suppress(TimeoutError):
            return await asyncio.wait_for(self._wake.wait(), AGAIN_S)
        return False

    async def _all_again(self) -> None:
        for session_id in [*await self._waiting(), *self._lines]:
            self._changed[session_id] = None

    async def _learn(self) -> None:
        now = self._clock()
        if self._learned_at is not None and now < self._learned_at + LEARN_EVERY:
            return
        async with self._look() as look:  # session by session: nothing else is kept waiting for all of it
            over = await look.over((now - REMEMBERED, now))
            sessions = [seen for each in over[:SESSIONS_LEARNED] if (seen := await look.seen(each))]
            fates = [fate for each in over[:SESSIONS_CALIBRATED] for fate in await look.fates(each)]
        moment = Moment(now, self._zone)
        self._experience = await asyncio.to_thread(lambda: Experience(past(sessions, moment)))
        self._calibration = await asyncio.to_thread(Calibration, fates)
        self._learned_at = now

    async def _predict_or_later(self, session_id: str) -> None:
        try:
            await self._predict(session_id)
        except Exception:
            self._changed[session_id] = None
            raise

    async def _predict(self, session_id: str) -> None:
        async with self._look() as look:
            seen = await look.seen(session_id)
        if seen is None or (session_id not in self._lines and not _has_waiting(seen)):
            return
        known, now = self._lines.setdefault(session_id, _Known()), self._clock()
        told = self._told(seen, now)
        await self._keep(known, seen, told)
        await self._show(session_id, known, {each.outlook.ticket_id: shown(each.told, now) for each in told})
        if _is_over(seen, now):
            del self._lines[session_id]

    def _told(self, seen: SeenSession, now: datetime) -> list[Prediction]:
        if seen.session.state not in PREDICTED:
            return []
        kinds = {own.ticket.id: own.kind for own in seen.tickets}
        of = (seen.session.id, seen.session.doctor_id)
        return [
            Prediction(*of, kinds[outlook.ticket_id], now, outlook, self._calibration.range(outlook))
            for outlook in outlooks(line_now(seen, Moment(now, self._zone)), self._experience)
        ]

    async def _keep(self, known: _Known, seen: SeenSession, told: Sequence[Prediction]) -> None:
        """Only what is new, and in a transaction of its own."""
        new = sorted((each for each in told if known.lacks(each)), key=_place)
        called = frozenset((own.ticket.id, own.ticket.called_at) for own in seen.tickets if own.ticket.called_at)
        opens = seen.session.state is SessionState.OPEN and not known.opened
        if new or opens or not called <= known.called:
            async with self._begin() as tx:
                if opens:
                    await tx.opened(seen.session.id, self._clock())
                await tx.come_true(seen.session.id)
                await tx.predict(new)
        known.places |= {_place(each) for each in new}
        known.tickets |= {each.outlook.ticket_id for each in new}
        known.called, known.opened = called, known.opened or opens

    async def _show(self, session_id: str, known: _Known, waits: Mapping[str, MyWait]) -> None:
        changed = _differ(known.waits, waits)
        for ticket_id in known.waits:
            self._waits.pop(ticket_id, None)
        self._waits.update(waits)
        known.waits = waits
        if changed:
            await tell_all(self._tell, [*line_topics(session_id), *(f"ticket:{ticket_id}" for ticket_id in changed)])


def shown(told: Range, as_of: datetime) -> MyWait:
    """In whole minutes below ten, in steps of five above: the range outwards, so that it promises no more."""
    low, high = told.low_s / 60, max(told.high_s / 60, 1.0)
    return MyWait(low_s=_down(low) * 60, high_s=-_down(-high) * 60, as_of=as_of)


def _down(minutes: float) -> int:
    step = 1 if abs(minutes) < 10 else 5
    return int(minutes // step) * step


def _place(prediction: Prediction) -> tuple[str, int]:
    return prediction.outlook.ticket_id, prediction.outlook.ahead


def _differ(before: Mapping[str, MyWait], after: Mapping[str, MyWait]) -> list[str]:
    """Whose range is another one now; that it is newer tells nobody anything."""
    return sorted(ticket for ticket in {*before, *after} if _ends(before.get(ticket)) != _ends(after.get(ticket)))


def _ends(wait: MyWait | None) -> tuple[int, int] | None:
    return (wait.low_s, wait.high_s) if wait else None


def _is_over(seen: SeenSession, now: datetime) -> bool:
    """Nothing will be told of this line unless it changes."""
    return seen.session.state is SessionState.CLOSED or (now > seen.session.closes_at and not _has_waiting(seen))


def _has_waiting(seen: SeenSession) -> bool:
    return any(own.ticket.state is TicketState.ARRIVED for own in seen.tickets)
