"""THE PATH: batch → decode → store in one transaction → acknowledge. What a reading means is decided elsewhere."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from secrets import token_hex
from typing import Protocol

import msgspec
import structlog

from devices import answers, topics
from devices.clock import Clock, localised, place, place_waves
from devices.clock_steps import NOTHING, Stepped, never
from devices.codecs import CONVERSATIONS, Codec, Conversation, codec_of, sparkplug
from devices.readings import Body, Decoded, Message, Quarantined, Reason, Refusal

LINGER_S = 0.005
BATCH = 1000  # some tens of milliseconds of the loop at most; the larger, the less a commit costs each message
BACKOFF_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
PATIENCE = 3  # how often a batch may fail on its own account before the message at fault is looked for
PASSED_OVER = frozenset({"status", "ack", "command"})  # known to the contract, nothing to store; two are our own echo

logger = structlog.get_logger()


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """What an acknowledgement to the broker needs: the packet's id, and the connection that it is valid in."""

    generation: int
    mid: int


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """A message as the broker handed it over; ``reread``: out of quarantine, read already (devices.reread)."""

    topic: str
    payload: bytes
    retained: bool
    received_at: datetime
    receipt: Receipt
    reread: Message | None = None


class Link(Protocol):
    """What ingest needs of MQTT."""

    async def arrivals(self, linger_s: float, limit: int) -> list[Arrival]:
        """Wait for at least one, then at most ``linger_s`` for more."""

    def acknowledge(self, receipts: Sequence[Receipt]) -> None:
        """PUBACK, in this order; a receipt of an older connection is ignored."""

    def publish_ack(self, device_id: str, epoch: str | None, seq: int) -> None:
        """Tell the device on ``…/ack`` that everything up to ``seq`` is committed or quarantined."""

    def tell(self, topic: str, payload: bytes) -> None:
        """Say it if there is a connection; what is not heard is said when the device says the same again."""


class KnownDevice(msgspec.Struct, frozen=True, gc=False):
    """A device that was added and not revoked; ``clock_offset`` is its clock minus ours, as last stored."""

    id: str
    clock_offset: timedelta


class Registry(Protocol):
    """The devices, as an in-memory snapshot."""

    def known(self, device_id: str) -> KnownDevice | None: ...


class Ack(msgspec.Struct, frozen=True, gc=False):
    """The highest sequence up to which everything is stored. ``epoch`` "" is the stream of messages without epoch."""

    device_id: str
    epoch: str
    seq: int


class Stored(msgspec.Struct, frozen=True, gc=False):
    """A message that is in the database now and was not before. Held, with None, where nobody wears the device."""

    message: Message
    message_id: str
    patient_id: str | None
    partition: int | None
    position: int | None


class StoredWaves(msgspec.Struct, frozen=True, gc=False):
    """The blocks of a message, in the database now and not before; ``patient_ids``: who wore the device then."""

    message: Message
    patient_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class Committed:
    """What one transaction of the journal did. Duplicates are covered by ``acks`` but are not in ``stored``.

    A message of nothing but waves is in ``waves`` alone."""

    acks: Sequence[Ack]
    stored: Sequence[Stored]
    waves: Sequence[StoredWaves] = ()

    @property
    def messages(self) -> int:
        rows = {(one.message.device_id, one.message.identity) for one in self.stored} if self.waves else ()
        apart = sum((one.message.device_id, one.message.identity) not in rows for one in self.waves)
        return len(self.stored) + apart


class Journal(Protocol):
    """What ingest needs of the store."""

    async def commit(self, messages: Sequence[Message], quarantined: Sequence[Quarantined]) -> Committed:
        """Store all or nothing, each message once by (device, identity)."""


@dataclass(slots=True)
class Stats:
    """Counters since the start; ``failing_since`` is set while the journal takes nothing."""

    received: int = 0
    stored: int = 0
    duplicates: int = 0
    quarantined: int = 0
    refused_readings: int = 0
    retained: int = 0
    passed_over: int = 0
    failures: int = 0
    isolated: int = 0
    untold: int = 0
    failing_since: datetime | None = None


