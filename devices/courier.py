"""Carries a device's backlog to the server: connects, sends what is due, lets go what ``…/ack`` covers, comes back when
cut. The simulator and the agent both hand it their messages; what they measure, and where they keep it, is theirs.
"""

import asyncio
import random
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Protocol

import msgspec

from devices import topics, wave_message
from devices.backlog import Backlog, Outgoing
from devices.mqtt import DeviceClient
from devices.mqtt_endpoint import Backoff, Endpoint

Body = Callable[[Backlog, Outgoing], bytes]


class Watcher(Protocol):
    """Told in the loop of what became of a message. ``covered`` is told once they are let go."""

    def connected(self) -> None: ...
    def refused(self) -> None: ...
    def sent(self, seq: int) -> None: ...
    def acked(self, seq: int) -> None: ...
    def covered(self, seqs: list[int]) -> None: ...


class _Ack(msgspec.Struct, frozen=True):
    epoch: str | None
    seq: int


class _Refused(msgspec.Struct, frozen=True):
    """A message whose number could not be read: its bytes, by their SHA-256, are in quarantine."""

    refused: str


class _Message(msgspec.Struct, frozen=True):
    """The native message of the MQTT contract."""

    epoch: str
    seq: int
    oldest: int
    sent: datetime
    readings: msgspec.Raw


def plain(backlog: Backlog, message: Outgoing) -> bytes:
    """As it was kept."""
    now = datetime.now(UTC)
    if wave_message.is_wave(message.readings):
        return wave_message.body(backlog, message, now)
    return msgspec.json.encode(_Message(backlog.epoch, message.seq, message.oldest, now, message.readings))


@dataclass
class Courier:
    """``turnstile`` is passed on the way in, where many devices share one; ``chance`` jitters the way back."""

    endpoint: Endpoint
    backlog: Backlog
    watcher: Watcher
    backoff: Backoff
    body: Body = plain
    turnstile: AbstractAsyncContextManager[object] = field(default_factory=nullcontext)
    chance: random.Random = field(default_factory=random.Random)
    quarantined: Callable[[int], None] = lambda _seq: None  # told once it is let go
    up: bool = False
    _client: DeviceClient | None = None
    _over: asyncio.Event = field(default_factory=asyncio.Event)  # this connection is
    _flying: dict[int, int] = field(default_factory=dict)  # packet id → seq
    _said: dict[int, bytes] = field(default_factory=dict)  # seq → SHA-256 of what was sent last under it

    async def run(self) -> None:
        """Until it is cancelled; then it takes its leave, so that no will speaks for it."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._stay_connected())
            group.create_task(self._pump())

    def send(self) -> None:
        """What is due now, if there is a connection."""
        if not self.up or self._client is None:
            return
        for message in self.backlog.due(asyncio.get_running_loop().time()):
            self.watcher.sent(message.seq)
            body = self.body(self.backlog, message)
            self._said[message.seq] = sha256(body).digest()
            self._flying[self._client.publish(wave_message.topic(self._id, message), body)] = message.seq

    @property
    def _id(self) -> str:
        return self.endpoint.client_id

    async def _pump(self) -> None:
        """What was not covered in time is sent again, whether or not anything new is measured."""
        while True:
            await asyncio.sleep(self.backlog.resend_after_s / 2)
            self.send()

    async def _stay_connected(self) -> None:
        failures = 0
        try:
            while True:
                was_up = await self._one_connection()
                failures = 0 if was_up else failures + 1
                await asyncio.sleep(self.backoff.delay_s(failures, self.chance.random()))
        finally:
            if self._client:
                self._client.disconnect()

    async def _one_connection(self) -> bool:
        self._over = asyncio.Event()
        self._client = self._new_client()
        try:
            async with self.turnstile:
                await self._client.connect()
        except OSError:
            return False
        await self._over.wait()
        was_up, self.up = self.up, False
        if not was_up:
            self.watcher.refused()
        self._flying.clear()
        self.backlog.disconnected()
        return was_up

    def _new_client(self) -> DeviceClient:
        offline = msgspec.json.encode({"online": False})
        client = DeviceClient(self.endpoint, [topics.ack(self._id)], will=(topics.status(self._id), offline))
        client.on_up = self._on_up
        client.on_down = lambda _reason: self._over.set()
        client.on_message = self._on_message
        client.on_published = self._on_published
        return client

    def _on_up(self) -> None:
        self.up = True
        self.watcher.connected()
        if self._client:
            self._client.publish(topics.status(self._id), msgspec.json.encode({"online": True}), retain=True)
        self.send()

    def _on_message(self, _topic: str, payload: bytes) -> None:
        """What is no receipt lets nothing go."""
        try:
            ack = msgspec.json.decode(payload, type=_Ack)
        except msgspec.DecodeError:
            self._on_refusal(payload)
            return
        gone = self.backlog.covered(ack.epoch, ack.seq)
        if gone:
            self._said = {seq: said for seq, said in self._said.items() if seq > ack.seq}
        self.watcher.covered(gone)
        self.send()

    def _on_refusal(self, payload: bytes) -> None:
        """It is never sent again, and the next message's ``oldest`` says so: else all that follow would wait for it."""
        try:
            refused = bytes.fromhex(msgspec.json.decode(payload, type=_Refused).refused)
        except ValueError:  # as msgspec's own are
            return
        for seq in [seq for seq, said in self._said.items() if said == refused]:
            del self._said[seq]
            if self.backlog.quarantined(seq):
                self.quarantined(seq)
        self.send()

    def _on_published(self, mid: int) -> None:
        if (seq := self._flying.pop(mid, None)) is not None:
            self.watcher.acked(seq)
