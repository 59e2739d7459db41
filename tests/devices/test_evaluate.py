import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest
import structlog

import devices.evaluate
from devices.alarms import Change
from devices.conditions import Care, Input, PatientState, Worn, evaluate
from devices.evaluate import Evaluator
from devices.evaluation_log import Lease, LeaseLost, Outcome, Standing
from devices.readings import Body, Reading

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
PATIENTS = {"anna": 0, "bo": 0, "chen": 1}


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


class Log:
    """A store in memory, real in what matters: positions, epochs, all or nothing. Fails on demand."""

    def __init__(self) -> None:
        self.epoch = 0
        self.messages: dict[int, list[Input]] = {0: [], 1: []}
        self.evaluated = {0: 0, 1: 0}
        self.saved: dict[str, PatientState] = {}
        self.changes: list[tuple[str, Change]] = []
        self.worn = {patient: Care(patient, (Worn(f"of-{patient}", "adult-continuous", NOON),)) for patient in PATIENTS}
        self.failing: set[str] = set()
        self.meanwhile: dict[str, Callable[[], None]] = {}  # what happens once, while it is asked for something
        self.deaf = False  # commits, and says nothing
        self.broken_partition: int | None = None
        self.commits: list[Outcome] = []

    def receives(self, patient: str, received_s: float, value: float) -> None:
        partition = self.messages[PATIENTS[patient]]
        at = after(received_s)
        body = Body((Reading("spo2", value, "%", at),))
        place = len(partition) + 1
        partition.append(Input(f"{patient}-{place}", patient, f"of-{patient}", place, at, body))

    async def lease(self) -> Mapping[int, Lease]:
        self.epoch += 1
        return {partition: Lease(partition, self.epoch, place) for partition, place in self.evaluated.items()}

    async def pending(self, partition: int, after: int, limit: int) -> Sequence[Input]:
        self._fail("pending")
        return [message for message in self.messages[partition] if message.position > after][:limit]

    async def states(self, partition: int) -> Mapping[str, PatientState]:
        return {patient: state for patient, state in self.saved.items() if PATIENTS[patient] == partition}

    async def standing(self, strange: Collection[tuple[str, str]] = ()) -> Standing:
        self._fail("standing")
        newest = {partition: len(messages) for partition, messages in self.messages.items()}
        return Standing(self.worn, newest)

    async def commit(self, outcome: Outcome) -> None:
        self._fail("commit")
        if outcome.partition == self.broken_partition:
            raise ValueError("this partition cannot be written")
        if outcome.epoch != self.epoch:
            raise LeaseLost
        self.evaluated[outcome.partition] = outcome.position
        self.saved |= outcome.states
        self.changes += [(patient, change) for patient, changes in outcome.changes.items() for change in changes]
        self.commits.append(outcome)
        if self.deaf:
            raise OSError("the connection broke")

    def _fail(self, what: str) -> None:
        self.meanwhile.pop(what, lambda: None)()
        if what in self.failing:
            raise OSError("the store is down")

    def told(self) -> list[str]:
        return [f"{patient} {change.what} {change.condition}" for patient, change in self.changes]


class Clock:
    def __init__(self) -> None:
        self.now = NOON
        self.stepped = timedelta(0)

    def taken(self) -> timedelta:
        by, self.stepped = self.stepped, timedelta(0)
        return by

    def set(self, hours: int) -> None:
        by = timedelta(hours=hours)
        self.now, self.stepped = self.now + by, self.stepped + by

    def __call__(self) -> datetime:
        return self.now


