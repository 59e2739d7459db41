"""Pretend devices for demonstrations, load and fault tests: real MQTT, real store-and-forward, invented people.

One loop drives them all; the ledger hears what was sent, what the broker took and what the server covered.
"""

import asyncio
import random
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import msgspec

from devices import topics
from devices.backlog import Backlog, Saved
from devices.mqtt import DeviceClient
from devices.mqtt_endpoint import Backoff, Endpoint, Tls
from devices.physiology import Episode, Physiology, Vitals

_CONNECTS_AT_ONCE = 16


class Ledger(Protocol):
    """Told in the simulation's loop; a fault test writes it down where the killed process cannot reach."""

    def sent(self, device_id: str, epoch: str, seq: int) -> None: ...
    def acked(self, device_id: str, epoch: str, seq: int) -> None: ...
    def covered(self, device_id: str, epoch: str, seq: int) -> None: ...


@dataclass(frozen=True)
class Plan:
    """Who sends what, where and how long.

    ``rate_hz`` messages a second and device, each with one set of vitals. After ``duration_s`` (None: for ever) nothing
    new is measured, and what is held has ``drain_s`` to be covered. ``state_dir`` keeps each device's backlog.
    """

    host: str
    port: int
    devices: Sequence[tuple[str, str]]  # id, secret
    rate_hz: float = 1.0
    duration_s: float | None = None
    drain_s: float = 15.0
    seed: int = 0
    episodes: Sequence[Episode] = ()
    episode_devices: int | None = None  # how many of the devices have the episodes; None: all
    tls: Tls | None = None
    window: int = 20
    capacity: int = 10_000
    resend_after_s: float = 5.0
    backoff: Backoff = field(default_factory=lambda: Backoff(0.25, 10.0))
    state_dir: Path | None = None


@dataclass
class Report:
    """Messages over all devices: ``sent`` counts each time; ``held`` were not covered at the end; ``lost``: no room."""

    measured: int = 0
    sent: int = 0
    puback: int = 0
    covered: int = 0
    held: int = 0
    lost: int = 0
    connects: int = 0
    refused: int = 0


async def simulate(plan: Plan, ledger: Ledger | None = None, report: Report | None = None) -> Report:
    """Play the plan to its end. A report handed in can be read while it runs."""
    report = report or Report()
    turnstile = asyncio.Semaphore(_CONNECTS_AT_ONCE)
    async with asyncio.TaskGroup() as group:
        for index, (device_id, secret) in enumerate(plan.devices):
            troubled = plan.episode_devices is None or index < plan.episode_devices
            device = _Device(plan, (device_id, secret), report, ledger)
            person = Physiology(f"{plan.seed}/{device_id}", plan.episodes if troubled else ())
            group.create_task(device.run(person, turnstile), name=f"device {device_id}")
    return report


