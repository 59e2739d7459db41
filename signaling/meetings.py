"""The rooms that are open on this server: steps each by its pure rules and sends what comes of it.

It trusts the seat that it is given: the hub has asked who may sit there.
"""

from collections.abc import Awaitable, Callable, Collection
from datetime import datetime

from signaling import room as rooms
from signaling.messages import PeerNotice, Seat, Signal, SignalNotice

Send = Callable[[Collection[str], PeerNotice | SignalNotice], Awaitable[None]]


class Meetings:
    """A room is read, stepped and stored without a pause; only then its messages go out."""

    def __init__(self, send: Send, signals_per_minute: int) -> None:
        self._send, self._signals_per_minute = send, signals_per_minute
        self._rooms: dict[str, rooms.Room] = {}

    def __len__(self) -> int:
        return len(self._rooms)

    async def join(self, name: str, seat: Seat, socket: str, now: datetime) -> tuple[Seat, ...]:
        """Who else is there. Raises Flooded."""
        room, posts = rooms.join(self._room(name, now), seat, socket, now)
        self._rooms[name] = room
        await self._post(posts)
        return room.others(seat)

    async def signal(self, socket: str, said: Signal, now: datetime) -> None:
        """Raises NotInRoom, Flooded."""
        self._rooms[said.room], posts = rooms.signal(self._room(said.room, now), socket, said, now)
        await self._post(posts)

    async def leave(self, name: str, socket: str, now: datetime) -> None:
        if name in self._rooms:
            self._rooms[name], posts = rooms.leave(self._rooms[name], socket, now)
            await self._post(posts)

    def tick(self, now: datetime) -> None:
        self._rooms = rooms.tick(self._rooms, now)

    def _room(self, name: str, now: datetime) -> rooms.Room:
        return self._rooms.get(name) or rooms.Room(name, now, self._signals_per_minute)

    async def _post(self, posts: rooms.Posts) -> None:
        for post in posts:
            await self._send((post.socket,), post.notice)
