"""Quarantine over the real journal, on both databases: nothing is stored twice, and the original stays."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import partial

import pytest
import sqlalchemy as sa

from devices.arrivals import Arrival, KnownDevice, Receipt
from devices.handover import NotTaken
from devices.reader import Entry, Reader
from devices.readings import Reason
from server.monitoring.errors import (
    NotFound,
    NothingToTake,
    NotTakenNow,
    QuarantineSettled,
    QuarantineWishRefused,
    ReadingsTakenBefore,
    TooManyCopies,
)
from server.monitoring.quarantine import COPIES, PAGE, Filter, IntakeOf, Quarantine, State, Wish
from server.monitoring.quarantine_views import QuarantineView
from server.store.journal import StoreJournal
from server.store.quarantine import QuarantineQueries
from server.store.tables import messages, quarantine, streams
from tests.monitoring.house import DEVICE, NOON, OPERATOR, SHANGHAI, House

GOOD = b'{"readings": [{"metric": "spo2", "value": 91, "unit": "%"}]}'
BROKEN = b'{"readings": [{"metric": "spo2", "value": 91, "unit": "%"]}'
NUMBERED = b'{"epoch": "e", "seq": 7, "readings": 91}'
LATER = NOON + timedelta(hours=2)


class Ward:
    """The house with the way in, its quarantine, and devices that may be unknown for a while."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.known_ids = {DEVICE}
        self.closed = False
        begin, look = partial(house.store.write, QuarantineQueries), partial(house.store.read, QuarantineQueries)
        self.quarantine = Quarantine(begin, look, IntakeOf(self.known, self.deliver, SHANGHAI, patience_s=5))

    def known(self, device_id: str) -> KnownDevice | None:
        return KnownDevice(device_id, timedelta(0)) if device_id in self.known_ids else None

    async def deliver(self, arrival: Arrival) -> Entry:
        if self.closed:
            raise NotTaken
        entry = Reader(self).read(arrival)
        taken = [entry.message] if entry.message else []
        await StoreJournal(self.house.store).commit(taken, [entry.quarantined] if entry.quarantined else [])
        return entry

    async def comes(self, payload: bytes, topic: str = f"bedside/v1/{DEVICE}/readings") -> QuarantineView:
        """It lands in quarantine: as it is shown there."""
        await self.deliver(Arrival(topic, payload, False, self.house.now, Receipt(0, 0)))
        self.house.now += timedelta(seconds=1)
        return (await self.quarantine.page(Filter())).rows[0]

    async def replay(self, quarantine_id: str, content: bytes | None = None, format_: str | None = None) -> list[float]:
        taken = await self.quarantine.replay(OPERATOR, quarantine_id, Wish(content, format_), LATER)
        return [reading.value for reading in taken.taken]

    async def stored(self) -> Sequence[sa.Row[tuple[str, ...]]]:
        """Messages with a reading."""
        rows = await self.house.rows(sa.select(messages).order_by(messages.c.received_at))
        return [row for row in rows if b"spo2" in bytes(row.body)]

    async def kept(self, quarantine_id: str) -> bytes:
        [row] = await self.house.rows(sa.select(quarantine.c.payload).where(quarantine.c.id == quarantine_id))
        return bytes(row.payload)


@pytest.fixture
def ward(house: House) -> Ward:
    return Ward(house)


async def test_a_corrected_copy_is_stored_once_and_the_original_stays(ward: Ward) -> None:
    held = await ward.comes(BROKEN)
    assert (held.reason, held.device_id, held.size, held.taken) == ("bad_json", DEVICE, len(BROKEN), 0)
    assert await ward.replay(held.id, GOOD) == [91]
    [message] = await ward.stored()
    assert (message.patient_id, message.received_at, message.measured_at) == ("patient", LATER, NOON)
    assert b'"corrected"' in bytes(message.body)
    opened = await ward.quarantine.open(OPERATOR, held.id, LATER)
    assert (opened.payload, opened.message.state, opened.message.settled_by) == (BROKEN, "replayed", "前台")
    assert [(one.payload, one.written_by, one.format) for one in opened.copies] == [(GOOD, "前台", "readings")]
    wanted = ["quarantine.corrected", "quarantine.replayed", "quarantine.opened"]
    assert [action for action in await ward.house.audited() if "quarantine" in action] == wanted


