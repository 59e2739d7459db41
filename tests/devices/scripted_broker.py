"""A broker that lets everybody in and then says, byte for byte, what the test wants it to say."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

ACCEPTED = {4: bytes.fromhex("20020000"), 5: bytes.fromhex("2003000000")}
PINGREQ, PINGRESP = b"\xc0\0", b"\xd0\0"


class ScriptedBroker:
    """One client at a time; ``heard`` is all that it sent after CONNECT."""

    def __init__(self, level: int, *, answers_pings: bool) -> None:
        self.port = 0
        self.heard = bytearray()
        self.connects: list[bytes] = []
        self.connections = 0
        self.accepted = asyncio.Event()
        self._level, self._answers_pings = level, answers_pings
        self._writer: asyncio.StreamWriter | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connects.append(await reader.read(1000))
        writer.write(ACCEPTED[self._level])
        self._writer = writer
        self.connections += 1
        self.accepted.set()
        with suppress(ConnectionResetError):
            await self._listen(reader, writer)

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            self.heard += data
            if data == PINGREQ and self._answers_pings:
                writer.write(PINGRESP)

    async def say(self, *pieces: bytes) -> None:
        """Each piece in a segment of its own."""
        await asyncio.wait_for(self.accepted.wait(), 5)
        assert self._writer is not None
        for piece in pieces:
            self._writer.write(piece)
            await self._writer.drain()
            await asyncio.sleep(0)

    def hang_up(self) -> None:
        assert self._writer is not None
        self._writer.close()
        self.accepted.clear()


@asynccontextmanager
async def scripted(level: int, *, answers_pings: bool = True) -> AsyncIterator[ScriptedBroker]:
    broker = ScriptedBroker(level, answers_pings=answers_pings)
    server = await asyncio.start_server(broker.serve, "127.0.0.1", 0)
    broker.port = server.sockets[0].getsockname()[1]
    try:
        yield broker
    finally:
        server.close()
