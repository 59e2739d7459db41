"""One SMPP connection: questions that wait for their answers, and what the SMSC says of its own accord.

One loop reads, so answers and receipts are dealt with in the order in which they were said.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace

import structlog

from server.notifications.gateways import smpp_pdu as wire
from server.notifications.gateways.smpp_pdu import Command, Malformed, Pdu

logger = structlog.get_logger(__name__)


class LinkLost(Exception):
    """The connection has ended, or the SMSC no longer answers."""


@dataclass(frozen=True, slots=True)
class SmppTimes:
    connect_s: float = 10.0
    answer_s: float = 8.0
    quiet_s: float = 30.0  # without a word of the SMSC before it is asked
    first_pause_s: float = 1.0  # doubled up to the longest while it cannot be reached
    longest_pause_s: float = 30.0


USUAL = SmppTimes()


class Link:
    """``heard`` is given the body of every deliver_sm; where it raises, the SMSC is asked to say it again."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        heard: Callable[[bytes], Awaitable[None]],
        times: SmppTimes,
    ) -> None:
        self._reader, self._writer, self._heard, self._times = reader, writer, heard, times
        self._waiting: dict[int, asyncio.Future[Pdu]] = {}
        self._sequence = 0
        self._heard_at = asyncio.get_running_loop().time()

    async def ask(self, command: Command, body: bytes) -> Pdu:
        """Raises ``LinkLost``, ``TimeoutError``."""
        self._sequence = self._sequence % 0x7FFF_FFFF + 1  # §3.2
        sequence, future = self._sequence, asyncio.get_running_loop().create_future()
        self._waiting[sequence] = future
        try:
            self._writer.write(wire.pack(Pdu(command, wire.OK, sequence, body)))
            async with asyncio.timeout(self._times.answer_s):
                await self._writer.drain()
                answer: Pdu = await future
                return answer
        finally:
            self._waiting.pop(sequence, None)

    async def read(self) -> None:
        while True:
            pdu = await self._next()
            self._heard_at = asyncio.get_running_loop().time()
            if pdu.answers:
                self._answered(pdu)
                await asyncio.sleep(0)  # who asked goes on before a receipt of what was just answered is read
            else:
                await self._said(pdu)

    async def keep(self) -> None:
        """§4.11: after a while without a word, ask. Ends by raising."""
        loop, quiet_s = asyncio.get_running_loop(), self._times.quiet_s
        while True:
            await asyncio.sleep(max(self._heard_at + quiet_s - loop.time(), quiet_s / 10))
            if loop.time() - self._heard_at >= quiet_s:
                await self.ask(Command.ENQUIRE_LINK, b"")

    def end(self) -> None:
        """Take leave (§4.2) without waiting for an answer; who waits for one is told."""
        with suppress(OSError):
            self._writer.write(wire.pack(Pdu(Command.UNBIND, wire.OK, self._sequence + 1)))
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(LinkLost("the connection has ended"))
        self._writer.close()

    async def _next(self) -> Pdu:
        try:
            length, pdu = wire.unpack_header(await self._reader.readexactly(wire.HEADER.size))
            return replace(pdu, body=await self._reader.readexactly(length))
        except asyncio.IncompleteReadError:
            raise LinkLost("closed by the SMSC") from None

    def _answered(self, pdu: Pdu) -> None:
        future = self._waiting.get(pdu.sequence)
        if future and not future.done():
            future.set_result(pdu)

    async def _said(self, pdu: Pdu) -> None:
        match pdu.command:
            case Command.ENQUIRE_LINK:
                self._answer(pdu, wire.OK)
            case Command.DELIVER:
                self._answer(pdu, await self._told(pdu), b"\0")
            case Command.UNBIND:
                self._answer(pdu, wire.OK)
                raise LinkLost("unbound by the SMSC")
            case _:
                self._answer(replace(pdu, command=Command.NACK), wire.INVALID_COMMAND)

    async def _told(self, pdu: Pdu) -> int:
        try:
            await self._heard(pdu.body)
        except Malformed:  # saying it again would not mend it
            logger.warning("smpp.receipt_unreadable")
            return wire.NEVER
        except Exception:  # whatever failed here: the receipt is not lost, the SMSC says it again
            logger.exception("smpp.receipt_refused")
            return wire.TRY_AGAIN
        return wire.OK

    def _answer(self, pdu: Pdu, status: int, body: bytes = b"") -> None:
        self._writer.write(wire.pack(Pdu(pdu.command | wire.RESPONSE, status, pdu.sequence, body)))