class _Device:
    """One device: measures by the clock, holds what is not covered, sends through its window, comes back when cut."""

    def __init__(self, plan: Plan, account: tuple[str, str], report: Report, ledger: Ledger | None) -> None:
        self._plan = plan
        self._id, self._secret = account
        self._report = report
        self._ledger = ledger
        self._random = random.Random(f"{plan.seed}/{self._id}/network")  # noqa: S311 - jitter
        self._backlog = self._load()
        self._client: DeviceClient | None = None
        self._up = False
        self._over = asyncio.Event()  # this connection is
        self._empty = asyncio.Event()
        self._flying: dict[int, int] = {}  # packet id → seq

    async def run(self, person: Physiology, turnstile: asyncio.Semaphore) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                background = [group.create_task(self._stay_connected(turnstile)), group.create_task(self._pump())]
                await self._measure(person)
                await self._drain()
                for task in background:
                    task.cancel()
        finally:
            self._report.held += len(self._backlog)
            self._report.lost += self._backlog.lost
            self._save()

    async def _drain(self) -> None:
        self._empty.clear()
        if self._backlog:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._empty.wait(), self._plan.drain_s)

    async def _measure(self, person: Physiology) -> None:
        """On a beat of its own phase, so that many devices do not speak at one moment."""
        loop, period_s = asyncio.get_running_loop(), 1 / self._plan.rate_hz
        begun = loop.time()
        beat = self._random.random() * period_s
        while self._plan.duration_s is None or beat < self._plan.duration_s:
            await asyncio.sleep(begun + beat - loop.time())
            if (vitals := person.at(beat)) is not None:
                self._backlog.add(_readings(vitals, datetime.now(UTC)))
                self._report.measured += 1
                self._send()
            beat += period_s

    async def _stay_connected(self, turnstile: asyncio.Semaphore) -> None:
        failures = 0
        try:
            while True:
                was_up = await self._one_connection(turnstile)
                failures = 0 if was_up else failures + 1
                await asyncio.sleep(self._plan.backoff.delay_s(failures, self._random.random()))
        finally:
            if self._client:
                self._client.disconnect()

    async def _one_connection(self, turnstile: asyncio.Semaphore) -> bool:
        self._over = asyncio.Event()
        self._client = self._new_client()
        try:
            async with turnstile:
                await self._client.connect()
        except OSError:
            return False
        await self._over.wait()
        was_up, self._up = self._up, False
        self._report.refused += not was_up
        self._flying.clear()
        self._backlog.disconnected()
        return was_up

    def _new_client(self) -> DeviceClient:
        plan = self._plan
        endpoint = Endpoint(plan.host, plan.port, self._id, self._secret, tls=plan.tls)
        offline = msgspec.json.encode({"online": False})
        client = DeviceClient(endpoint, [topics.ack(self._id)], will=(topics.status(self._id), offline))
        client.on_up = self._on_up
        client.on_down = lambda _reason: self._over.set()
        client.on_message = self._on_message
        client.on_published = self._on_published
        return client

    def _on_up(self) -> None:
        self._up = True
        self._report.connects += 1
        if self._client:
            self._client.publish(topics.status(self._id), msgspec.json.encode({"online": True}), retain=True)
        self._send()

    def _on_message(self, _topic: str, payload: bytes) -> None:
        ack = msgspec.json.decode(payload, type=_Ack)
        for seq in self._backlog.covered(ack.epoch, ack.seq):
            self._report.covered += 1
            if self._ledger:
                self._ledger.covered(self._id, self._backlog.epoch, seq)
        if not self._backlog:
            self._empty.set()
        self._send()

    def _on_published(self, mid: int) -> None:
        if (seq := self._flying.pop(mid, None)) is not None:
            self._report.puback += 1
            if self._ledger:
                self._ledger.acked(self._id, self._backlog.epoch, seq)

    async def _pump(self) -> None:
        """What was not covered in time is sent again, whether or not anything new is measured."""
        while True:
            await asyncio.sleep(self._plan.resend_after_s / 2)
            self._send()

    def _send(self) -> None:
        if not self._up or self._client is None:
            return
        for message in self._backlog.due(asyncio.get_running_loop().time()):
            body = _Body(self._backlog.epoch, message.seq, message.oldest, datetime.now(UTC), message.readings)
            self._report.sent += 1
            if self._ledger:
                self._ledger.sent(self._id, self._backlog.epoch, message.seq)
            self._flying[self._client.publish(topics.readings(self._id), msgspec.json.encode(body))] = message.seq

    def _load(self) -> Backlog:
        plan = self._plan
        backlog = Backlog(
            epoch=secrets.token_hex(4),  # a device that forgot its counter begins a new one
            window=plan.window,
            capacity=plan.capacity,
            resend_after_s=plan.resend_after_s,
        )
        if (file := self._file()) and file.exists():
            backlog.restore(msgspec.json.decode(file.read_bytes(), type=Saved))
        return backlog

    def _save(self) -> None:
        if file := self._file():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(msgspec.json.encode(self._backlog.save()))

    def _file(self) -> Path | None:
        return self._plan.state_dir / f"{self._id}.json" if self._plan.state_dir else None


class _Ack(msgspec.Struct, frozen=True):
    epoch: str | None
    seq: int


class _Body(msgspec.Struct, frozen=True):
    """The native message of the MQTT contract."""

    epoch: str
    seq: int
    oldest: int
    sent: datetime
    readings: msgspec.Raw


def _readings(vitals: Vitals, at: datetime) -> list[dict[str, object]]:
    return [
        {"metric": "spo2", "value": vitals.spo2, "unit": "%", "at": at},
        {"metric": "pulse_rate", "value": vitals.pulse_rate, "unit": "/min", "at": at},
        {"metric": "resp_rate", "value": vitals.resp_rate, "unit": "/min", "at": at},
    ]
