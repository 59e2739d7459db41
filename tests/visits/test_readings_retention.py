"""Old single readings go when the hospital says and the rules allow, a few at a time; what they came to stays."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import sqlalchemy as sa

from server.monitoring import rolling
from server.monitoring.history import History, HistoryView
from server.monitoring.ranges import Wish
from server.monitoring.rolling import Rolling
from server.store.engine import Store
from server.store.history import HistoryLookQueries, RollupLookQueries, RollupQueries
from server.store.journal import StoreJournal
from server.store.readings_retention import ReadingsRetentionQueries
from server.store.tables import alarms, audit, messages, partitions, tickets
from server.visits import readings_retention
from server.visits.policy.errors import PolicyRefused
from server.visits.policy.pack import Pack
from server.visits.policy.packs import CN_2022, NONE
from server.visits.readings_retention import ReadingsRetention, boundary
from tests.monitoring.house import DOCTOR, NOON, SHANGHAI, House, low_spo2
from tests.monitoring.test_rolling import message, temp

DAY = 24 * 60.0  # in minutes
LATER = NOON + timedelta(days=100)


@pytest.fixture
async def house(store: Store, monkeypatch: pytest.MonkeyPatch) -> House:
    """A patient with a reading on each of five days, summed up and evaluated; the ticket is over."""
    monkeypatch.setattr(rolling, "BREATH_S", 0.0)
    house = House(store)
    await house.open()
    await house.execute(sa.update(tickets).values(state="completed"))
    await StoreJournal(store).commit([message(n, temp(36 + n / 10, n * DAY)) for n in range(5)], [])
    await derive(house)
    return house


async def derive(house: House) -> None:
    begin, look = partial(house.store.write, partial(RollupQueries, zone=SHANGHAI)), house.store.read
    while await Rolling(begin, partial(look, RollupLookQueries), SHANGHAI).turn():
        pass
    await house.execute(sa.update(partitions).values(evaluated=partitions.c.issued))


def retention(house: House, days: int, pack: Pack = NONE) -> ReadingsRetention:
    begin, look = (partial(way, ReadingsRetentionQueries) for way in (house.store.write, house.store.read))
    return ReadingsRetention(begin, look, pack, SHANGHAI, days=days)


async def left(house: House) -> int:
    return len(await house.rows(sa.select(messages.c.id)))


async def chart(house: House, span: timedelta = timedelta(days=10)) -> HistoryView:
    wish = Wish("patient", "temp", NOON, NOON + span, 500)
    return await History(partial(house.store.read, HistoryLookQueries), SHANGHAI).of(DOCTOR, wish)


async def test_by_itself_nothing_goes(house: House) -> None:
    assert (await retention(house, 0).delete("system", LATER)).messages == 0
    assert await left(house) == 5


async def test_what_is_older_goes_and_its_sums_stay(house: House) -> None:
    old = retention(house, 98)
    assert (await old.spent(LATER)).messages == 3
    assert await left(house) == 5
    assert (await old.delete("system", LATER)).messages == 3
    assert await left(house) == 2
    assert [point.last for point in (await chart(house)).points] == [36.0, 36.1, 36.2, 36.3, 36.4]
    assert (await old.delete("system", LATER)).messages == 0


async def test_a_chart_of_what_was_deleted_is_drawn_from_minutes(house: House) -> None:
    assert (await chart(house, timedelta(hours=1))).level == "single"
    await retention(house, 98).delete("system", LATER)
    shown = await chart(house, timedelta(hours=1))
    assert (shown.level, [point.last for point in shown.points]) == ("minute", [36.0])


async def test_what_comes_again_after_it_was_deleted_is_not_counted_twice(house: House) -> None:
    await retention(house, 98).delete("system", LATER)
    await StoreJournal(house.store).commit([message(0, temp(36.0, 0)), message(9, temp(38.0, 4 * DAY + 1))], [])
    await derive(house)
    assert [point.count for point in (await chart(house)).points] == [1, 1, 1, 1, 2]


async def test_each_time_is_a_row_of_the_audit(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings_retention, "MESSAGES", 2)
    await retention(house, 98).delete("operator", LATER)
    rows = await house.rows(sa.select(audit).where(audit.c.action == "retention.deleted"))
    assert [(row.actor, row.subject, row.detail["messages"]) for row in rows] == [
        ("operator", "patient:patient", 2),
        ("operator", "patient:patient", 1),
    ]


async def test_fewer_days_than_the_rules_ask_for_are_refused(house: House) -> None:
    with pytest.raises(PolicyRefused):
        await retention(house, 98, CN_2022).delete("system", LATER)
    with pytest.raises(PolicyRefused):
        await retention(house, 98, CN_2022).spent(LATER)
    assert await left(house) == 5


async def test_after_the_rules_clock_they_may_go(house: House) -> None:
    after = NOON.replace(year=NOON.year + 16)
    assert (await retention(house, 365 * 15 + 10, CN_2022).delete("system", after)).messages == 5


async def test_while_a_later_visit_must_be_kept_its_readings_are(house: House) -> None:
    """The ticket stands: it was before the doctor whatever was measured."""
    await house.execute(sa.update(tickets).values(state="booked"))
    after = NOON.replace(year=NOON.year + 16)
    assert (await retention(house, 365 * 15 + 10, CN_2022).delete("system", after)).messages == 0
    assert (await retention(house, 98).delete("system", LATER)).messages == 3  # without a clock nothing holds them


async def test_what_is_not_derived_yet_stays(house: House) -> None:
    await StoreJournal(house.store).commit([message(7, temp(39.0, 5))], [])
    assert (await retention(house, 98).delete("system", LATER)).messages == 0
    await derive(house)
    assert (await retention(house, 98).delete("system", LATER)).messages == 4


async def test_the_reading_that_raised_an_alarm_stays_with_it(house: House) -> None:
    house.position = 5  # as far as it is evaluated
    await house.commit(low_spo2())
    [first] = await house.rows(sa.select(messages.c.id).order_by(messages.c.measured_at).limit(1))
    await house.execute(sa.update(alarms).values(message_id=first.id))
    await derive(house)
    assert (await retention(house, 98).delete("system", LATER)).messages == 2
    assert await left(house) == 3


BEFORE = datetime(2026, 6, 1, tzinfo=UTC)


def at(month: int) -> datetime:
    return datetime(2026, month, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ([], BEFORE),
        ([at(2), at(4)], BEFORE),
        ([at(2), at(9)], at(2)),
        ([at(9)], None),
        ([None], None),
        ([at(3), None, at(2)], at(3)),
    ],
)
def test_what_the_first_visit_after_it_holds_is_kept(
    ends: Sequence[datetime | None], expected: datetime | None
) -> None:
    spent: Callable[[datetime], bool] = at(8).__gt__
    assert boundary(BEFORE, ends, spent) == expected
