"""THE PATH: batch → decode → store in one transaction → acknowledge. What a reading means is decided elsewhere."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
import structlog

from devices import answers
from devices.arrivals import Arrival, Link
from devices.clock_steps import NOTHING, Stepped, never
from devices.journal import Committed, Journal
from devices.reader import Entry, Reader, set_aside
from devices.readings import Body, Message, Reason, Refusal

LINGER_S = 0.005
BATCH = 1000  # some tens of milliseconds of the loop at most; the larger, the less a commit costs each message
BACKOFF_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
PATIENCE = 3  # how often a batch may fail on its own account before the message at fault is looked for

logger = structlog.get_logger()


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


class Ingest:
    """Takes what arrives, and acknowledges nothing before it is committed. Never drops: it waits for the store.

    ``outage`` names the journal's errors that are nobody's fault but the store's; ``committed`` hands on what is new,
    ``observed`` sees what became of every arrival. ``stepped``: by how much the clock was set since it was last asked.
    """

    def __init__(  # noqa: PLR0913 – what surrounds the path; all but three by name
        self,
        link: Link,
        journal: Journal,
        reader: Reader,
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
        self._begun_s: dict[object, float] = {}  # what is being committed, the oldest first; the loop's time
        self.stats = Stats()

    def waits_s(self) -> float:
        """How long what is being committed has waited for it: a store that hangs fails late, or never."""
        return asyncio.get_running_loop().time() - next(iter(self._begun_s.values())) if self._begun_s else 0.0

    async def run(self) -> None:
        while True:
            await self.take(await self._link.arrivals(LINGER_S, BATCH))

    async def take(self, arrivals: Sequence[Arrival]) -> Sequence[Entry]:
        """Commit, PUBACK, tell the devices, hand on: in this order, so that a crash repeats and never skips.

        What became of each arrival, in their order."""
        if (by := self._stepped()) != NOTHING:
            arrivals = self._follow_clock(arrivals, by)
        entries = [self._reader.read(arrival) for arrival in arrivals]
        with self._waiting():
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

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        batch = object()
        self._begun_s[batch] = asyncio.get_running_loop().time()
        try:
            yield
        finally:
            del self._begun_s[batch]

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
        kept = await self._attempt(Entry(entry.arrival, quarantined=set_aside(entry.arrival, refusal, beside)))
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


def _restamped(arrival: Arrival, by: timedelta, now: datetime) -> Arrival:
    """By the clock as it is set now, if it came before."""
    if abs(now - arrival.received_at) <= abs(by) / 2:
        return arrival
    return msgspec.structs.replace(arrival, received_at=min(arrival.received_at + by, now))


def _bare(message: Message, refusal: Refusal) -> Message:
    return msgspec.structs.replace(message, body=Body(refusals=(refusal,)), waves=())


def _refused_readings(body: Body) -> int:
    return sum(refusal.metric is not None for refusal in body.refusals)