class Entry(msgspec.Struct, frozen=True, gc=False):
    """What one arrival becomes in the store: a message, a row of quarantine, both, or – passed over – neither.

    ``asks`` is what its device has to be told so that its next message can be read."""

    arrival: Arrival
    message: Message | None = None
    quarantined: Quarantined | None = None
    asks: answers.Answer | None = None


class Ingest:
    """Takes what arrives, and acknowledges nothing before it is committed. Never drops: it waits for the store.

    ``outage`` names the journal's errors that are nobody's fault but the store's; ``committed`` hands on what is new,
    ``observed`` sees what became of every arrival. ``stepped``: by how much the clock was set since it was last asked.
    """

    def __init__(  # noqa: PLR0913 – what surrounds the path; all but three by name
        self,
        link: Link,
        journal: Journal,
        reader: "Reader",
        *,
        committed: Callable[[Committed], Awaitable[None]],
        clock: Callable[[], datetime],
        outage: tuple[type[Exception], ...] = (OSError,),
        observed: Callable[[Sequence[Entry]], None] | None = None,
        stepped: Stepped = never,
    ) -> None:
        self._link = link
        self._journal = journal
        self._committed = committed
        self._observed = observed
        self._clock = clock
        self._outage = outage
        self._reader = reader
        self._stepped = stepped
        self.stats = Stats()

    async def run(self) -> None:
        while True:
            await self.take(await self._link.arrivals(LINGER_S, BATCH))

    async def take(self, arrivals: Sequence[Arrival]) -> Sequence[Entry]:
        """Commit, PUBACK, tell the devices, hand on: in this order, so that a crash repeats and never skips.

        What became of each arrival, in their order."""
        if (by := self._stepped()) != NOTHING:
            arrivals = self._follow_clock(arrivals, by)
        entries = [self._reader.read(arrival) for arrival in arrivals]
        done = await self._commit(entries)
        self._link.acknowledge([arrival.receipt for arrival in arrivals])
        for ack in done.acks:
            self._link.publish_ack(ack.device_id, ack.epoch or None, ack.seq)
        for entry in entries:
            for answer in (answers.refusal(entry.quarantined, entry.message), entry.asks):
                if answer is not None:
                    self._link.tell(*answer)
        self._count(entries, done)
        if self._observed is not None:
            self._observed(entries)
        await self._hand_on(done)
        return entries

    def _follow_clock(self, arrivals: Sequence[Arrival], by: timedelta) -> Sequence[Arrival]:
        """What came before it was set bears the old time."""
        logger.warning("ingest.clock_was_set", by_s=by.total_seconds())
        self._reader.clock_was_set(by)
        now = self._clock()
        return [_restamped(arrival, by, now) for arrival in arrivals]

    async def _hand_on(self, done: Committed) -> None:
        try:
            await self._committed(done)
        except (
            Exception
        ):  # what is committed is found again by its position; the next batch must not wait for a listener
            self.stats.untold += 1
            logger.exception("ingest.hand_on_failed")

    async def _commit(self, entries: Sequence[Entry]) -> Committed:
        """Until it is done. Other than an outage a failure is somebody's fault: after a few the batch is searched."""
        faults = tries = 0
        while True:
            try:
                return await self._try(entries)
            except self._outage:
                logger.warning("ingest.store_down", tries=tries)
            except Exception:
                faults += 1
                logger.exception("ingest.commit_failed", messages=len(entries))
            await self._wait(tries)
            tries += 1
            done = await self._search(entries) if faults and faults % PATIENCE == 0 else None
            if done is not None:
                return done

    async def _search(self, entries: Sequence[Entry]) -> Committed | None:
        if len(entries) == 1:
            return await self._isolate(entries[0])
        half = len(entries) // 2
        first, second = await self._commit(entries[:half]), await self._commit(entries[half:])
        return Committed([*first.acks, *second.acks], [*first.stored, *second.stored], [*first.waves, *second.waves])

    async def _isolate(self, entry: Entry) -> Committed | None:
        """None if it is the store after all. A message that fails right after the store took its bytes is at fault:
        the bytes stay for a person, and the bare message – if the store takes that – so that its number is covered."""
        refusal = Refusal(Reason.WRONG_SHAPE, detail="cannot be stored")
        beside = None if entry.message is None else _bare(entry.message, refusal)
        kept = await self._attempt(Entry(entry.arrival, quarantined=_quarantine(entry.arrival, refusal, beside)))
        if kept is None:
            return None
        done = await self._attempt(entry)
        if done is not None or entry.message is None:
            return done or kept
        self.stats.isolated += 1
        logger.error("ingest.message_isolated", device_id=entry.message.device_id)
        return await self._attempt(Entry(entry.arrival, beside)) or kept

    async def _attempt(self, entry: Entry) -> Committed | None:
        try:
            return await self._try([entry])
        except Exception:
            logger.exception("ingest.attempt_failed")
            return None

    async def _try(self, entries: Sequence[Entry]) -> Committed:
        messages = [entry.message for entry in entries if entry.message is not None]
        quarantined = [entry.quarantined for entry in entries if entry.quarantined is not None]
        done = (
            Committed((), ()) if not messages and not quarantined else await self._journal.commit(messages, quarantined)
        )
        self.stats.failing_since = None
        return done

    async def _wait(self, tries: int) -> None:
        self.stats.failures += 1
        self.stats.failing_since = self.stats.failing_since or self._clock()
        await asyncio.sleep(BACKOFF_S[min(tries, len(BACKOFF_S) - 1)])

    def _count(self, entries: Sequence[Entry], done: Committed) -> None:
        messages = [entry.message for entry in entries if entry.message is not None]
        self.stats.received += len(entries)
        self.stats.stored += done.messages
        self.stats.duplicates += max(0, len(messages) - done.messages)
        self.stats.quarantined += sum(entry.quarantined is not None for entry in entries)
        self.stats.refused_readings += sum(
            _refused_readings(message.body) for message in messages if message.body.refusals
        )
        self.stats.retained += sum(entry.arrival.retained for entry in entries)
        self.stats.passed_over += sum(entry.message is None and entry.quarantined is None for entry in entries)


