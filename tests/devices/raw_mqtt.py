"""An MQTT 3.1.1 client in bytes, for what no honest library would send."""

import asyncio
import struct
from dataclasses import dataclass


def text(value: str | bytes) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return struct.pack("!H", len(raw)) + raw


def frame(first: int, body: bytes) -> bytes:
    length, encoded = len(body), bytearray()
    while True:
        length, digit = divmod(length, 128)
        encoded.append(digit | (0x80 if length else 0))
        if not length:
            return bytes([first]) + bytes(encoded) + body


def connect(
    client_id: str,
    secret: str | None,
    *,
    user: str | None = None,
    will: str | None = None,
    keep_alive_s: int = 30,
    level: int = 4,
    clean: bool = True,
) -> bytes:
    flags = (
        (0x80 if secret is None else 0xC0) | (0x02 if clean else 0) | (0x2C if will else 0)
    )  # a will of QoS 1, retained
    body = text("MQTT") + bytes([level, flags]) + struct.pack("!H", keep_alive_s)
    body += (b"\0" if level == 5 else b"") + text(client_id)
    if will:
        body += (b"\0" if level == 5 else b"") + text(will) + text("gone")
    return frame(0x10, body + text(client_id if user is None else user) + (b"" if secret is None else text(secret)))


def publish(topic: str | bytes, payload: bytes = b"{}", *, qos: int = 1, retain: bool = False, mid: int = 7) -> bytes:
    packet_id = struct.pack("!H", mid) if qos else b""
    return frame(0x30 | qos << 1 | retain, text(topic) + packet_id + payload)


def subscribe(*filters: str, mid: int = 9, qos: int = 1) -> bytes:
    return frame(0x82, struct.pack("!H", mid) + b"".join(text(each) + bytes([qos]) for each in filters))


ACCEPTED = bytes.fromhex("20020000")
PING, PONG, GOODBYE = b"\xc0\0", b"\xd0\0", b"\xe0\0"


@dataclass
class RawClient:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def open(cls, port: int, first: bytes = b"") -> "RawClient":
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(first)
        return cls(reader, writer)

    @classmethod
    async def device(
        cls, port: int, device_id: str, *, secret: str | None = None, keep_alive_s: int = 30
    ) -> "RawClient":
        """A client that was let in."""
        secret = secret or f"secret of {device_id}"
        client = await cls.open(port, connect(device_id, secret, keep_alive_s=keep_alive_s))
        assert await client.read(4) == ACCEPTED
        return client

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def read(self, count: int, within_s: float = 20.0) -> bytes:
        return await asyncio.wait_for(self.reader.readexactly(count), within_s)

    async def rest(self, within_s: float = 20.0) -> bytes:
        """Everything until the other side closes; TimeoutError where it does not."""
        try:
            return await asyncio.wait_for(self.reader.read(), within_s)
        except ConnectionResetError:
            return b""

    async def alive(self) -> bool:
        """Whether a ping is still answered."""
        self.send(PING)
        return await self.read(2) == PONG

    async def close(self) -> None:
        self.writer.transport.abort()
