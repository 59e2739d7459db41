"""What was seen of devices lately – who is connected, who was refused and why, battery, firmware – gathered in memory
and written down by the second. Losing it loses nothing that matters: readings are in the journal.

Brokers and doors report from any thread. Only devices on record are remembered, so that memory is bounded.
"""

import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Protocol

import msgspec

from devices.reader import Entry
from devices.readings import Message, Refusal
from devices.topics import parse

TOLD_EVERY = timedelta(seconds=10)  # that a device speaks on
BATTERY_EVERY = timedelta(minutes=10)  # that its battery is as it was
AT_ONCE = 2_000  # devices written in one transaction; the others in the next
DETAIL_LIMIT = 200
FIRMWARE_LIMIT = 64
STATUS_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Connection:
    """``state``: connected, disconnected, refused, never."""

    state: str
    since: datetime | None


@dataclass(slots=True)
class News:
    """Of one device since the last writing. None: nothing new."""

    heard_at: datetime | None = None
    battery: float | None = None
    battery_at: datetime | None = None
    firmware: str | None = None
    refused_at: datetime | None = None
    refused_reason: str | None = None
    refused_detail: str | None = None


@dataclass(slots=True)
class Last:
    """What was told of a device that speaks: it speaks on, and is neither written nor told at every message.
    ``refused``: that was the newest news, and who mends it waits for the good message."""

    told_at: datetime | None = None
    refused: bool = False
    battery: float | None = None
    battery_at: datetime | None = None


class Status(msgspec.Struct, frozen=True):
    """What a device says on ``…/status``; other fields are passed over."""

    battery: Annotated[float, msgspec.Meta(ge=0, le=100)] | None = None
    firmware: Annotated[str, msgspec.Meta(max_length=FIRMWARE_LIMIT)] | None = None


_STATUS = msgspec.json.Decoder(Status)


class SightingsTx(Protocol):
    async def write_sightings(self, news: Sequence[tuple[str, News]]) -> None:
        """By device id, in their order."""


