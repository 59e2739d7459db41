"""One page of a crowd, as little as can speak to the server: a WebSocket by hand, so that the crowd costs less than it.

Its frames are masked with a key of zeros, which RFC 6455 §5.3 allows and which leaves them as they are.
"""

import asyncio
from collections.abc import Callable

import msgspec

CONNECT, EVENT, ANSWER, PING, PONG = "40", "42", "43", "2", "3"
TEXT, CLOSE = 0x81, 0x88
REFUSED = "44"


class BarePage(asyncio.Protocol):
    """``said`` hears the answer to the subscription and every event; ``gone`` says why it ended."""

    def __init__(self, request: bytes, hello: str, subscribe: str, said: Callable[[str], None]) -> None:
        self._request, self._hello, self._subscribe, self._said = request, hello, subscribe, said
        self._upgraded = False
        self._received = bytearray()
        self.entered: Callable[[], None] = lambda: None
        self.gone: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def connection_lost(self, _error: Exception | None) -> None:
        self._end("closed")

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._upgraded and not self._upgrade():
            return
        while (frame := self._frame()) is not None:
            self._hear(*frame)

    def _upgrade(self) -> bool:
        head, end, rest = self._received.partition(b"\r\n\r\n")
        if not end:
            return False
        self._upgraded = b" 101 " in head[:16]
        self._received = rest
        if not self._upgraded:
            self._end(head[:12].decode())
        return self._upgraded

    def _frame(self) -> tuple[int, str] | None:
        """Of a server: never masked, never in parts."""
        received = self._received
        if len(received) < 10 and len(received) < 2 + (received[1] if len(received) > 1 else 9):
            return None
        size, start = received[1], 2
        if size > 125:
            start = 4 if size == 126 else 10
            size = int.from_bytes(received[2:start], "big")
        if len(received) < start + size:
            return None
        said = received[start : start + size]
        kind = received[0]
        del received[: start + size]
        return kind, said.decode() if kind == TEXT else ""

    def _hear(self, kind: int, said: str) -> None:
        if kind == CLOSE:
            self._end("closed")
        elif said == PING:
            self._say(PONG)
        elif said.startswith("0{"):
            self._say(CONNECT + self._hello)
        elif said.startswith(CONNECT):
            self.entered()
            self._say(f'{EVENT}0["subscribe",{self._subscribe}]')
        elif said.startswith(REFUSED):
            self._end(said)
        else:
            self._said(said)

    def _say(self, said: str) -> None:
        payload = said.encode()
        size = bytes((0x80 | len(payload),)) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2, "big")
        self._transport.write(bytes((TEXT,)) + size + bytes(4) + payload)

    def _end(self, why: str) -> None:
        self._transport.close()
        if not self.gone.done():
            self.gone.set_result(why)


def request_of(host: str, cookie: str) -> bytes:
    return (
        f"GET /live/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        f"Cookie: {cookie}\r\n\r\n"
    ).encode()


def hello_of(audience: str) -> str:
    return msgspec.json.encode({"as": audience}).decode()