class Reader:
    """Arrival → entry. Remembers the devices' clocks and what they said their messages mean: what a restart forgets,
    it has to learn again.

    ``zone`` is where a time of day without offset is read."""

    def __init__(self, registry: Registry, zone: tzinfo = UTC) -> None:
        self._registry = registry
        self._zone = zone
        self._clocks: dict[str, Clock] = {}
        self._in_doubt: dict[str, timedelta] = {}  # by how much our clock was set since the device told its own
        self._conversations: dict[tuple[str, str], Conversation] = {}
        self._asked = answers.Asked()

    def clock_was_set(self, by: timedelta) -> None:
        """Ours: what is known of the devices' is in doubt until each has been heard."""
        self._in_doubt = {device_id: by + self._in_doubt.get(device_id, NOTHING) for device_id in self._clocks}

    def read(self, arrival: Arrival) -> Entry:
        """A retained message is somebody's past and is passed over: a device that measures sends again."""
        if arrival.retained or arrival.reread is not None:
            return Entry(arrival, arrival.reread)
        topic = topics.parse(arrival.topic)
        if topic is None:
            return _refused(arrival, Reason.WRONG_TOPIC, "not bedside/v1/{device}/{format}")
        device = self._registry.known(topic.device_id)
        if device is None:
            return _refused(arrival, Reason.UNKNOWN_DEVICE, "no such device, or revoked")
        if topic.channel in PASSED_OVER:
            return Entry(arrival)
        codec = self._codec(topic)
        if codec is None:
            return _refused(arrival, Reason.WRONG_TOPIC, "no codec for this format")
        return self._settle(device, localised(_decode(codec, arrival.payload), self._zone), arrival)

    def _codec(self, topic: topics.Topic) -> Codec | None:
        format_ = topic.format
        begin = CONVERSATIONS.get(format_)
        if begin is None:
            return codec_of(format_)
        return self._conversations.setdefault((topic.device_id, format_), begin()).decode

    def _settle(self, device: KnownDevice, decoded: Decoded, arrival: Arrival) -> Entry:
        clock = self._clocks.get(device.id, Clock(device.clock_offset))
        if decoded.sent_at is not None and device.id in self._in_doubt:
            clock = clock.after_step(self._in_doubt.pop(device.id), decoded.sent_at, arrival.received_at)
        clock = self._clocks[device.id] = clock.observe(decoded.sent_at, arrival.received_at)
        message = _message(device.id, arrival.received_at, decoded, clock.offset)
        fault = next((refusal for refusal in message.body.refusals if refusal.metric is None), None)
        quarantined = None if fault is None else _quarantine(arrival, fault, message)
        return Entry(arrival, message, quarantined, self._asks(device.id, arrival) if decoded.lost_thread else None)

    def _asks(self, device_id: str, arrival: Arrival) -> answers.Answer | None:
        """Sparkplug is the one format that leans on what was said before."""
        if not self._asked.is_due(device_id, arrival.received_at):
            return None
        topic = topics.in_format(device_id, "command")
        return answers.Answer(topic, sparkplug.rebirth(arrival.received_at))


