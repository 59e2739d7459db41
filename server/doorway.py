"""Listening sockets that count whom they let in before a byte is read: a half-open TLS handshake counts too.

asyncio takes what ``accept`` gives and closes it whatever happens, so that one place sees each come and go.
"""

import asyncio
import socket
from typing import Self

from server.connections import Connections

REFUSED_AT_ONCE = 100  # then the loop has other work; it comes back while somebody waits


class Visit(socket.socket):
    """A connection that was let in, and says when it is closed."""

    __slots__ = ("address", "connections")

    address: str
    connections: Connections | None

    @classmethod
    def of(cls, accepted: socket.socket, address: str, connections: Connections) -> Self:
        made = cls(accepted.family, accepted.type, accepted.proto, fileno=accepted.detach())
        made.address, made.connections = address, connections
        return made

    def close(self) -> None:
        connections, self.connections = self.connections, None
        if connections:
            connections.go(self.address)
        super().close()


class Doorway(socket.socket):
    """Refuses by closing: with whom nothing is agreed yet, nothing can be said. What can be said, ``crowding`` says."""

    __slots__ = ("connections",)

    connections: Connections

    def accept(self) -> tuple[socket.socket, tuple[str, int]]:
        for _ in range(REFUSED_AT_ONCE):
            accepted, peer = super().accept()
            if self.connections.come(peer[0]):
                return Visit.of(accepted, peer[0], self.connections), peer
            accepted.close()
        raise ConnectionAbortedError  # asyncio takes it for "no more for now"


async def doorways(host: str, port: int, connections: Connections) -> list[Doorway]:
    """Bound, one an address that ``host`` stands for. Raises OSError for a port in use."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    opened: list[Doorway] = []
    try:
        for family, kind, proto, _, address in dict.fromkeys(found):
            opened.append(_bound(Doorway(family, kind, proto), address, connections))
    except OSError:
        for each in opened:
            each.close()
        raise
    return opened


def _bound(doorway: Doorway, address: tuple[object, ...], connections: Connections) -> Doorway:
    try:
        doorway.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if doorway.family == socket.AF_INET6:
            doorway.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        doorway.bind(address)
    except OSError as error:
        doorway.close()
        raise OSError(error.errno, f"{address[0]}, port {address[1]}: {error.strerror}") from error
    doorway.connections = connections
    return doorway
