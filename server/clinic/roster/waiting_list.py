"""THE PLACES of one session and those who wait for one to become free. Values in, (new value, events) out.

waiting ──a place is free──▶ offered ──accepted in time──▶ taken (a ticket with the session's next number)
                                │
                                └── time is over ──▶ lapsed: the place is held for the next one
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from server.clinic.kinds import VisitKind
from server.clinic.roster.errors import OfferOver, PlacesFree, SessionFull, WrongBirthDate
from server.clinic.ticket import TicketState

GIVEN_BACK = frozenset({TicketState.CANCELLED, TicketState.WITHDRAWN, TicketState.TRANSFERRED})  # their place is free
TRIES = 5  # birth dates an offer
SHORTEST_OFFER = timedelta(minutes=15)
LONGEST_OFFER = timedelta(hours=12)
SHARE_OF_TIME_LEFT = 4  # an offer stands for a quarter of the time until the session opens


class EntryState(StrEnum):
    WAITING = "waiting"
    OFFERED = "offered"  # a place is held
    TAKEN = "taken"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True)
class Entry:
    """One person on the list; the lower ``position``, the sooner."""

    id: str
    patient_id: str
    position: int
    kind: VisitKind | None = None
    guardian: str | None = None
    state: EntryState = EntryState.WAITING
    offered_until: datetime | None = None
    tries_left: int = TRIES

    def stands(self, now: datetime) -> bool:
        """Is a place held for this person, and may the birth date be tried?"""
        return self._held(now) and self.tries_left > 0

    def lapsed(self, now: datetime) -> bool:
        return self.state is EntryState.OFFERED and not self._held(now)

    def _held(self, now: datetime) -> bool:
        return self.state is EntryState.OFFERED and self.offered_until is not None and now < self.offered_until


@dataclass(frozen=True, slots=True)
class PlaceOffered:
    entry_id: str
    until: datetime


@dataclass(frozen=True, slots=True)
class OfferLapsed:
    entry_id: str


Event = PlaceOffered | OfferLapsed


@dataclass(frozen=True, slots=True)
class Places:
    """A session's places under its lock.

    ``held`` counts the tickets that have one, ``minutes`` what is planned for them; ``capacity`` None has no bound.
    """

    capacity: int | None
    held: int
    entries: tuple[Entry, ...] = ()
    minutes: int = 0

    @property
    def free(self) -> int | None:
        """Neither taken nor held for somebody; None where there is no bound."""
        return None if self.capacity is None else max(0, self.capacity - self.held - len(self._of(EntryState.OFFERED)))

    @property
    def waiting(self) -> int:
        return len(self._of(EntryState.WAITING))

    def check_free(self) -> None:
        """Raises ``SessionFull``."""
        if self.free == 0:
            raise SessionFull

    def taken(self, minutes: int) -> "Places":
        """One place less, by a ticket that is planned to take so long."""
        return replace(self, held=self.held + 1, minutes=self.minutes + minutes)

    def join(self, new: Entry) -> "Places":
        """Somebody more waits, behind all others. Raises ``PlacesFree``."""
        if self.free != 0:
            raise PlacesFree
        return replace(self, entries=(*self.entries, new))

    def next_position(self) -> int:
        return 1 + max((entry.position for entry in self.entries), default=0)

    def refill(self, now: datetime, until: datetime) -> "tuple[Places, tuple[Event, ...]]":
        """Take back offers that have ended, and hold every free place for the next who waits, until ``until``.

        Where ``until`` has passed there is nothing left to offer.
        """
        over = [entry for entry in self.entries if entry.lapsed(now)]
        left = self._with([replace(entry, state=EntryState.LAPSED) for entry in over])
        waiting = [entry for entry in left.entries if entry.state is EntryState.WAITING] if until > now else []
        next_ones = sorted(waiting, key=_position)[: left.free]
        offers = [replace(entry, state=EntryState.OFFERED, offered_until=until) for entry in next_ones]
        events: tuple[Event, ...] = (
            *(OfferLapsed(entry.id) for entry in over),
            *(PlaceOffered(entry.id, until) for entry in offers),
        )
        return replace(left, entries=_changed(left.entries, offers)), events

    def accept(self, entry_id: str, now: datetime) -> "Places":
        """The held place becomes this person's: who calls this adds the ticket. Raises ``OfferOver``."""
        entry = self._standing(entry_id, now)
        return self._with([replace(entry, state=EntryState.TAKEN)])

    def refuse(self, entry_id: str, now: datetime) -> "tuple[Places, WrongBirthDate]":
        """The birth date was wrong: one try less, and the refusal to be told. Raises ``OfferOver``."""
        entry = self._standing(entry_id, now)
        left = entry.tries_left - 1
        return self._with([replace(entry, tries_left=left)]), WrongBirthDate(left)

    def _standing(self, entry_id: str, now: datetime) -> Entry:
        for entry in self.entries:
            if entry.id == entry_id and entry.stands(now):
                return entry
        raise OfferOver

    def _of(self, state: EntryState) -> list[Entry]:
        return [entry for entry in self.entries if entry.state is state]

    def _with(self, changed: list[Entry]) -> "Places":
        return replace(self, entries=_changed(self.entries, changed))


def offer_ends(now: datetime, opens_at: datetime, closes_at: datetime) -> datetime:
    """A quarter of the time until the session opens: nobody loses a place of next week by sleeping one night."""
    stands = min(max((opens_at - now) / SHARE_OF_TIME_LEFT, SHORTEST_OFFER), LONGEST_OFFER)
    return min(now + stands, closes_at)


def changes(before: Places, after: Places) -> list[Entry]:
    """The entries that a step has changed or added: what is to be stored."""
    known = {entry.id: entry for entry in before.entries}
    return [entry for entry in after.entries if known.get(entry.id) != entry]


def _position(entry: Entry) -> int:
    return entry.position


def _changed(entries: tuple[Entry, ...], changed: list[Entry]) -> tuple[Entry, ...]:
    new = {entry.id: entry for entry in changed}
    return tuple(new.get(entry.id, entry) for entry in entries)