def _restamped(arrival: Arrival, by: timedelta, now: datetime) -> Arrival:
    """By the clock as it is set now, if it came before."""
    if abs(now - arrival.received_at) <= abs(by) / 2:
        return arrival
    return msgspec.structs.replace(arrival, received_at=min(arrival.received_at + by, now))


def _decode(codec: Callable[[bytes], Decoded], payload: bytes) -> Decoded:
    try:
        return codec(payload)
    except Exception:  # a mistake in a codec costs that message and is seen, not the loop
        logger.exception("ingest.codec_failed")
        return Decoded(refusals=(Refusal(Reason.WRONG_SHAPE, detail="the codec failed"),))


def _message(device_id: str, received_at: datetime, decoded: Decoded, offset: timedelta) -> Message:
    body, waves = place(decoded, offset, received_at), decoded.waves
    if waves:
        waves, ahead = place_waves(waves, offset, received_at)
        body = msgspec.structs.replace(body, refusals=(*body.refusals, *ahead))
    newest = max([reading.at for reading in body.readings], default=received_at)
    return Message(
        device_id=device_id,
        identity=identity_of(decoded),
        received_at=received_at,
        measured_at=min(newest, received_at),
        body=body,
        epoch=decoded.epoch if decoded.seq is None else decoded.epoch or "",
        seq=decoded.seq,
        oldest=decoded.oldest,
        sent_at=decoded.sent_at,
        clock_offset=offset,
        waves=waves,
    )


def identity_of(decoded: Decoded) -> str:
    """What makes it the same message when it comes again. Without an epoch a number may come again after a restart of
    the device: what was measured tells them apart."""
    if decoded.seq is not None and decoded.epoch is None and decoded.content is not None:
        return f":{decoded.seq}#{decoded.content}"
    if decoded.seq is not None:
        return f"{decoded.epoch or ''}:{decoded.seq}{_channel(decoded)}"
    return f"#{decoded.content}" if decoded.content is not None else f"!{token_hex(16)}"


def _channel(decoded: Decoded) -> str:
    """A device that counts each channel for itself loses nothing by it."""
    return f"/{decoded.waves[0].channel}" if decoded.waves else ""


def _refused(arrival: Arrival, reason: Reason, detail: str) -> Entry:
    return Entry(arrival, quarantined=_quarantine(arrival, Refusal(reason, detail=detail)))


def _quarantine(arrival: Arrival, refusal: Refusal, beside: Message | None = None) -> Quarantined:
    """``beside``: what is stored of it in the same commit."""
    return Quarantined(
        received_at=arrival.received_at,
        topic=_printable(arrival.topic),
        device_id=_device_of(arrival.topic),
        reason=refusal.reason,
        detail=refusal.detail,
        payload=arrival.payload,
        identity=None if beside is None else beside.identity,
        taken=0 if beside is None else len(beside.body.readings) + len(beside.waves),
    )


def _bare(message: Message, refusal: Refusal) -> Message:
    return msgspec.structs.replace(message, body=Body(refusals=(refusal,)), waves=())


def _device_of(topic: str) -> str | None:
    parsed = topics.parse(topic)
    return None if parsed is None else parsed.device_id


def _printable(topic: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in topic[:256])


def _refused_readings(body: Body) -> int:
    return sum(refusal.metric is not None for refusal in body.refusals)
