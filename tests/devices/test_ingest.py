import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from devices import ingest
from devices.arrivals import Arrival, KnownDevice, Receipt
from devices.ingest import Ingest
from devices.journal import Ack, Committed, Stored
from devices.reader import Reader
from devices.readings import Message, Quarantined, Reason
from tests.devices.codecs.sample_files import shipped

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
DEVICES = {"BM-77": KnownDevice("BM-77", timedelta(0)), "fast": KnownDevice("fast", timedelta(hours=1))}


class BrokenDiskError(OSError):
    """The store is down."""


class Bench:
    """A link, a journal and a registry in one, small and real: it stores, fails on demand, and notes the order."""

    def __init__(self) -> None:
        self.happened: list[str] = []
        self.rows: dict[tuple[str, str], Message] = {}
        self.quarantine: list[Quarantined] = []
        self.acks: list[tuple[str, str | None, int]] = []
        self.answers: list[tuple[str, bytes]] = []
        self.acknowledged: list[int] = []
        self.told: list[Committed] = []
        self.failures: list[Exception] = []
        self.poison: set[float] = set()
        self.inbox: asyncio.Queue[list[Arrival]] = asyncio.Queue()

    async def arrivals(self, linger_s: float, limit: int) -> list[Arrival]:
        return await self.inbox.get()

    def acknowledge(self, receipts: Sequence[Receipt]) -> None:
        self.happened.append("acknowledged")
        self.acknowledged += [receipt.mid for receipt in receipts]

    def publish_ack(self, device_id: str, epoch: str | None, seq: int) -> None:
        self.happened.append("device told")
        self.acks.append((device_id, epoch, seq))

    def tell(self, topic: str, payload: bytes) -> None:
        self.happened.append("device answered")
        self.answers.append((topic, payload))

    def known(self, device_id: str) -> KnownDevice | None:
        return DEVICES.get(device_id)

    async def commit(self, messages: Sequence[Message], quarantined: Sequence[Quarantined]) -> Committed:
        if self.failures:
            self.happened.append("failed")
            raise self.failures.pop(0)
        if any(reading.value in self.poison for message in messages for reading in message.body.readings):
            raise ValueError("the database chokes on it")
        self.happened.append("committed")
        new = [message for message in messages if (message.device_id, message.identity) not in self.rows]
        self.rows |= {(message.device_id, message.identity): message for message in new}
        self.quarantine += quarantined
        acks = [
            Ack(message.device_id, message.epoch or "", message.seq) for message in messages if message.seq is not None
        ]
        return Committed(acks, [Stored(message, message.identity, "patient", 0, 1) for message in new])

    async def hand_on(self, committed: Committed) -> None:
        self.happened.append("handed on")
        self.told.append(committed)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(ingest, "BACKOFF_S", (0.0,))
    return Bench()


def made(bench: Bench) -> Ingest:
    return Ingest(bench, bench, Reader(bench), committed=bench.hand_on, clock=lambda: NOON)


def arrival(
    payload: bytes, topic: str = "bedside/v1/BM-77/readings", *, mid: int = 1, retained: bool = False
) -> Arrival:
    return Arrival(topic, payload, retained, NOON, Receipt(1, mid))


def spo2(value: float = 97, **envelope: object) -> bytes:
    return json.dumps({**envelope, "readings": [{"metric": "spo2", "value": value, "unit": "%"}]}).encode()


async def test_nothing_is_acknowledged_before_it_is_committed(bench: Bench) -> None:
    await made(bench).take([arrival(spo2(epoch="e", seq=1)), arrival(spo2(epoch="e", seq=2), mid=2)])
    assert bench.happened == ["committed", "acknowledged", "device told", "device told", "handed on"]
    assert bench.acknowledged == [1, 2]
    assert bench.acks[-1] == ("BM-77", "e", 2)
    assert [stored.message.seq for stored in bench.told[0].stored] == [1, 2]


async def test_while_the_store_is_down_nothing_is_acknowledged_and_nothing_dropped(bench: Bench) -> None:
    bench.failures = [BrokenDiskError() for _ in range(50)]
    working = made(bench)
    await working.take([arrival(spo2(seq=1)), arrival(spo2(79, seq=2), mid=2)])
    assert bench.happened[:50] == ["failed"] * 50
    assert bench.happened[50:52] == ["committed", "acknowledged"]
    assert len(bench.rows) == 2
    assert bench.quarantine == []
    assert (working.stats.failures, working.stats.isolated, working.stats.failing_since) == (50, 0, None)