class Night:
    """An evaluator over a log, with a clock that the test turns."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.clock = Clock()
        self.evaluator = Evaluator(log, self.clock, PATIENTS.__getitem__, self.clock.taken)

    async def until(self, second: float) -> list[str]:
        self.clock.now = after(second)
        before = len(self.log.changes)
        await self.evaluator.tick()
        return self.log.told()[before:]


@pytest.fixture
async def night() -> Night:
    made = Night(Log())
    await made.evaluator.begin()
    return made


async def test_readings_become_changes_and_the_position_moves_on(night: Night) -> None:
    for second in range(16):
        night.log.receives("anna", second, 85)
        night.log.receives("chen", second, 97)
    assert await night.until(16) == ["anna raised spo2.low"]
    assert night.log.evaluated == {0: 16, 1: 16}


async def test_a_patient_is_watched_before_the_first_message(night: Night) -> None:
    night.log.receives("anna", 100, 97)
    assert await night.until(119) == []
    assert await night.until(121) == ["bo raised silence:of-bo", "chen raised silence:of-chen"]


async def test_more_than_a_page_is_read_to_the_end(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices.evaluate, "PAGE", 7)
    for second in range(40):
        night.log.receives("anna", second, 85)
    await night.until(40)
    assert night.log.evaluated[0] == 40
    assert night.evaluator.stats.evaluated == 40


async def test_a_backlog_is_no_silence_while_it_is_being_read(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices.evaluate, "PAGE", 1)
    for second in range(0, 600, 60):
        for patient in PATIENTS:
            night.log.receives(patient, second, 97)
    assert await night.until(600) == []


async def test_a_backlog_of_one_delays_nobody_elses_silence(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices.evaluate, "PAGE", 1)
    monkeypatch.setattr(devices.evaluate, "TURN_S", 0.0)
    for second in range(0, 600, 60):
        night.log.receives("anna", second, 97)
    heard = [line for second in range(601, 620) for line in await night.until(second)]
    assert heard == ["chen raised silence:of-chen", "bo raised silence:of-bo"], (
        "bo lies in the partition of the backlog"
    )


async def test_what_did_not_fit_into_memory_is_no_silence_either(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    """Evaluation stood still for minutes while readings came in: of those it holds the first, the rest is stored."""
    monkeypatch.setattr(devices.evaluate, "OFFERED", 7)
    monkeypatch.setattr(devices.evaluate, "PAGE", 5)
    for second in range(0, 600, 30):
        for patient in PATIENTS:
            night.log.receives(patient, second, 97)
    for partition, stored in night.log.messages.items():
        night.evaluator.offer(partition, stored)
    assert await night.until(600) == []


@pytest.mark.parametrize("what", ["pending", "standing", "commit"])
async def test_while_the_store_fails_nothing_is_skipped_and_nothing_invented(night: Night, what: str) -> None:
    for second in range(16):
        night.log.receives("anna", second, 85)
    night.log.failing = {what}
    heard = [line for second in (16, 17, 300) for line in await night.until(second) if "spo2" not in line]
    assert night.evaluator.stats.failing_since == after(16)
    for patient in PATIENTS:
        night.log.receives(patient, 300, 85)
    night.log.failing = set()
    await night.until(301)
    assert night.evaluator.stats.failing_since is None
    assert night.log.told().count("anna raised spo2.low") == 1
    silent = [f"{patient} raised silence:of-{patient}" for patient in PATIENTS]
    assert heard == {"pending": silent[2:], "standing": silent, "commit": []}[what], "of whom nothing waits to be read"
    assert night.log.evaluated == {0: 18, 1: 1}


async def test_what_is_level_is_not_read_and_grows_silent_all_the_same(night: Night) -> None:
    night.log.receives("anna", 0, 97)
    await night.until(1)
    night.log.failing = {"pending"}
    assert await night.until(121) == [
        "anna raised silence:of-anna",
        "bo raised silence:of-bo",
        "chen raised silence:of-chen",
    ]
    assert night.evaluator.stats.failing_since is None


async def test_a_store_that_fails_for_minutes_is_said_whole_once_and_then_a_line_a_minute(night: Night) -> None:
    night.log.failing = {"pending", "standing"}
    with structlog.testing.capture_logs() as said:
        for second in range(0, 150, 10):
            await night.until(second)
    assert [line["event"] for line in said] == ["evaluate.store_failed"] * 3
    assert [line["exc_info"] is not None for line in said] == [True, False, False]
    night.log.failing = set()
    await night.until(151)
    night.log.failing = {"pending"}
    night.log.receives("anna", 151, 97)
    with structlog.testing.capture_logs() as said:
        await night.until(152)
    assert [line["exc_info"] is not None for line in said] == [True], "it had recovered: this is news"


async def test_a_commit_that_failed_is_derived_again_from_what_was_committed(night: Night) -> None:
    night.log.receives("anna", 0, 85)
    await night.until(1)
    night.log.failing = {"commit"}
    for second in range(1, 16):
        night.log.receives("anna", second, 85)
    await night.until(16)
    night.log.failing = set()
    await night.until(17)
    state, changes = PatientState(), list[Change]()
    for message in night.log.messages[0]:
        state, more = evaluate(state, night.log.worn["anna"], [message], message.received_at)
        changes += more
    assert [change for patient, change in night.log.changes if patient == "anna"] == changes


async def test_after_a_commit_without_an_answer_it_goes_on_from_what_the_store_has(night: Night) -> None:
    """It was committed, and the connection broke before that was said; by the next second there is more to read. What
    is on record is not derived a second time: a worsening told again takes an acknowledgement away."""
    for second in range(16):
        night.log.receives("anna", second, 85)
    await night.until(16)
    for second in range(16, 28):
        night.log.receives("anna", second, 78)
    night.log.deaf = True
    await night.until(28)
    night.log.deaf = False
    night.log.receives("anna", 28, 78)
    assert await night.until(29) == []
    assert night.log.told() == ["anna raised spo2.low", "anna worsened spo2.low"]
    assert night.log.evaluated[0] == 29


async def test_what_the_store_lost_and_found_is_not_silence_forgiven(night: Night) -> None:
    """Reading anew after a failure is no new beginning: who was silent before it has been silent all the time."""
    for second in (60, 110):
        night.log.failing = {"commit", "cares"}
        await night.until(second)
        night.log.failing = set()
        await night.until(second + 1)
    assert len(await night.until(121)) == 3


async def test_a_partition_that_cannot_be_written_does_not_hold_up_the_others(night: Night) -> None:
    night.log.broken_partition = 0
    for second in range(16):
        night.log.receives("anna", second, 85)
        night.log.receives("chen", second, 85)
    assert await night.until(16) == ["chen raised spo2.low"]
    assert night.log.evaluated == {0: 0, 1: 16}


async def test_a_poison_input_stops_neither_its_patient_nor_the_others(
    night: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    def choking(state: PatientState, care: Care, inputs: Sequence[Input], now: datetime) -> object:
        if any(reading.value == 66 for given in inputs for reading in given.body.readings):
            raise ZeroDivisionError
        return evaluate(state, care, inputs, now)

    monkeypatch.setattr(devices.evaluate, "evaluate", choking)
    night.log.receives("anna", 1, 66)
    for second in range(2, 20):
        night.log.receives("anna", second, 85)
        night.log.receives("bo", second, 85)
    heard = await night.until(20)
    assert sorted(heard) == [
        "anna raised spo2.low",
        "anna raised unreadable:of-anna",
        "bo raised spo2.low",
    ]
    assert night.evaluator.stats.skipped == 1
    assert night.log.evaluated[0] == 37


async def test_a_worker_whose_lease_was_taken_stops_and_writes_nothing(night: Night) -> None:
    for second in range(16):
        night.log.receives("anna", second, 85)
    await night.log.lease()
    with pytest.raises(LeaseLost):
        await night.until(16)
    assert night.log.commits == []


async def test_the_next_worker_goes_on_where_the_last_one_committed(night: Night) -> None:
    for second in range(10):
        night.log.receives("anna", second, 85)
    await night.until(10)
    for second in range(10, 16):
        night.log.receives("anna", second, 85)
    successor = Night(night.log)
    await successor.evaluator.begin()
    assert await successor.until(16) == ["anna raised spo2.low"]


async def test_nobody_was_silent_while_the_server_was_away(night: Night) -> None:
    for patient in PATIENTS:
        night.log.receives(patient, 1, 97)
    await night.until(2)
    successor = Night(night.log)
    successor.clock.now = after(3600)
    await successor.evaluator.begin()
    assert await successor.until(3601) == []
    assert len(await successor.until(3721)) == 3


async def test_one_that_stumbles_and_begins_again_forgives_no_silence(night: Night) -> None:
    for patient in PATIENTS:
        night.log.receives(patient, 1, 97)
    await night.until(2)
    night.clock.now = after(119)
    await night.evaluator.begin()
    assert len(await night.until(122)) == 3


async def test_a_device_put_on_a_moment_ago_is_known_with_its_first_message(night: Night) -> None:
    night.log.worn = {}
    await night.until(1)
    night.log.worn = {"anna": Care("anna", (Worn("of-anna", "adult-continuous", after(1)),))}
    for second in range(2, 18):
        night.log.receives("anna", second, 85)
    night.clock.now = after(18)
    await night.evaluator.catch_up([0])
    assert night.log.told() == ["anna raised spo2.low"]


async def test_a_patient_who_is_no_longer_monitored_has_no_conditions(night: Night) -> None:
    await night.until(121)
    night.log.worn = {}
    assert len(await night.until(122)) == 3
    assert await night.until(123) == []


async def test_a_quiet_second_writes_nothing(night: Night) -> None:
    await night.until(1)
    commits = len(night.log.commits)
    await night.until(2)
    assert len(night.log.commits) == commits


async def eventually(what: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not what():
            await asyncio.sleep(0.005)


async def test_it_answers_a_hint_at_once_and_the_clock_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    night = Night(Log())
    async with asyncio.TaskGroup() as group:
        running = group.create_task(night.evaluator.run())
        await eventually(lambda: night.log.commits)
        night.log.receives("anna", 0, 97)
        night.evaluator.hint(0)
        await eventually(lambda: night.evaluator.stats.evaluated == 1)
        night.log.receives("anna", 1, 97)
        await eventually(lambda: night.evaluator.stats.evaluated == 2)
        running.cancel()


async def test_what_changes_nothing_is_committed_with_the_tick_and_not_before(night: Night) -> None:
    for second in range(5):
        night.log.receives("anna", second, 97)
        await night.evaluator.catch_up([0])
    assert night.log.commits == []
    await night.until(5)
    assert [outcome.position for outcome in night.log.commits if outcome.partition == 0] == [5]


async def test_a_change_takes_what_was_remembered_before_it_onto_the_record(night: Night) -> None:
    night.log.receives("bo", 0, 97)
    for second in range(16):
        night.log.receives("anna", second, 85)
        await night.evaluator.catch_up([0])
    assert night.log.told() == ["anna raised spo2.low"]
    assert night.log.evaluated[0] == 17
    assert night.log.saved.keys() == {"anna", "bo"}


async def test_a_crash_before_the_tick_loses_no_second_of_a_breach(night: Night) -> None:
    for second in range(15):
        night.log.receives("anna", second, 85)
        await night.evaluator.catch_up([0])
    successor = Night(night.log)
    await successor.evaluator.begin()
    night.log.receives("anna", 15, 85)
    assert await successor.until(15) == ["anna raised spo2.low"]


async def test_what_was_offered_is_not_read_again(night: Night) -> None:
    night.log.failing.add("pending")
    for second in range(16):
        night.log.receives("anna", second, 85)
        night.evaluator.offer(0, night.log.messages[0][-1:])
        await night.evaluator.catch_up([0])
    assert night.log.told() == ["anna raised spo2.low"]


async def test_an_offer_that_does_not_go_on_where_evaluation_stands_is_read_from_the_store(night: Night) -> None:
    for second in range(16):
        night.log.receives("anna", second, 85)
    for given in (night.log.messages[0][3:], night.log.messages[0][:2], night.log.messages[0][::-1]):
        night.evaluator.offer(0, given)
    await night.evaluator.catch_up([0])
    assert night.log.told() == ["anna raised spo2.low"]
    assert night.evaluator.stats.evaluated == 16


@pytest.mark.parametrize("hours", [1, -1, 24 * 365])
async def test_a_clock_that_is_set_is_nobodys_silence_and_hides_none(night: Night, hours: int) -> None:
    """The clock of this machine, while two devices go on speaking and one falls silent."""
    by = hours * 3600
    for second in range(0, 60, 10):
        for patient in ("anna", "bo", "chen"):
            night.log.receives(patient, second, 97)
    assert await night.until(60) == []
    night.clock.stepped = timedelta(seconds=by)
    assert await night.until(by + 61) == []
    for second in range(70, 180, 10):
        night.log.receives("anna", by + second, 97)
        night.log.receives("bo", by + second, 78)
        assert "silence" not in str(await night.until(by + second)) or second > 170
    assert "chen raised silence:of-chen" in [*night.log.told(), *await night.until(by + 181)]
    assert night.log.told().count("bo raised spo2.low") == 1


@pytest.mark.parametrize("asked", ["standing", "pending"])
@pytest.mark.parametrize("hours", [1, -1])
async def test_a_clock_that_is_set_while_the_store_is_asked_is_nobodys_silence(
    night: Night, asked: str, hours: int
) -> None:
    for second in range(0, 60, 10):
        night.log.receives("anna", second, 97)
    night.log.meanwhile[asked] = lambda: night.clock.set(hours)
    assert await night.until(60) == []
    assert night.clock.now == after(3600 * hours + 60)
    assert await night.until(3600 * hours + 119) == []
    assert "bo raised silence:of-bo" in await night.until(3600 * hours + 121)


async def test_what_arrives_by_a_clock_that_was_set_while_the_store_was_asked_lasted_no_hour(night: Night) -> None:
    night.log.receives("anna", 0, 85)
    assert await night.until(1) == []

    def set_and_heard() -> None:
        night.clock.set(1)
        night.log.receives("anna", 3602, 85)

    night.log.meanwhile["pending"] = set_and_heard
    await night.evaluator.catch_up([0])
    assert night.log.told() == []
    night.log.receives("anna", 3616, 85)
    assert await night.until(3616) == ["anna raised spo2.low"]


async def test_what_waited_while_the_clock_was_put_forward_was_heard_just_before(night: Night) -> None:
    for second in range(0, 60, 10):
        night.log.receives("bo", second, 97)
    night.log.receives("anna", 58, 85)
    assert await night.until(59) == []
    for patient, value in (("bo", 97), ("anna", 85)):
        night.log.receives(patient, 60, value)
    night.clock.set(1)
    night.log.receives("anna", 3661, 85)
    assert await night.until(3661) == []
    night.log.receives("anna", 3674, 85)
    assert await night.until(3674) == ["anna raised spo2.low"]
    assert await night.until(3719) == []
    assert "bo raised silence:of-bo" in await night.until(3781)


async def test_a_clock_that_was_put_back_while_nobody_watched_hides_nothing(night: Night) -> None:
    for second in range(3):
        night.log.receives("anna", second, 97)
    await night.until(3)
    again = Night(night.log)
    again.clock.now = after(-3600)
    night.log.receives("anna", 3, 97)  # stored, not yet evaluated
    await again.evaluator.begin()
    assert await again.until(-3600) == []
    for second in range(30):
        night.log.receives("anna", second - 3599, 78)
    assert await again.until(-3569) == ["anna raised spo2.low"]
    assert "anna raised silence:of-anna" in await again.until(-3400)
