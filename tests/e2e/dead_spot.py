"""A phone's way into the network, which a test can take away: a SOCKS 5 proxy (RFC 1928) that falls silent.

Nothing is refused and nothing closed, as in a lift: what is sent does not arrive. Chromium's own emulation of being
offline keeps a processor busy for as long as it lasts.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

NO_PASSWORD, CONNECT, DONE = b"\x05\x00", 0x01, b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"
BY_NAME, BY_IPV6 = 0x03, 0x04
PORTION = 65_536


class DeadSpot:
    """``address`` is for the browser. Made by ``dead_spot``."""

    def __init__(self) -> None:
        self.address = ""
        self._reach = asyncio.Event()
        self._reach.set()

    def enter(self) -> None:
        self._reach.clear()

    def leave(self) -> None:
        self._reach.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._reach.wait()
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", await _asked(reader, writer))
            async with asyncio.TaskGroup() as both:
                both.create_task(self._carry(reader, far_writer))
                both.create_task(self._carry(far_reader, writer))
        except* (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until one side leaves: then the other is told."""
        try:
            while portion := await reader.read(PORTION):
                await self._reach.wait()
                writer.write(portion)
                await writer.drain()
        finally:
            writer.close()


async def _asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
    """The port; whatever the host is called, it is this machine."""
    _version, methods = await reader.readexactly(2)
    await reader.readexactly(methods)
    writer.write(NO_PASSWORD)
    _version, command, _, kind = await reader.readexactly(4)
    assert command == CONNECT
    await reader.readexactly({BY_NAME: 0, BY_IPV6: 16}.get(kind, 4) or (await reader.readexactly(1))[0])
    port = int.from_bytes(await reader.readexactly(2))
    writer.write(DONE)
    return port


@asynccontextmanager
async def dead_spot() -> AsyncIterator[DeadSpot]:
    spot = DeadSpot()
    async with await asyncio.start_server(spot.serve, "127.0.0.1") as server:
        spot.address = f"socks5://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield spot
        spot.leave()