async def test_a_message_that_the_store_chokes_on_is_isolated_and_the_others_are_stored(bench: Bench) -> None:
    bench.poison = {66.0}
    working = made(bench)
    await working.take([arrival(spo2(value, seq=n), mid=n) for n, value in enumerate((97, 96, 66, 95, 79))])
    assert [r.value for m in bench.rows.values() for r in m.body.readings] == [97, 96, 95, 79]
    assert bench.rows["BM-77", ":2"].body.refusals[0].metric is None
    assert [row.payload for row in bench.quarantine] == [spo2(66, seq=2)]
    assert bench.acknowledged == [0, 1, 2, 3, 4]
    assert max(seq for _, _, seq in bench.acks) == 4
    assert working.stats.isolated == 1


async def test_a_store_that_fails_in_an_unnamed_way_costs_no_message(bench: Bench) -> None:
    for count in range(1, 12):  # whenever it recovers
        bench.failures = [RuntimeError() for _ in range(count)]
        await made(bench).take([arrival(spo2(79, seq=count))])
        assert [reading.value for reading in bench.rows["BM-77", f":{count}"].body.readings] == [79]


async def test_a_counter_that_began_again_without_saying_so_loses_no_reading(bench: Bench) -> None:
    """A device that names no epoch restarts at 1: other readings under an old number are not the old message."""

    def at(minute: int, **envelope: object) -> Arrival:
        timed = {"metric": "spo2", "value": 97, "unit": "%", "at": f"2026-11-21T11:{minute:02}:00Z"}
        return arrival(json.dumps({**envelope, "readings": [timed]}).encode())

    working = made(bench)
    for minute in (50, 50, 55):
        await working.take([at(minute, seq=1)])
    assert [message.measured_at.minute for message in bench.rows.values()] == [50, 55]
    for minute in (50, 55):
        await working.take([at(minute, seq=1, epoch="e")])
    assert len(bench.rows) == 3


async def test_a_listener_that_fails_does_not_stop_the_next_batch(bench: Bench) -> None:
    async def broken(_: Committed) -> None:
        raise RuntimeError

    working = Ingest(bench, bench, Reader(bench), committed=broken, clock=lambda: NOON)
    await working.take([arrival(spo2(seq=1))])
    assert bench.acknowledged == [1]
    assert working.stats.untold == 1


async def test_an_unparsable_payload_is_kept_for_a_person_and_seen_by_evaluation(bench: Bench) -> None:
    await made(bench).take([arrival(b'{"seq": 3, "seq": 3}'), arrival(b'{"epoch": "e", "seq": 4, "readings": 5}')])
    reasons = [row.reason for row in bench.quarantine]
    assert reasons == [Reason.DUPLICATE_KEY, Reason.WRONG_SHAPE]
    unnamed, numbered = bench.rows.values()
    assert unnamed.identity.startswith("!")
    assert (numbered.identity, numbered.seq) == ("e:4", 4)
    assert [refusal.metric for refusal in numbered.body.refusals] == [None]
    assert bench.acks == [("BM-77", "e", 4)]


@pytest.mark.parametrize(
    ("topic", "reason", "device_id"),
    [
        ("bedside/v1/stranger/readings", Reason.UNKNOWN_DEVICE, "stranger"),
        ("bedside/v1/BM-77/morse", Reason.WRONG_TOPIC, "BM-77"),
        ("bedside/v1/BM-77/readings/more", Reason.WRONG_TOPIC, "BM-77"),
        ("bedside/v1/BM-77", Reason.WRONG_TOPIC, None),
        ("bedside/v1/" + "x" * 9000 + "/readings", Reason.WRONG_TOPIC, None),
    ],
)
async def test_a_foreign_topic_is_quarantined_and_acknowledged(
    bench: Bench, topic: str, reason: Reason, device_id: str | None
) -> None:
    await made(bench).take([arrival(spo2(seq=1), topic)])
    assert [(row.reason, row.device_id) for row in bench.quarantine] == [(reason, device_id)]
    assert len(bench.quarantine[0].topic) <= 256
    assert (bench.rows, bench.acknowledged) == ({}, [1])


async def test_a_retained_reading_is_somebodys_past(bench: Bench) -> None:
    working = made(bench)
    await working.take([arrival(spo2(seq=1), retained=True), arrival(b"{}", "bedside/v1/BM-77/status", mid=2)])
    assert bench.rows == {}
    assert bench.quarantine == []
    assert bench.acknowledged == [1, 2]
    assert (working.stats.retained, working.stats.passed_over) == (1, 2)


