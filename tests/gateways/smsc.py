"""An SMSC that can be made to misbehave: binds, takes parts, puts messages together, reports, hangs up.

Its PDUs are read and written by smpplib, which shares nothing with the code that it checks; its telephone decodes the
parts by 3GPP TS 23.038 and 23.040.
"""

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from smpplib.client import SimpleSequenceGenerator
from smpplib.pdu import PDU
from smpplib.smpp import make_pdu, parse_pdu

from tests.ports import free_port

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = {0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|", 0x65: "€"}
OK, WRONG_PASSWORD, INVALID_DESTINATION, THROTTLED = 0x00, 0x0E, 0x0B, 0x58


@dataclass
class Smsc:
    password: str = "s3cret"
    status: int = OK  # of the next submit_sm_resp
    silent: bool = False  # nothing is answered any more
    eager: bool = False  # a receipt follows every answer in the same breath
    numbers: SimpleSequenceGenerator = field(default_factory=SimpleSequenceGenerator)
    telephone: list[tuple[str, str]] = field(default_factory=list)  # number and text of every whole message
    submitted: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0  # enquire_link seen
    binds: int = 0
    left: int = 0  # unbind seen
    parts: dict[tuple[str, int], dict[int, str]] = field(default_factory=dict)
    answers: dict[int, asyncio.Future[int]] = field(default_factory=dict)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readexactly(4)
                raw = head + await reader.readexactly(struct.unpack(">I", head)[0] - 4)
                pdu = parse_pdu(raw, client=self.numbers, allow_unknown_opt_params=False)
                if not self.silent:
                    self.answer(pdu, writer)

    def answer(self, pdu: PDU, writer: asyncio.StreamWriter) -> None:
        match pdu.command:
            case "bind_transceiver":
                self.bind(pdu, writer)
            case "submit_sm":
                self.submit(pdu, writer)
            case "enquire_link":
                self.asked += 1
                self.say(writer, "enquire_link_resp", pdu.sequence)
            case "unbind":
                self.left += 1
                self.say(writer, "unbind_resp", pdu.sequence)
            case _:
                self.answers.pop(pdu.sequence).set_result(pdu.status)

    def bind(self, pdu: PDU, writer: asyncio.StreamWriter) -> None:
        known = pdu.password == self.password.encode() and pdu.system_id == b"bedside"
        if known:
            self.binds += 1
            self.writers.append(writer)
        self.say(writer, "bind_transceiver_resp", pdu.sequence, OK if known else WRONG_PASSWORD, system_id="smsc")

    def submit(self, pdu: PDU, writer: asyncio.StreamWriter) -> None:
        message_id = f"id-{len(self.submitted) + 1}"
        if self.status == OK:
            self.submitted.append(vars(pdu))
            self.show(pdu)
        self.say(writer, "submit_sm_resp", pdu.sequence, self.status, message_id=message_id)
        if self.eager:
            self.tell(f"id:{message_id} stat:DELIVRD err:000".encode(), esm_class=4)

    def show(self, pdu: PDU) -> None:
        number = "+" + pdu.destination_addr.decode()
        content = pdu.short_message or pdu.message_payload
        if not pdu.esm_class & 0x40:
            self.telephone.append((number, decoded(content, pdu.data_coding)))
            return
        header, content = content[: content[0] + 1], content[content[0] + 1 :]
        reference, total, place = header[3:6]
        whole = self.parts.setdefault((number, reference), {})
        whole[place] = decoded(content, pdu.data_coding)
        if len(whole) == total:
            self.telephone.append((number, "".join(whole[at] for at in sorted(whole))))

    def say(self, writer: asyncio.StreamWriter, command: str, sequence: int, status: int = OK, **more: object) -> None:
        pdu = make_pdu(command, client=self.numbers, **more)
        pdu.sequence, pdu.status = sequence, status
        writer.write(pdu.generate())

    async def report(self, message_id: str, stat: str = "DELIVRD") -> int:
        """Send a receipt over the newest connection; the status with which it was acknowledged."""
        said = f"id:{message_id} sub:001 dlvrd:001 submit date:2611211200 done date:2611211201 stat:{stat} err:000"
        return await self.deliver(said.encode(), esm_class=4)

    async def deliver(self, text: bytes, esm_class: int) -> int:
        return await asyncio.wait_for(self.tell(text, esm_class), 5)

    def tell(self, text: bytes, esm_class: int) -> asyncio.Future[int]:
        pdu = make_pdu(
            "deliver_sm",
            client=self.numbers,
            source_addr="8613812345678",
            destination_addr="Clinic",
            esm_class=esm_class,
            short_message=text,
        )
        answer = self.answers[pdu.sequence] = asyncio.get_running_loop().create_future()
        self.writers[-1].write(pdu.generate())
        return answer

    def hang_up(self) -> None:
        for writer in self.writers:
            writer.transport.abort()
        self.writers.clear()


def decoded(octets: bytes, data_coding: int) -> str:
    if data_coding == 8:
        return octets.decode("utf-16-be")
    septets = iter(octets)
    return "".join(EXTENDED[next(septets)] if septet == 0x1B else BASIC[septet] for septet in septets)


@asynccontextmanager
async def listening(smsc: Smsc, port: int | None = None, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    port = port or free_port()
    server = await asyncio.start_server(smsc.serve, "127.0.0.1", port, ssl=tls)
    try:
        yield port
    finally:
        server.close()
        smsc.hang_up()