class Sightings:
    """``on_record`` knows the devices, dead ones too. ``told`` is called with the id of each of which there is news."""

    def __init__(
        self,
        begin: Callable[[], AbstractAsyncContextManager[SightingsTx]],
        on_record: Callable[[str], bool],
        told: Callable[[str], Awaitable[None]],
    ) -> None:
        self._begin = begin
        self._on_record = on_record
        self._told = told
        self._lock = threading.Lock()
        self._news: dict[str, News] = {}
        self._stirred: dict[str, None] = {}  # came or went: nothing to write
        self._connections: dict[str, Connection] = {}
        self._last: dict[str, Last] = {}

    def connection(self, device_id: str) -> Connection | None:
        return self._connections.get(device_id)

    def connected(self, device_id: str, at: datetime) -> None:
        self._stir(device_id, Connection("connected", at))

    def disconnected(self, device_id: str, at: datetime) -> None:
        self._stir(device_id, Connection("disconnected", at))

    def refused(self, device_id: str, reason: str, at: datetime, detail: str = "") -> None:
        """At a door, or a message of it."""
        with self._lock:
            self._refuse(device_id, reason, at, detail)

    def observed(self, entries: Sequence[Entry]) -> None:
        """What became of a batch, after its commit. Of each device the newest message alone is looked into."""
        with self._lock:
            looked: set[str] = set()
            for entry in reversed(entries):
                self._look(entry, looked)

    async def tick(self, _now: datetime) -> None:
        """The news of a moment in one transaction; then who watches is told. What cannot be written is forgotten."""
        with self._lock:
            now = dict(list(self._news.items())[:AT_ONCE])
            self._news = {id_: news for id_, news in self._news.items() if id_ not in now}
            stirred, self._stirred = self._stirred, {}
        if now:
            async with self._begin() as tx:
                await tx.write_sightings(sorted(now.items()))
        for device_id in {**stirred, **dict.fromkeys(now)}:
            await self._told(device_id)

    def _stir(self, device_id: str, connection: Connection) -> None:
        with self._lock:
            if self._on_record(device_id):
                self._connections[device_id] = connection
                self._stirred[device_id] = None

    def _look(self, entry: Entry, looked: set[str]) -> None:
        if (quarantined := entry.quarantined) is not None and quarantined.device_id is not None:
            self._refuse(quarantined.device_id, quarantined.reason, quarantined.received_at, quarantined.detail)
        if entry.message is not None:
            self._hear(entry.message, looked)
        elif entry.quarantined is None and not entry.arrival.retained:
            self._note_status(entry)

    def _hear(self, message: Message, looked: set[str]) -> None:
        """A message refused reading by reading got through all the same: the device is heard, and its refusal kept."""
        faults = [refusal for refusal in message.body.refusals if refusal.reason.fault]
        for refusal in faults:
            self._refuse(message.device_id, refusal.reason, message.received_at, _named(refusal))
        if message.device_id in looked or not self._on_record(message.device_id):
            return
        looked.add(message.device_id)
        self._note_heard(message.device_id, message.received_at)
        if not faults:
            self._note_mended(message.device_id)
        for reading in message.body.readings:
            if reading.metric == "battery":
                self._note_battery(message.device_id, reading.value, reading.at)

    def _note_heard(self, device_id: str, at: datetime) -> None:
        """The first message since the start is written; that it speaks on, its row says already."""
        last = self._last.setdefault(device_id, Last())
        if last.told_at is None:
            last.told_at = at
            if (news := self._of(device_id)) is not None:
                news.heard_at = at
        elif at - last.told_at >= TOLD_EVERY:
            last.told_at = at
            self._stirred[device_id] = None

    def _note_mended(self, device_id: str) -> None:
        """The first good message after a refusal is told at once."""
        last = self._last[device_id]
        if last.refused:
            last.refused = False
            self._stirred[device_id] = None

    def _note_battery(self, device_id: str, percent: float, at: datetime) -> None:
        last = self._last.setdefault(device_id, Last())
        same = last.battery == percent and last.battery_at is not None and at - last.battery_at < BATTERY_EVERY
        if not same and (news := self._of(device_id)) is not None:
            last.battery, last.battery_at = percent, at
            news.battery, news.battery_at = percent, at

    def _note_status(self, entry: Entry) -> None:
        arrival, topic = entry.arrival, parse(entry.arrival.topic)
        if topic is None or topic.channel != "status" or len(arrival.payload) > STATUS_BYTES:
            return
        try:
            status = _STATUS.decode(arrival.payload)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return
        if status.battery is not None and self._on_record(topic.device_id):
            self._note_battery(topic.device_id, status.battery, arrival.received_at)
        named = status.firmware is not None and status.firmware.isprintable()
        if named and (news := self._of(topic.device_id)) is not None:
            news.firmware = status.firmware

    def _refuse(self, device_id: str, reason: str, at: datetime, detail: str) -> None:
        news = self._of(device_id)
        if news is not None and (news.refused_at is None or news.refused_at <= at):
            news.refused_at, news.refused_reason, news.refused_detail = at, reason, detail[:DETAIL_LIMIT]
            self._last.setdefault(device_id, Last()).refused = True

    def _of(self, device_id: str) -> News | None:
        if (news := self._news.get(device_id)) is None and self._on_record(device_id):
            news = self._news[device_id] = News()
        return news


class BrokerWitness:
    """devices.broker_gate.Witness: what the embedded broker sees at its door, with the time."""

    def __init__(self, sightings: Sightings, clock: Callable[[], datetime]) -> None:
        self._sightings = sightings
        self._clock = clock

    def connected(self, client_id: str) -> None:
        self._sightings.connected(client_id, self._clock())

    def gone(self, client_id: str) -> None:
        self._sightings.disconnected(client_id, self._clock())

    def refused(self, client_id: str, reason: str) -> None:
        self._sightings.refused(client_id, reason, self._clock())


def _named(refusal: Refusal) -> str:
    return ": ".join(filter(None, (refusal.metric, refusal.detail)))
