"""The media meeting of a visit: who sits in it, and which message goes to which socket. Pure: no socket, no clock.

A seat has one socket; a newer one takes it over. What a member says goes to the other members only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from signaling.budget import Budget
from signaling.errors import NotInRoom
from signaling.messages import Change, PeerNotice, Seat, Signal, SignalNotice

KEPT_EMPTY = timedelta(seconds=60)  # a refreshed page, a locked phone or a bad network comes back into the same room
SIGNALS_PER_MINUTE = 300  # a call starts with about 20; several restarts fit in, a flood does not


@dataclass(frozen=True, slots=True)
class Post:
    """One message for one socket."""

    socket: str
    notice: PeerNotice | SignalNotice


Posts = tuple[Post, ...]


@dataclass(frozen=True, slots=True)
class Room:
    """``sockets`` are those in the room now; ``budgets`` belong to the seats and outlive their sockets."""

    id: str
    empty_since: datetime | None
    signals_per_minute: int = SIGNALS_PER_MINUTE
    sockets: Mapping[Seat, str] = field(default_factory=lambda: MappingProxyType({}))
    budgets: Mapping[Seat, Budget] = field(default_factory=lambda: MappingProxyType({}))

    def seat_of(self, socket: str) -> Seat | None:
        return next((seat for seat, taken_by in self.sockets.items() if taken_by == socket), None)

    def others(self, seat: Seat) -> tuple[Seat, ...]:
        return tuple(other for other in self.sockets if other is not seat)


def join(room: Room, seat: Seat, socket: str, now: datetime) -> tuple[Room, Posts]:
    """The socket sits down; the others hear `joined`, also of a rejoin: they restart their connection then.

    Joining costs like a signal, for it reaches the others too: raises Flooded.
    """
    room, taken_over = _take_over(_spend(room, seat, now), seat, socket)
    room, moved = _leave_other_seat(room, seat, socket, now)
    room = replace(room, sockets={**room.sockets, seat: socket}, empty_since=None)
    return room, taken_over + moved + _tell_others(room, seat, PeerNotice(room.id, seat, Change.JOINED))


def leave(room: Room, socket: str, now: datetime) -> tuple[Room, Posts]:
    """The socket stands up; one that was not in the room, or was taken over, changes nothing."""
    seat = room.seat_of(socket)
    if seat is None:
        return room, ()
    posts = _tell_others(room, seat, PeerNotice(room.id, seat, Change.LEFT))
    room = _without(room, seat)
    return replace(room, empty_since=None if room.sockets else now), posts


def signal(room: Room, socket: str, said: Signal, now: datetime) -> tuple[Room, Posts]:
    """An offer, answer or candidate for the others, signed with the seat of its socket. Raises NotInRoom, Flooded."""
    seat = room.seat_of(socket)
    if seat is None:
        raise NotInRoom("Join the room first")
    notice = SignalNotice(room.id, seat, said.description, said.candidate)
    return _spend(room, seat, now), _tell_others(room, seat, notice)


def is_over(room: Room, now: datetime) -> bool:
    """Whether a room that everyone left may be forgotten."""
    return room.empty_since is not None and now - room.empty_since >= KEPT_EMPTY


def tick(rooms: Mapping[str, Room], now: datetime) -> dict[str, Room]:
    """The rooms that stay."""
    return {name: room for name, room in rooms.items() if not is_over(room, now)}


def _take_over(room: Room, seat: Seat, socket: str) -> tuple[Room, Posts]:
    """The older socket of the seat is out, and is told."""
    older = room.sockets.get(seat)
    if older in {None, socket}:
        return room, ()
    return _without(room, seat), (Post(room.sockets[seat], PeerNotice(room.id, seat, Change.TAKEN_OVER)),)


def _leave_other_seat(room: Room, seat: Seat, socket: str, now: datetime) -> tuple[Room, Posts]:
    """One socket sits on one seat: one that changes seats leaves the old one."""
    return leave(room, socket, now) if room.seat_of(socket) not in {None, seat} else (room, ())


def _without(room: Room, seat: Seat) -> Room:
    return replace(room, sockets={other: socket for other, socket in room.sockets.items() if other is not seat})


def _tell_others(room: Room, seat: Seat, notice: PeerNotice | SignalNotice) -> Posts:
    return tuple(Post(room.sockets[other], notice) for other in room.others(seat))


def _spend(room: Room, seat: Seat, now: datetime) -> Room:
    budget = room.budgets.get(seat) or Budget(room.signals_per_minute, opened_at=now)
    return replace(room, budgets={**room.budgets, seat: budget.spend(now)})