async def test_what_is_settled_is_settled(ward: Ward) -> None:
    held = await ward.comes(BROKEN)
    await ward.replay(held.id, GOOD)
    for again in (ward.replay(held.id, GOOD), ward.quarantine.dismiss(OPERATOR, held.id, "no", LATER)):
        with pytest.raises(QuarantineSettled):
            await again
    assert len(await ward.stored()) == 1


async def test_two_who_replay_at_once_store_it_once(ward: Ward) -> None:
    held = await ward.comes(BROKEN)
    done = await asyncio.gather(*(ward.replay(held.id, GOOD) for _ in range(3)), return_exceptions=True)
    assert done.count([91.0]) == 1
    assert sum(isinstance(one, QuarantineSettled) for one in done) == 2
    assert len(await ward.stored()) == 1


async def test_a_crash_between_storing_and_settling_is_mended_by_doing_it_again(ward: Ward) -> None:
    held = await ward.comes(BROKEN)
    await ward.replay(held.id, GOOD)
    await ward.house.execute(sa.update(quarantine).values(state="open"))
    await ward.replay(held.id, GOOD)
    assert len(await ward.stored()) == 1


async def test_bytes_of_a_device_that_was_unknown_are_the_message_that_it_may_send_again(ward: Ward) -> None:
    ward.known_ids.clear()
    numbered = GOOD.replace(b'{"read', b'{"epoch": "e", "seq": 9, "read', 1)
    held = await ward.comes(numbered)
    assert held.reason == "unknown_device"
    with pytest.raises(NothingToTake):
        await ward.replay(held.id)
    ward.known_ids.add(DEVICE)
    assert await ward.replay(held.id) == [91]
    await ward.deliver(Arrival(held.topic, numbered, False, LATER, Receipt(0, 0)))
    assert len(await ward.stored()) == 1
    [stream] = await ward.house.rows(sa.select(streams))
    assert stream.covered == 9  # by the device's own sending alone


async def test_a_number_that_was_covered_without_readings_does_not_stand_in_the_way(ward: Ward) -> None:
    """The device may send the same broken bytes twice; corrected twice it is stored once."""
    first, second = await ward.comes(NUMBERED), await ward.comes(NUMBERED)
    good = GOOD.replace(b'{"read', b'{"epoch": "e", "seq": 8, "read', 1)  # a typing error: the number of another
    await ward.replay(first.id, good)
    await ward.replay(second.id, good)
    [message] = await ward.stored()
    assert (message.identity, message.seq) == ("e:7~again", None)
    await ward.deliver(Arrival(first.topic, good, False, LATER, Receipt(0, 0)))
    assert len(await ward.stored()) == 2  # the device's own eighth is not taken for it


async def test_readings_that_were_taken_when_it_came_are_not_taken_twice(ward: Ward) -> None:
    held = await ward.comes(GOOD.replace(b'{"read', b'{"seq": -1, "read', 1))
    assert held.taken == 1
    with pytest.raises(ReadingsTakenBefore):
        await ward.replay(held.id)
    await ward.quarantine.dismiss(OPERATOR, held.id, "the reading is there", LATER)


async def test_a_wrong_format_is_named_and_the_device_is_never_another(ward: Ward) -> None:
    held = await ward.comes(b'[{"n": "spo2", "u": "%", "v": 0.91}]', f"bedside/v1/{DEVICE}/semnl")
    assert held.reason == "wrong_topic"
    with pytest.raises(NothingToTake):
        await ward.replay(held.id, None, "../other/readings")
    assert await ward.replay(held.id, None, "senml") == [91]
    [message] = await ward.stored()
    assert message.device_id == DEVICE