async def test_what_makes_two_messages_the_same(bench: Bench) -> None:
    timed = b'{"readings": [{"metric": "spo2", "value": 79, "unit": "%", "at": "2026-11-21T11:59:59Z"}]}'
    for payload in (spo2(epoch="e", seq=1), spo2(epoch="f", seq=1), spo2(seq=1), timed, spo2()):
        working = made(bench)
        await working.take([arrival(payload)])
        await working.take([arrival(payload)])
    identities = [identity for _, identity in bench.rows]
    assert identities[:3] == ["e:1", "f:1", ":1"]
    assert [identity[0] for identity in identities[3:]] == ["#", "!", "!"]
    assert bench.acks.count(("BM-77", "e", 1)) == 2  # a duplicate is acknowledged too: the device still holds it


async def test_times_are_put_on_our_clock_by_the_stored_offset(bench: Bench) -> None:
    payload = b'{"readings": [{"metric": "spo2", "value": 79, "unit": "%", "at": "2026-11-21T12:59:50Z"}]}'
    await made(bench).take([arrival(payload, "bedside/v1/fast/readings")])
    message = next(iter(bench.rows.values()))
    assert message.measured_at == NOON - timedelta(seconds=10)
    assert message.clock_offset == timedelta(hours=1)


async def test_a_future_reading_is_refused_and_the_message_is_not(bench: Bench) -> None:
    payload = b'{"seq": 1, "readings": [{"metric": "spo2", "value": 79, "unit": "%", "at": "2026-11-21T12:06:00Z"}]}'
    working = made(bench)
    await working.take([arrival(payload)])
    [body] = [message.body for message in bench.rows.values()]
    assert ([r.reason for r in body.refusals], body.readings, bench.quarantine) == ([Reason.FUTURE], (), [])
    assert working.stats.refused_readings == 1


async def test_it_serves_until_it_is_cancelled(bench: Bench) -> None:
    working = made(bench)
    for number in (1, 2):
        bench.inbox.put_nowait([arrival(spo2(seq=number), mid=number)])
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(working.run(), 0.05)
    assert bench.acknowledged == [1, 2]


async def test_what_a_device_said_its_aliases_mean_is_remembered_for_it_alone(bench: Bench) -> None:
    session = json.loads(shipped("sparkplug/messages.json"))["messages"]
    birth, data = (bytes.fromhex(session[index]["hex"]) for index in (1, 2))
    working = made(bench)
    for device, payload in (("BM-77", birth), ("BM-77", data), ("fast", data)):
        await working.take([arrival(payload, f"bedside/v1/{device}/readings/sparkplug")])
    born, told, stranger = bench.rows.values()
    assert [len(message.body.readings) for message in (born, told, stranger)] == [3, 2, 0]
    assert [refusal.metric for refusal in stranger.body.refusals] == ["", ""]


@pytest.mark.parametrize("hours", [1, -1])
@pytest.mark.parametrize("tells", [True, False])
async def test_our_clock_is_set_and_every_reading_stays_a_live_one(bench: Bench, hours: int, tells: bool) -> None:
    """The device's clock stays as it is. One that never tells it gives its readings no time either."""
    step = timedelta(hours=hours)
    steps, clock = [timedelta(0), step, timedelta(0)], [NOON]
    working = Ingest(
        bench, bench, Reader(bench), committed=bench.hand_on, clock=lambda: clock[0], stepped=lambda: steps.pop(0)
    )

    def said(seq: int, received_at: datetime) -> Arrival:
        told = {"sent": NOON.isoformat()} if tells else {}
        reading = {"metric": "spo2", "value": 97, "unit": "%", **({"at": NOON.isoformat()} if tells else {})}
        payload = json.dumps({"epoch": "e", "seq": seq, **told, "readings": [reading]}).encode()
        return Arrival("bedside/v1/BM-77/readings", payload, False, received_at, Receipt(1, seq))

    await working.take([said(1, NOON)])
    clock[0] = NOON + step
    await working.take([said(2, NOON), said(3, NOON + step)])
    await working.take([said(4, NOON + step)])
    assert [row.body.readings[0].at - NOON for row in bench.rows.values()] == [timedelta(0), step, step, step]
    assert [row.received_at - NOON for row in bench.rows.values()] == [timedelta(0), step, step, step]


async def test_a_device_that_never_tells_its_clock_is_taken_at_its_word_whatever_ours_does(bench: Bench) -> None:
    reader = Reader(bench)
    right = b'{"readings": [{"metric": "spo2", "value": 97, "unit": "%", "at": "2026-11-21T12:00:00Z"}]}'
    reader.read(arrival(right))
    reader.clock_was_set(timedelta(minutes=4))
    entry = reader.read(arrival(right))
    assert entry.message is not None
    assert entry.message.body.readings[0].at == NOON
