"""SMS over SMPP 3.4, straight to an operator's SMSC: one bound connection that comes back by itself, and its receipts.

Nothing in SMPP makes a repetition harmless; a message whose answer was lost has the same reference when it comes again.
"""

import asyncio
import random
import ssl
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal
from zlib import crc32

import structlog

from server.notifications.deliveries import DeliveryState, Letter, Receipt
from server.notifications.gateways import smpp_pdu as wire
from server.notifications.gateways.gsm import DATA_CODING, joined, segment
from server.notifications.gateways.http import NotTaken, rejection
from server.notifications.gateways.smpp_link import USUAL, Link, LinkLost, SmppTimes
from server.notifications.gateways.smpp_pdu import Command, Malformed, Message

logger = structlog.get_logger(__name__)

FINAL = frozenset({"0x01", "0x0b", "0x33", "0x48", "0x61"})  # §5.1.3: length, destination, its count, its type, time
WINDOW = 10  # submit_sm under way at once: what most operators grant, and more than the ordinary lane can fill
REMEMBERED = 10_000  # parts of messages whose receipts are awaited
PART_LIMIT = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class SmppAccount:
    """``parts``: "udh" cuts a long text here, "payload" leaves that to the SMSC. ``tls`` None is for a private line."""

    host: str
    port: int
    system_id: str
    password: str = field(repr=False)
    system_type: str = ""
    sender: str
    tls: ssl.SSLContext | None
    parts: Literal["udh", "payload"] = "udh"
    ucs2_only: bool = False


Received = Callable[[Sequence[Receipt]], Awaitable[None]]


class SmppGateway:
    """``run`` keeps the connection; until it is bound, ``send`` is not taken. ``received`` is told every receipt.

    Where ``received`` raises, the SMSC is asked to say it again.
    """

    name = "smpp"
    receipts = True

    def __init__(
        self,
        account: SmppAccount,
        clock: Callable[[], datetime],
        times: SmppTimes = USUAL,
    ) -> None:
        self._account, self._clock, self._times = account, clock, times
        self._link: Link | None = None
        self._window = asyncio.Semaphore(WINDOW)
        self._wholes = WholeMessages()
        self.received: Received = _nobody

    @property
    def bound(self) -> bool:
        return self._link is not None

    async def run(self) -> None:
        """Bind, listen, bind again, until cancelled. An SMSC that is away is logged and is no error of this server."""
        loop, pause = asyncio.get_running_loop(), self._times.first_pause_s
        while True:
            began = loop.time()
            try:
                await self._session()
            except* (LinkLost, NotTaken, OSError, Malformed) as ended:
                logger.warning("smpp.lost", reasons=[f"{type(one).__name__}: {one}" for one in ended.exceptions])
            lasted = loop.time() - began > self._times.longest_pause_s
            pause = self._times.first_pause_s if lasted else min(pause * 2, self._times.longest_pause_s)
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 – jitter

    async def send(self, letter: Letter) -> str | None:
        link = self._link
        if link is None:
            raise NotTaken(f"{self.name}: not bound")
        messages = self._messages(letter)
        whole = Whole(len(messages))
        async with self._window:
            for message in messages:
                self._wholes.add(whole, await self._submit(link, message))
        return whole.ids[-1]

    async def _submit(self, link: Link, message: Message) -> str:
        try:
            answer = await link.ask(Command.SUBMIT, wire.submit(message))
        except (LinkLost, OSError) as error:  # a TimeoutError among them
            raise NotTaken(f"{self.name}: {type(error).__name__}") from None
        if answer.status != wire.OK:
            raise rejection(self.name, f"0x{answer.status:02x}", FINAL)
        return wire.message_id(answer.body)

    def _messages(self, letter: Letter) -> list[Message]:
        cut = segment(letter.text, ucs2_only=self._account.ucs2_only)
        reference = crc32(letter.delivery_id.encode()) & 0xFFFF
        one = Message(self._account.sender, letter.address, DATA_CODING[cut.encoding], b"", reference=reference)
        if len(cut.parts) == 1:
            return [replace(one, content=cut.parts[0])]
        if self._account.parts == "payload":
            return [replace(one, content=b"".join(cut.parts), as_payload=True)]
        if len(cut.parts) > PART_LIMIT:
            raise rejection(self.name, "0x01", FINAL)
        return [replace(one, content=part, concatenated=True) for part in joined(cut.parts, reference)]

    async def _session(self) -> None:
        account = self._account
        async with asyncio.timeout(self._times.connect_s):
            reader, writer = await asyncio.open_connection(account.host, account.port, ssl=account.tls)
        link = Link(reader, writer, self._heard, self._times)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(link.read())
                await self._bind(link)
                self._link = link
                await link.keep()
        finally:
            self._link = None
            link.end()

    async def _bind(self, link: Link) -> None:
        account = self._account
        answer = await link.ask(Command.BIND, wire.bind(account.system_id, account.password, account.system_type))
        if answer.status != wire.OK:
            raise NotTaken(f"{self.name}: bind refused, 0x{answer.status:02x}")
        logger.info("smpp.bound", host=account.host)

    async def _heard(self, body: bytes) -> None:
        receipt = wire.receipt(body, self._clock())
        said = self._wholes.said(receipt) if receipt else None
        if said:
            await self.received([said])


@dataclass
class Whole:
    """A message in ``total`` parts. Its provider id is that of the last part."""

    total: int
    ids: list[str] = field(default_factory=list)
    delivered: set[str] = field(default_factory=set)


class WholeMessages:
    """Makes one word of the receipts of many parts: delivered when all are, otherwise what the unlucky one says."""

    def __init__(self) -> None:
        self._wholes: OrderedDict[str, Whole] = OrderedDict()

    def add(self, whole: Whole, part_id: str) -> None:
        whole.ids.append(part_id)
        if whole.total > 1:
            self._wholes[part_id] = whole
        while len(self._wholes) > REMEMBERED:
            self._wholes.popitem(last=False)

    def said(self, receipt: Receipt) -> Receipt | None:
        """The receipt of the whole; None while parts are missing. Of a part that is not remembered, as it came."""
        whole = self._wholes.get(receipt.provider_id)
        if whole is None:
            return receipt
        if receipt.state is DeliveryState.DELIVERED:
            whole.delivered.add(receipt.provider_id)
            if len(whole.delivered) < whole.total:
                return None
        return replace(receipt, provider_id=whole.ids[-1])


async def _nobody(_: Sequence[Receipt]) -> None:
    """Until somebody listens, receipts are acknowledged and forgotten."""
