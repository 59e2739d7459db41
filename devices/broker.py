"""The embedded broker: amqtt in a thread of its own, behind a gate that guards it. MQTT 3.1.1, memory only.

It is a buffer, not the record: what is not PUBACKed within five seconds amqtt forgets and never sends again, so the
only receipt of a device is ``…/ack``, and what that did not cover comes again from the device itself.
"""

import asyncio
import hmac
import logging
import secrets
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from amqtt.broker import Broker
from amqtt.plugins.base import BaseAuthPlugin
from amqtt.session import Session

from devices.broker_frames import Connect, Fault, refusal
from devices.broker_gate import Gate, Unseen, Witness
from devices.broker_guard import Client, identify
from devices.broker_listener import Speaks, listen, listen_at
from devices.broker_session import GuardLimits
from devices.broker_threshold import Caller

LOG = logging.getLogger(__name__)
SERVICE_ID = "bedside-server"  # no device may bear it
START_S = 10.0
STOP_S = 5.0
_LISTENER = "default"  # amqtt insists on one of this name

Check = Callable[[str, str], bool]  # (device id, secret) → is it so; answers from memory, from any thread
Opened = Callable[[str, int, Gate], Awaitable[Sequence[socket.socket]]]  # host, port; raises OSError
Certified = Callable[[str, bytes], bool]  # (device id, certificate) → is it that device's; as above


class BrokerError(Exception):
    """The embedded broker did not start, or ended by itself."""


@dataclass(frozen=True)
class TlsListener:
    """Where devices of the local network connect; plain MQTT stays on loopback.

    ``certified`` is asked where a client shows a certificate, which ``context`` then has to ask for and to believe, in
    place of a secret. ``opened`` makes sockets that ask the gate of each connection before its handshake; without it
    those who never end theirs are not counted. ``caller`` says what counts as one caller.
    """

    host: str
    port: int
    context: ssl.SSLContext
    certified: Certified | None = None
    opened: Opened | None = None
    caller: Caller = str


@dataclass(frozen=True)
class Credential:
    """A client id, which is the user name too, and its secret."""

    client_id: str
    secret: str = field(repr=False)


class Admitted(BaseAuthPlugin):  # type: ignore[misc]  # amqtt ships no types
    """amqtt lets nobody in unless a plugin says yes; its only listener is the gate, which has asked already."""

    async def authenticate(self, *, session: Session) -> bool:  # noqa: ARG002
        return True


