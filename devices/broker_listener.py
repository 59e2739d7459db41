"""Accepts sockets for the broker, and hears all that a peer said before its connection was reset.

Who hangs up with an answer unread (a PUBACK under way) sends a reset instead of an end, and asyncio then hides what it
has already read: a DISCONNECT among it, so that the will of a device that said goodbye would be published.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class PatientReader(asyncio.StreamReader):
    """A reset is an end like any other: it comes after what was said."""

    def set_exception(self, exc: Exception) -> None:  # noqa: ARG002 – asyncio's own signature
        self.feed_eof()


async def listen(
    serve: Serve, host: str, port: int, tls: ssl.SSLContext | None = None, *, handshake_s: float | None = None
) -> asyncio.Server:
    """As ``asyncio.start_server``. Raises OSError where the port is taken."""
    loop = asyncio.get_running_loop()

    def protocol() -> asyncio.StreamReaderProtocol:
        return asyncio.StreamReaderProtocol(PatientReader(loop=loop), serve, loop=loop)

    return await loop.create_server(protocol, host, port, ssl=tls, ssl_handshake_timeout=handshake_s)
