"""Stored readings → rules → changes of alarm conditions, by position, and by the clock. Never learns the word delivery.

The order of work and what survives a crash; what the readings mean is decided in ``conditions``.
"""

import asyncio
import dataclasses
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from devices.alarms import Change
from devices.clock_steps import NOTHING, Stepped, never
from devices.conditions import Care, Input, PatientState, Worn, evaluate, skip
from devices.evaluation_log import EvaluationLog, Lease, LeaseLost, Outcome
from devices.quiet import CHUNK, is_quiet, pass_over
from devices.setback import SLACK, moved, not_after, not_received_after, not_received_before

PAGE = 200  # some tens of milliseconds of the loop's time
TURN_S = 0.5  # at least a page of each; then the second is worked off before a backlog goes on
OFFERED = 1000  # inputs a partition that wait in memory; what is beyond is read
TICK_S = 1.0
SAID_EVERY = timedelta(minutes=1)  # that a store still fails in the way that was said

logger = structlog.get_logger()


@dataclass(slots=True)
class Stats:
    """Counters since the start; ``failing_since`` is set while the store answers nothing.

    ``ticked_s``: when the last second was worked off, failed or not, by the loop's time: what stands still fails at
    nothing, and a clock that is set is no standstill.
    """

    evaluated: int = 0
    changes: int = 0
    skipped: int = 0
    failures: int = 0
    failing_since: datetime | None = None
    ticked_s: float | None = None
    clock_steps: int = 0


