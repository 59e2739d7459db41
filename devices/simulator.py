"""Pretend devices for demonstrations, load and fault tests: real MQTT, real store-and-forward, invented people.

One loop drives them all; the ledger hears what was sent, what the broker took and what the server covered.
"""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from devices.backlog import Backlog, Saved
from devices.courier import Courier
from devices.heartbeat import Beats
from devices.held_log import HeldLog, new_epoch
from devices.mqtt_endpoint import Backoff, Endpoint, Tls
from devices.physiology import Episode, Physiology, Vitals
from devices.wave_message import held
from devices.waves import CHANNELS, Block

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
    waves: Sequence[str] = ()  # channels that are recorded all the time, a block a second


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
    """One device: measures by the clock; a courier carries what it holds. Told by it as its ``Watcher``."""

    def __init__(self, plan: Plan, account: tuple[str, str], report: Report, ledger: Ledger | None) -> None:
        self._plan = plan
        self._id, secret = account
        self._report = report
        self._ledger = ledger
        self._random = random.Random(f"{plan.seed}/{self._id}/network")  # noqa: S311 - jitter
        self._log = HeldLog(plan.state_dir / f"{self._id}.log", sync=False) if plan.state_dir else None
        self._backlog = self._load()
        self._empty = asyncio.Event()
        endpoint = Endpoint(plan.host, plan.port, self._id, secret, tls=plan.tls)
        self._courier = Courier(endpoint, self._backlog, self, plan.backoff, chance=self._random)

    async def run(self, person: Physiology, turnstile: asyncio.Semaphore) -> None:
        self._courier.turnstile = turnstile
        try:
            async with asyncio.TaskGroup() as group:
                carrying = group.create_task(self._courier.run())
                recording = group.create_task(self._record(person))
                await self._measure(person)
                recording.cancel()
                await self._drain()
                carrying.cancel()
        finally:
            self._report.held += len(self._backlog)
            self._report.lost += self._backlog.lost
            if self._log:
                self._log.rewrite(self._backlog.save())

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
                self._keep(_readings(vitals, datetime.now(UTC)))
            beat += period_s

    def _keep(self, measured: object) -> None:
        self._backlog.add(measured)
        self._report.measured += 1
        self._courier.send()

    async def _record(self, person: Physiology) -> None:
        """Each second the one that is over; what is silent is so here too."""
        beats = [Beats(channel, f"{self._plan.seed}/{self._id}") for channel in self._plan.waves]
        begun, begun_at, second = asyncio.get_running_loop().time(), datetime.now(UTC), 0
        while beats:
            await asyncio.sleep(begun + second + 1 - asyncio.get_running_loop().time())
            start, vitals = begun_at + timedelta(seconds=second), person.at(second)
            if vitals is not None:
                for each in beats:
                    block = Block(each.channel, start, each.rate, each.gain, 0.0, each.second(vitals.pulse_rate))
                    self._keep(held(block, CHANNELS[each.channel].unit))
            second += 1

    def connected(self) -> None:
        self._report.connects += 1

    def refused(self) -> None:
        self._report.refused += 1

    def sent(self, seq: int) -> None:
        self._report.sent += 1
        if self._ledger:
            self._ledger.sent(self._id, self._backlog.epoch, seq)

    def acked(self, seq: int) -> None:
        self._report.puback += 1
        if self._ledger:
            self._ledger.acked(self._id, self._backlog.epoch, seq)

    def covered(self, seqs: list[int]) -> None:
        self._report.covered += len(seqs)
        if self._ledger:
            for seq in seqs:
                self._ledger.covered(self._id, self._backlog.epoch, seq)
        if not self._backlog:
            self._empty.set()

    def _load(self) -> Backlog:
        """A device that forgot its counter begins a new epoch."""
        plan = self._plan
        saved = self._log.read() if self._log else Saved(new_epoch())
        backlog = Backlog(saved.epoch, window=plan.window, capacity=plan.capacity, resend_after_s=plan.resend_after_s)
        backlog.restore(saved)
        return backlog


def _readings(vitals: Vitals, at: datetime) -> list[dict[str, object]]:
    return [
        {"metric": "spo2", "value": vitals.spo2, "unit": "%", "at": at},
        {"metric": "pulse_rate", "value": vitals.pulse_rate, "unit": "/min", "at": at},
        {"metric": "resp_rate", "value": vitals.resp_rate, "unit": "/min", "at": at},
    ]
