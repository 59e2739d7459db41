"""Accepts sockets for the broker, and hears all that a peer said before its connection was reset.

Who hangs up with an answer unread (a PUBACK under way) sends a reset instead of an end, and asyncio then hides what it
has already read: a DISCONNECT among it, so that the will of a device that said goodbye would be published.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from socket import socket

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class PatientReader(asyncio.StreamReader):
    """A reset is an end like any other: it comes after what was said."""

    def set_exception(self, exc: Exception) -> None:  # noqa: ARG002 – asyncio's own signature
        self.feed_eof()


@dataclass(frozen=True)
class Speaks:
    """How: plainly, or under ``tls`` agreed within ``handshake_s``."""

    tls: ssl.SSLContext | None = None
    handshake_s: float | None = None


async def listen(serve: Serve, host: str, port: int, speaks: Speaks = Speaks()) -> asyncio.Server:
    """As ``asyncio.start_server``. Raises OSError where the port is taken."""
    made = asyncio.get_running_loop().create_server
    return await made(_protocol(serve), host, port, ssl=speaks.tls, ssl_handshake_timeout=speaks.handshake_s)


async def listen_at(serve: Serve, opened: Sequence[socket], speaks: Speaks) -> list[asyncio.Server]:
    """The same on sockets that are bound."""
    made = asyncio.get_running_loop().create_server
    return [
        await made(_protocol(serve), sock=each, ssl=speaks.tls, ssl_handshake_timeout=speaks.handshake_s)
        for each in opened
    ]


def _protocol(serve: Serve) -> Callable[[], asyncio.StreamReaderProtocol]:
    loop = asyncio.get_running_loop()
    return lambda: asyncio.StreamReaderProtocol(PatientReader(loop=loop), serve, loop=loop)