@pytest.mark.parametrize(
    ("content", "reason"),
    [(BROKEN, Reason.BAD_JSON), (b"", Reason.BAD_JSON), (b'{"readings": []}', Reason.NO_READING)],
)
async def test_where_nothing_can_be_taken_nothing_is_kept_of_the_try(
    ward: Ward, content: bytes, reason: Reason
) -> None:
    held = await ward.comes(BROKEN)
    for attempt in (ward.quarantine.check(held.id, Wish(content), LATER), ward.replay(held.id, content)):
        with pytest.raises(NothingToTake) as refused:
            await attempt
        assert refused.value.reason is reason
    opened = await ward.quarantine.open(OPERATOR, held.id, LATER)
    assert (opened.message.state, opened.copies) == ("open", [])
    assert len((await ward.quarantine.page(Filter(state=None))).rows) == 1


async def test_one_can_look_before(ward: Ward) -> None:
    held = await ward.comes(BROKEN)
    half = GOOD.replace(b"}]}", b'}, {"metric": "mood", "value": 1, "unit": "1"}]}')
    seen = await ward.quarantine.check(held.id, Wish(half), LATER)
    assert [(one.metric, one.value, one.at) for one in seen.taken] == [("spo2", 91, NOON)]
    assert [one.reason for one in seen.refused] == [Reason.UNKNOWN_METRIC]
    assert await ward.stored() == []


async def test_what_was_too_large_to_keep_whole_is_replayed_as_a_copy_only(ward: Ward) -> None:
    held = await ward.comes(GOOD + b" " * 70_000)
    assert held.reason == "too_large"
    with pytest.raises(NothingToTake):
        await ward.replay(held.id)
    assert await ward.replay(held.id, GOOD) == [91]
    assert len(await ward.kept(held.id)) == 4096


async def test_while_the_intake_takes_nothing_it_stays_open(ward: Ward) -> None:
    held = await ward.comes(BROKEN)
    ward.closed = True
    for _ in range(COPIES):
        with pytest.raises(NotTakenNow):
            await ward.replay(held.id, GOOD)
    with pytest.raises(TooManyCopies):
        await ward.replay(held.id, GOOD)
    assert (await ward.quarantine.page(Filter())).rows[0].state == "open"


async def test_dismissed_with_a_reason(ward: Ward) -> None:
    held = await ward.comes(BROKEN)
    for nothing in ("  ", "x" * 301, "a\x00b"):
        with pytest.raises(QuarantineWishRefused):
            await ward.quarantine.dismiss(OPERATOR, held.id, nothing, LATER)
    await ward.quarantine.dismiss(OPERATOR, held.id, "a test of  the cable", LATER)
    [row] = (await ward.quarantine.page(Filter(state=State.DISMISSED))).rows
    assert (row.why, row.settled_by, row.settled_at) == ("a test of the cable", "前台", LATER)
    with pytest.raises(QuarantineSettled):
        await ward.replay(held.id, GOOD)


async def test_what_is_not_there_is_not_found(ward: Ward) -> None:
    calls = [
        ward.quarantine.open(OPERATOR, "none", LATER),
        ward.quarantine.check("none", Wish(GOOD), LATER),
        ward.quarantine.replay(OPERATOR, "none", Wish(GOOD), LATER),
        ward.quarantine.dismiss(OPERATOR, "none", "why", LATER),
    ]
    for call in calls:
        with pytest.raises(NotFound):
            await call


async def test_it_is_looked_through_page_by_page_and_filtered(ward: Ward) -> None:
    for number in range(PAGE + 3):
        await ward.comes(BROKEN if number % 2 else b"\xff", f"bedside/v1/{DEVICE if number % 3 else 'OX-9'}/readings")
    first = await ward.quarantine.page(Filter())
    second = await ward.quarantine.page(Filter(after_id=first.rows[-1].id))
    assert (len(first.rows), first.more, len(second.rows), second.more) == (PAGE, True, 3, False)
    times = [row.received_at for row in (*first.rows, *second.rows)]
    assert times == sorted(times, reverse=True)
    assert {row.device_id for row in (await ward.quarantine.page(Filter(device_id="OX-9"))).rows} == {"OX-9"}
    utf8 = (await ward.quarantine.page(Filter(reason=Reason.BAD_UTF8))).rows
    assert {row.reason for row in utf8} == {"bad_utf8"}
    span = Filter(since=NOON + timedelta(seconds=2), until=NOON + timedelta(seconds=4))
    assert len((await ward.quarantine.page(span)).rows) == 2
    assert (await ward.quarantine.page(Filter(after_id="none"))).rows == []
