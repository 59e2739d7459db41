"""Listening sockets that count whom they let in before a byte is read: a half-open TLS handshake counts too.

asyncio takes what ``accept`` gives and closes it whatever happens, so that one place sees each come and go.
"""

import asyncio
import socket
from contextlib import suppress
from typing import Protocol, Self

REFUSED_AT_ONCE = 100  # then the loop has other work; it comes back while somebody waits


class Keeper(Protocol):
    """Decides who stays, and hears of each of those once that it went."""

    def come(self, visit: "Visit") -> bool: ...
    def go(self, visit: "Visit") -> None: ...


class Visit(socket.socket):
    """A connection that was let in, and says when it is closed."""

    __slots__ = ("keeper", "peer")

    peer: tuple[str, int]
    keeper: Keeper | None

    @classmethod
    def of(cls, accepted: socket.socket, peer: tuple[str, int]) -> Self:
        made = cls(accepted.family, accepted.type, accepted.proto, fileno=accepted.detach())
        made.peer, made.keeper = peer, None
        return made

    def turn_out(self) -> None:
        """It reads its end; whoever holds it closes it then. To close it here would take it from under asyncio."""
        with suppress(OSError):  # it went by itself
            self.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        keeper, self.keeper = self.keeper, None
        if keeper:
            keeper.go(self)
        super().close()


class Doorway(socket.socket):
    """Refuses by closing: with whom nothing is agreed yet, nothing can be said. What can be said, ``crowding`` says."""

    __slots__ = ("keeper",)

    keeper: Keeper

    def accept(self) -> tuple[socket.socket, tuple[str, int]]:
        for _ in range(REFUSED_AT_ONCE):
            accepted, peer = super().accept()
            visit = Visit.of(accepted, peer[:2])
            if self.keeper.come(visit):
                visit.keeper = self.keeper
                return visit, peer
            visit.close()
        raise ConnectionAbortedError  # asyncio takes it for "no more for now"


async def doorways(host: str, port: int, keeper: Keeper) -> list[Doorway]:
    """Bound, one an address that ``host`` stands for. Raises OSError for a port in use."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    opened: list[Doorway] = []
    try:
        for family, kind, proto, _, address in dict.fromkeys(found):
            opened.append(_bound(Doorway(family, kind, proto), address, keeper))
    except OSError:
        for each in opened:
            each.close()
        raise
    return opened


def _bound(doorway: Doorway, address: tuple[object, ...], keeper: Keeper) -> Doorway:
    try:
        doorway.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if doorway.family == socket.AF_INET6:
            doorway.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        doorway.bind(address)
    except OSError as error:
        doorway.close()
        raise OSError(error.errno, f"{address[0]}, port {address[1]}: {error.strerror}") from error
    doorway.keeper = keeper
    return doorway