class Evaluator:
    """Reads what is stored, in order, and writes what follows from it.

    A change is committed at once. What only moves on is committed with the next tick: a crash evaluates that second
    again, to the same end. ``partition_of`` says where a patient belongs; a monitored patient is watched before the
    first message. ``stepped``: by how much the clock was set since it was last asked.
    """

    def __init__(
        self,
        log: EvaluationLog,
        clock: Callable[[], datetime],
        partition_of: Callable[[str], int],
        stepped: Stepped = never,
    ) -> None:
        self._log = log
        self._clock = clock
        self._stepped = stepped
        self._partition_of = partition_of
        self._hints: set[int] = set()
        self._hinted = asyncio.Event()
        self._offered: defaultdict[int, list[Input]] = defaultdict(list)
        self._leases: dict[int, Lease] = {}
        self._states: dict[int, dict[str, PatientState]] = {}
        self._saved: dict[int, int] = {}  # the position that is on record, at most that of the lease
        self._unsaved: defaultdict[int, set[str]] = defaultdict(set)  # patients whose state is ahead of the record
        self._doubtful: set[int] = set()  # partitions of which a commit may have happened that was never answered
        self._set_back: set[int] = set()  # partitions in which a message may lie that was received later than now
        self._set_forward: dict[
            int, tuple[datetime, timedelta]
        ] = {}  # when, and by how much: older times lie before it
        self._standing: Mapping[str, Care] = {}  # as it is on record
        self._cares: Mapping[str, Care] = {}
        self._since: datetime | None = None
        self._worn: frozenset[tuple[str, str]] = frozenset()  # patient, device
        self._said: dict[type[Exception], datetime] = {}  # when each kind of failure was last in the log
        self.stats = Stats()

    def hint(self, partition: int) -> None:
        """There is something new; without a hint it is found within a second."""
        self._hints.add(partition)
        self._hinted.set()

    def offer(self, partition: int, inputs: Iterable[Input]) -> None:
        """As ``hint``, with what has just been stored: where it is what comes next, nothing need be read."""
        offered = self._offered[partition]
        offered.extend(inputs)
        del offered[OFFERED:]
        self.hint(partition)

    async def run(self) -> None:
        """Until cancelled. Raises ``LeaseLost`` when somebody else has taken over, and what the store raises at the
        start; later a store that fails is asked again each second."""
        await self.begin()
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            await self._wait(due - loop.time())
            if loop.time() >= due:
                due = loop.time() + TICK_S
                await self.tick()
            else:
                await self.catch_up(self._taken_hints())

    async def begin(self) -> None:
        """Take the partitions and read what is remembered of their patients.

        Nobody was silent before the server listened. One that begins again within its life goes on: what was stored
        meanwhile is on record, and a silence that began anew with every stumble would never end.
        """
        await self._read_record()
        standing = await self._log.standing()
        self._since = self._since or self._clock()
        self._watch(standing.cares)

    async def _read_record(self) -> None:
        leases = dict(await self._log.lease())
        self._states = {partition: await self._states_until_now(partition) for partition in leases}
        self._saved = {partition: lease.evaluated for partition, lease in leases.items()}
        self._leases = leases
        self._unsaved.clear()
        self._doubtful.clear()

    async def _states_until_now(self, partition: int) -> dict[str, PatientState]:
        states, now = await self._log.states(partition), self._clock()
        past = {patient: not_after(state, now) for patient, state in states.items()}
        if any(past[patient] is not state for patient, state in states.items()):
            self._set_back.add(partition)
        return past

    async def tick(self) -> None:
        """Everything that is new, and then the passing of time for everybody who is monitored."""
        failures = self.stats.failures
        self._taken_hints()
        self._follow_clock()
        with self._tolerance():
            await self._recall()
        newest: Mapping[int, int] = {}
        with self._tolerance():
            standing = await self._log.standing()
            newest = standing.newest
            self._watch(standing.cares)
        level = await self._level(newest)
        now = self._now()
        for partition in level:
            with self._tolerance(partition):
                await self._commit(self._aged(partition, now))
        if self.stats.failures == failures:
            self.stats.failing_since = None
            self._said.clear()
        self.stats.ticked_s = asyncio.get_running_loop().time()

    async def catch_up(self, partitions: Iterable[int]) -> list[int]:
        """Read on, a page of each in turn; those that came to the end. A long backlog holds nobody up: it goes on after
        the next second was worked off. One that fails is passed over until then, and nothing of it is skipped. Until
        its end no time passes for a partition, or its unread messages would be silence."""
        self._follow_clock()
        behind = sorted(set(partitions) & (self._leases.keys() - self._doubtful))
        asked, loop = list(behind), asyncio.get_running_loop()
        until = loop.time() + TURN_S
        while behind:
            behind = [partition for partition in behind if await self._has_more(partition)]
            if loop.time() >= until:
                break
        for partition in behind:
            self.hint(partition)
        return [partition for partition in asked if partition not in {*behind, *self._doubtful}]

    async def _has_more(self, partition: int) -> bool:
        """After the next page; not where that failed."""
        with self._tolerance(partition):
            return await self._page(partition)
        return False

    async def _level(self, newest: Mapping[int, int]) -> list[int]:
        """The partitions of which everything is evaluated, once all have caught up that may be behind."""
        sound = self._leases.keys() - self._doubtful
        level = {
            partition for partition in sound & newest.keys() if newest[partition] <= self._leases[partition].evaluated
        }
        return sorted([*level, *await self.catch_up(sound - level)])

    def _now(self) -> datetime:
        """The time by which what is remembered goes: it may have been set while the store was asked."""
        now = self._clock()
        while self._follow_clock():
            now = self._clock()
        return now

    def _follow_clock(self) -> bool:
        """Whether it was set: what is remembered moves with it. Nobody was silent, nothing lasted, for that long."""
        by = self._stepped()
        if by == NOTHING:
            return False
        logger.warning("evaluate.clock_was_set", by_s=by.total_seconds())
        self.stats.clock_steps += 1
        self._since = None if self._since is None else self._since + by
        self._watch(self._standing)
        if by < NOTHING:
            self._set_back.update(self._leases)
            self._set_forward.clear()
        else:
            self._set_forward = dict.fromkeys(self._leases, (self._clock(), by))
        for partition, states in self._states.items():
            self._states[partition] = {patient: moved(state, by) for patient, state in states.items()}
            self._unsaved[partition].update(states)
        return True

    async def _recall(self) -> None:
        """After a failure the store may be ahead of memory: read it again, or what is on record would be told twice."""
        if self._doubtful:
            await self._read_record()

    @contextmanager
    def _tolerance(self, partition: int | None = None) -> Iterator[None]:
        try:
            yield
        except LeaseLost:
            raise
        except Exception as error:  # noqa: BLE001 – whatever it is, the other partitions go on
            self._say(error)
            self.stats.failures += 1
            self.stats.failing_since = self.stats.failing_since or self._clock()
            if partition is not None:
                self._doubtful.add(partition)

    def _say(self, error: Exception) -> None:
        """Whole when a kind of failure begins, then a line a minute: 16 partitions fail each second."""
        kind, now = type(error), self._clock()
        said_at = self._said.get(kind)
        if said_at is not None and now - said_at < SAID_EVERY:
            return
        self._said[kind] = now
        logger.error("evaluate.store_failed", error=kind.__name__, exc_info=error if said_at is None else None)

    async def _page(self, partition: int) -> bool:
        """Evaluate the next messages; whether there may be more."""
        after = self._leases[partition].evaluated
        inputs = self._next_offered(partition, after) or await self._log.pending(partition, after, PAGE)
        self._follow_clock()
        if partition in self._set_back:
            inputs = self._until_now(partition, inputs)
        if partition in self._set_forward:
            inputs = self._since_then(partition, inputs)
        if not inputs:
            return False
        strange = {(given.patient_id, given.device_id) for given in inputs} - self._worn
        if strange:
            self._watch((await self._log.standing(strange)).cares)
        outcome = self._read(partition, inputs)
        if outcome.changes:
            await self._commit(outcome)
        else:
            self._remember(outcome)
        self.stats.evaluated += len(inputs)
        return len(inputs) >= PAGE

    def _until_now(self, partition: int, inputs: Sequence[Input]) -> list[Input]:
        """Those that were stored before the clock was put back are read in the first rounds after it."""
        if len(inputs) < PAGE:
            self._set_back.discard(partition)
        now = self._clock()
        return [not_received_after(given, now) for given in inputs]

    def _since_then(self, partition: int, inputs: Sequence[Input]) -> list[Input]:
        """Those that were stored before the clock was put forward were heard no hour ago. One that was being committed
        just then may come after the first that are read."""
        set_at, by = self._set_forward[partition]
        if len(inputs) < PAGE and self._clock() > set_at + SLACK:
            del self._set_forward[partition]
        return [not_received_before(given, set_at, by) for given in inputs]

    def _next_offered(self, partition: int, after: int) -> list[Input]:
        """What was offered, if it goes on where evaluation stands; else nothing, and the store is asked."""
        offered = [given for given in self._offered.pop(partition, ()) if given.position > after]
        goes_on = all(given.position == after + number for number, given in enumerate(offered, start=1))
        return offered if goes_on else []

    def _read(self, partition: int, inputs: Sequence[Input]) -> Outcome:
        """Patient by patient, each one's by position: no patient's state leans on another's."""
        draft = _Draft(self._states[partition])
        of_patient: defaultdict[str, list[Input]] = defaultdict(list)
        for given in inputs:
            of_patient[given.patient_id].append(given)
        for patient_id, own in of_patient.items():
            care, at = self._care(patient_id), 0
            while at < len(own):
                at += self._step(draft, care, own[at : at + CHUNK])
        return draft.outcome(self._leases[partition], inputs[-1].position)

    def _step(self, draft: "_Draft", care: Care, inputs: Sequence[Input]) -> int:
        """How many were evaluated: all that are quiet, or the first."""
        given = inputs[0]
        try:
            state, quiet = pass_over(draft.state(given.patient_id), care, inputs)
            if quiet:
                draft.take(given.patient_id, (state, ()))
                return quiet
            draft.take(given.patient_id, evaluate(draft.state(given.patient_id), care, inputs[:1], given.received_at))
        except Exception:
            logger.exception("evaluate.input_failed", message_id=given.message_id, device_id=given.device_id)
            self.stats.skipped += 1
            self._skip(draft, care, given)
        return 1

    def _skip(self, draft: "_Draft", care: Care, given: Input) -> None:
        try:
            draft.take(given.patient_id, skip(draft.state(given.patient_id), care, given))
        except Exception:
            logger.exception("evaluate.skip_failed", message_id=given.message_id, device_id=given.device_id)

    def _aged(self, partition: int, now: datetime) -> Outcome:
        states = self._states[partition]
        monitored = {patient for patient in self._cares if self._partition_of(patient) == partition}
        watched = {patient for patient, state in states.items() if state.active or state.devices}
        draft = _Draft(states)
        for patient_id in sorted(monitored | watched):
            state, care = draft.state(patient_id), self._care(patient_id)
            try:
                if not is_quiet(state, care, now, now):
                    draft.take(patient_id, evaluate(state, care, (), now))
            except Exception:
                logger.exception("evaluate.tick_failed", patient_id=patient_id)
                self.stats.skipped += 1
        return draft.outcome(self._leases[partition], self._leases[partition].evaluated)

    def _care(self, patient_id: str) -> Care:
        return self._cares.get(patient_id) or Care(patient_id)

    def _watch(self, cares: Mapping[str, Care]) -> None:
        """Silence counts from when this evaluator began at the earliest: before that nobody listened."""
        self._standing = cares
        self._cares = {patient_id: self._since_begun(care) for patient_id, care in cares.items()}
        self._worn = frozenset((patient_id, worn.device_id) for patient_id, care in cares.items() for worn in care.worn)

    def _since_begun(self, care: Care) -> Care:
        """What is worn since a moment yet to come is worn since we began: the clock was put back."""
        begun, now = self._since, self._clock()
        worn = (
            w if begun is None else Worn(w.device_id, w.profile, begun if w.since > now else max(w.since, begun))
            for w in care.worn
        )
        return Care(care.patient_id, tuple(worn), care.past)

    async def _commit(self, outcome: Outcome) -> None:
        """Put on record what the outcome brings, and all that was remembered before it."""
        partition = outcome.partition
        unsaved = {patient: self._states[partition][patient] for patient in self._unsaved[partition]}
        whole = dataclasses.replace(outcome, states={**unsaved, **outcome.states})
        if whole.position == self._saved[partition] and not whole.states and not whole.changes:
            return
        await self._log.commit(whole)
        self._remember(whole)
        self._saved[partition] = whole.position
        self._unsaved[partition].clear()
        self.stats.changes += sum(len(changes) for changes in whole.changes.values())

    def _remember(self, outcome: Outcome) -> None:
        partition = outcome.partition
        self._leases[partition] = dataclasses.replace(self._leases[partition], evaluated=outcome.position)
        self._states[partition].update(outcome.states)
        self._unsaved[partition].update(outcome.states)

    async def _wait(self, at_most_s: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(max(at_most_s, 0)):
                await self._hinted.wait()

    def _taken_hints(self) -> set[int]:
        hints, self._hints = self._hints, set()
        self._hinted.clear()
        return hints


class _Draft:
    """What a round derives before it is committed, over the states that were committed before."""

    def __init__(self, before: Mapping[str, PatientState]) -> None:
        self._before = before
        self._after: dict[str, PatientState] = {}
        self._changes: dict[str, list[Change]] = defaultdict(list)

    def state(self, patient_id: str) -> PatientState:
        return self._after.get(patient_id) or self._before.get(patient_id) or PatientState()

    def take(self, patient_id: str, evaluated: tuple[PatientState, tuple[Change, ...]]) -> None:
        state, changes = evaluated
        self._after[patient_id] = state
        if changes:
            self._changes[patient_id].extend(changes)

    def outcome(self, lease: Lease, position: int) -> Outcome:
        changed = {patient: state for patient, state in self._after.items() if state != self._before.get(patient)}
        return Outcome(lease.partition, lease.epoch, position, changed, dict(self._changes))