class EmbeddedBroker:
    """Start, run, stop from the application's loop; ``revoke`` from any thread.

    ``check`` is asked in the broker's thread at every CONNECT. A port of 0 is any free one; after ``start`` the
    attributes ``port`` and ``tls_port`` are the real ones. ``faults`` counts why clients were turned away or cut.
    """

    def __init__(
        self,
        check: Check,
        port: int = 0,
        tls: TlsListener | None = None,
        limits: GuardLimits | None = None,
        *,
        witness: Witness | None = None,
    ) -> None:
        self.service = Credential(SERVICE_ID, secrets.token_urlsafe(32))
        self.port = port
        self.tls_port = tls.port if tls else None
        self.faults: Counter[Fault] = Counter()
        self._check = check
        self._tls = tls
        self._limits = limits or GuardLimits()
        self._witness = witness or Unseen()
        self._gate: Gate | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._ended: Future[None] = Future()

    @property
    def connections(self) -> int:
        """Clients that were let in and are still there, the server's own included."""
        return len(self._gate.live) if self._gate else 0

    @property
    def unheard(self) -> int:
        """Messages that reached nobody, because the server's link was away; amqtt keeps nothing for it."""
        return self._gate.unheard if self._gate else 0

    async def start(self) -> None:
        """Returns when the listeners accept; raises BrokerError, for instance where the port is taken."""
        ready: Future[None] = Future()
        self._ended = Future()
        self._thread = threading.Thread(target=self._work, args=(ready, self._ended), name="mqtt-broker", daemon=True)
        self._thread.start()
        try:
            await asyncio.wait_for(asyncio.wrap_future(ready), START_S)
        except (OSError, TimeoutError) as error:
            self._thread = None
            raise BrokerError(f"the embedded MQTT broker did not start: {error}") from error

    async def run(self) -> None:
        """Watch the broker's thread, starting it where none runs; raises BrokerError when it ends unasked."""
        if self._thread is None:
            await self.start()
        try:
            await asyncio.shield(asyncio.wrap_future(self._ended))
        except Exception as error:
            self._thread = None
            raise BrokerError("the embedded MQTT broker ended by itself") from error

    async def stop(self) -> None:
        """Cut every connection and end the thread, within ``STOP_S`` seconds."""
        if self._stop is not None and self._thread is not None:
            self._in_loop(self._stop.set)
            await asyncio.to_thread(self._thread.join, STOP_S)
            self._thread = None

    def revoke(self, device_id: str) -> None:
        """Cut the live session of a device at once, from any thread; what it sent last goes no further."""
        if self._gate is not None:
            self._in_loop(partial(self._gate.cut, device_id, Fault.REVOKED))

    def _in_loop(self, step: Callable[[], None]) -> None:
        with suppress(RuntimeError):  # the loop has closed, and every connection with it
            if self._loop is not None:
                self._loop.call_soon_threadsafe(step)

    def _work(self, ready: "Future[None]", ended: "Future[None]") -> None:
        try:
            asyncio.run(self._main(ready))
        except Exception as error:  # noqa: BLE001 - whatever it was, run() must hear of it
            (ended if ready.done() else ready).set_exception(error)
        else:
            ended.set_result(None)

    async def _main(self, ready: "Future[None]") -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._loop.set_exception_handler(_log_loop_error)
        broker = _quiet_broker()
        self._gate = Gate(
            self._admit,
            partial(broker.external_connected, listener_name=_LISTENER),
            self._limits,
            self.faults,
            witness=self._witness,
            caller=self._tls.caller if self._tls else str,
        )
        await broker.start()
        servers = await self._listen(self._gate)
        ready.set_result(None)
        await self._stop.wait()
        for server in servers:
            server.close()
        await self._gate.close()
        await asyncio.wait_for(broker.shutdown(), STOP_S / 2)

    async def _listen(self, gate: Gate) -> list[asyncio.Server]:
        plain = await listen(gate.serve, "127.0.0.1", self.port)
        self.port = plain.sockets[0].getsockname()[1]
        if self._tls is None:
            return [plain]
        secured = await self._listen_tls(gate, self._tls)
        self.tls_port = secured[0].sockets[0].getsockname()[1]
        return [plain, *secured]

    async def _listen_tls(self, gate: Gate, tls: TlsListener) -> list[asyncio.Server]:
        speaks = Speaks(tls.context, self._limits.connect_s)
        if tls.opened is None:
            return [await listen(gate.serve, tls.host, tls.port, speaks)]
        return await listen_at(gate.serve, await tls.opened(tls.host, tls.port, gate), speaks)

    def _admit(self, connect: Connect, certificate: bytes | None) -> Client:
        client = Client(identify(connect), service=connect.client_id == SERVICE_ID)
        shown = None if connect.password else certificate  # who says a secret is judged by that
        if not self._knows(client, (connect.password or b"").decode(errors="replace"), shown):
            raise refusal(Fault.CREDENTIAL, 4)
        return client

    def _knows(self, client: Client, secret: str, certificate: bytes | None) -> bool:
        if client.service:
            return hmac.compare_digest(secret.encode(), self.service.secret.encode())
        if certificate is not None and self._tls is not None and self._tls.certified is not None:
            return self._tls.certified(client.id, certificate)
        return self._check(client.id, secret)


def _quiet_broker() -> Broker:
    """amqtt with nothing of its own but the routing: its listener is ours, and so are rights, limits and times."""
    for name in ("amqtt", "transitions"):
        logger = logging.getLogger(name)
        logger.setLevel(logging.ERROR)
        logger.propagate = False
        if not any(isinstance(handler, _Unexpected) for handler in logger.handlers):
            logger.addHandler(_Unexpected())
    listener = {"type": "external"}
    return Broker({"listeners": {_LISTENER: listener}, "plugins": {f"{__name__}.{Admitted.__qualname__}": {}}})


class _Unexpected(logging.Handler):
    """Passes on amqtt's errors but the one that is every day's: a PUBACK that did not come within five seconds."""

    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0] if record.exc_info else None
        if kind is None or not issubclass(kind, TimeoutError):
            LOG.error("amqtt: %s %s", record.funcName, kind.__name__ if kind else "")


def _log_loop_error(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What amqtt's own tasks let fall. The message alone: an exception's text may quote a payload."""
    error = context.get("exception")
    LOG.warning("embedded broker: %s (%s)", context.get("message"), type(error).__name__)
