"""A page's live socket, as a browser opens it, that can also say what no page of ours would."""

from types import TracebackType
from typing import Any, Self

import socketio

from tests.attacks.ward import PATIENT, Ward, Who


class Screen:
    """``told`` is all that came, in order; heartbeats apart."""

    def __init__(self, ward: Ward, who: Who, **headers: str) -> None:
        self._url, self._who, self._headers = ward.hospital.url, who, headers
        self.told: list[tuple[str, Any]] = []
        self.goodbye: str | None = None
        self.io = socketio.AsyncClient(reconnection=False)
        self.io.on("*", self._hear)

    async def open(self, **options: object) -> Self:
        audience = "patient" if self._who.name == PATIENT else "staff"
        asked: dict[str, Any] = {
            "auth": {"as": audience},
            "socketio_path": "live",
            "transports": ["websocket"],
            **options,
        }
        await self.io.connect(self._url, headers={**self._who.headers, **self._headers}, **asked)
        return self

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.io.disconnect()
        await self.io.shutdown()

    async def say(self, event: str, *arguments: object) -> dict[str, Any]:
        """The server's answer to exactly this."""
        sent: Any = arguments if len(arguments) != 1 else arguments[0]
        reply: dict[str, Any] = await self.io.call(event, sent, timeout=5)
        return reply

    async def is_given(self, event: str, *arguments: object) -> dict[str, Any]:
        reply = await self.say(event, *arguments)
        assert reply["ok"], reply
        return reply

    def heard(self, event: str) -> list[Any]:
        return [message for name, message in self.told if name == event]

    async def _hear(self, event: str, message: Any = None, *_: object) -> None:  # noqa: ANN401 – JSON
        if event == "goodbye":
            self.goodbye = message["reason"]
        if event != "heartbeat":
            self.told.append((event, message))
