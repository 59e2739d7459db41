"""What is stored is summed up once, whatever comes late, twice or between: on both databases."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

import pytest
import sqlalchemy as sa

from devices.readings import Body, Message, Reading
from server.monitoring import rolling
from server.monitoring.rolling import Rolling, Step
from server.monitoring.rollups import Bucket, Level, Sums
from server.store.engine import Store
from server.store.history import RollupLookQueries, RollupQueries
from server.store.journal import StoreJournal, partition_of
from server.store.tables import rollup_progress, rollups
from tests.monitoring.house import DEVICE, NOON, SHANGHAI, House


def rolling_of(store: Store, queries: type[RollupQueries] = RollupQueries) -> Rolling:
    begin = partial(store.write, partial(queries, zone=SHANGHAI))
    return Rolling(begin, partial(store.read, RollupLookQueries), SHANGHAI)


def message(seq: int, *readings: Reading, received_at: datetime = NOON + timedelta(days=5)) -> Message:
    newest = max(reading.at for reading in readings)
    return Message(DEVICE, f"e:{seq}", received_at, newest, Body(readings=readings), epoch="e", seq=seq)


def temp(value: float, minute: float, *context: str) -> Reading:
    return Reading("temp", value, "Cel", NOON + timedelta(minutes=minute), context=context)


async def store_and_sum(house: House, *messages: Message) -> None:
    await StoreJournal(house.store).commit(messages, [])
    await sum_up(house.store)


async def sum_up(store: Store) -> None:
    while await rolling_of(store).turn():
        pass


async def kept(house: House, level: Level) -> Sequence[Sums]:
    table = rollups.c
    query = sa.select(table.count, table.low, table.high, table.total, table.last, table.last_ms)
    rows = await house.rows(query.where(table.level == level).order_by(table.start, table.site))
    return [Sums(*tuple(row)) for row in rows]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rolling, "BREATH_S", 0.0)


async def test_readings_are_summed_by_minute_hour_and_day(house: House) -> None:
    await store_and_sum(house, *(message(n, temp(36 + n / 10, n * 20)) for n in range(5)))
    assert [each.count for each in await kept(house, Level.MINUTE)] == [1] * 5
    assert [each.count for each in await kept(house, Level.HOUR)] == [3, 2]
    [day] = await kept(house, Level.DAY)
    assert (day.count, day.low, day.high, day.last) == (5, 36.0, 36.4, 36.4)
    assert day.total == pytest.approx(181.0)


async def test_what_comes_late_is_added_where_it_belongs(house: House) -> None:
    await store_and_sum(house, message(2, temp(38.0, 61)))
    await store_and_sum(house, message(1, temp(36.0, 1), temp(37.0, 1.5)))
    assert [(each.count, each.last) for each in await kept(house, Level.HOUR)] == [(2, 37.0), (1, 38.0)]
    [day] = await kept(house, Level.DAY)
    assert (day.count, day.last) == (3, 38.0)


class Crash(Exception):
    """Where the process would die."""


class CrashingQueries(RollupQueries):
    async def add(self, sums: Sequence[tuple[Bucket, Sums]]) -> None:
        await super().add(sums)
        raise Crash


async def test_a_crash_before_the_commit_counts_nothing_and_the_next_turn_all(house: House) -> None:
    await StoreJournal(house.store).commit([message(1, temp(37.0, 1))], [])
    with pytest.raises(Crash):
        await rolling_of(house.store, CrashingQueries).turn()
    assert not await kept(house, Level.DAY)
    await sum_up(house.store)
    await sum_up(house.store)
    assert [each.count for each in await kept(house, Level.DAY)] == [1]


async def test_who_comes_second_moves_nothing(house: House) -> None:
    await store_and_sum(house, message(1, temp(37.0, 1)))
    async with house.store.write(partial(RollupQueries, zone=SHANGHAI)) as queries:
        assert not await queries.advance(Step(partition_of("patient"), 0, 1))
    [row] = await house.rows(sa.select(rollup_progress.c.position))
    assert row.position == 1


async def test_a_correction_replaces_at_every_level(house: House) -> None:
    await store_and_sum(house, message(1, temp(36.5, 1)), message(2, temp(41.9, 2)))
    await store_and_sum(house, message(3, temp(37.9, 2, "corrected")), message(4, temp(37.0, 90)))
    assert [each.high for each in await kept(house, Level.MINUTE)] == [36.5, 37.9, 37.0]
    for level in (Level.HOUR, Level.DAY):
        assert (await kept(house, level))[0].high == 37.9
    [day] = await kept(house, Level.DAY)
    assert (day.count, day.last) == (3, 37.0)


async def test_a_correction_does_not_count_what_its_own_page_has_not_reached(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rolling, "CORRECTIONS", 1)
    correction = message(2, temp(37.9, 2, "corrected"))
    await store_and_sum(house, message(1, temp(41.9, 2)), correction, message(3, temp(36.0, 2.1)))
    [minute] = await kept(house, Level.MINUTE)
    assert (minute.count, minute.low, minute.high) == (2, 36.0, 37.9)


async def test_a_backlog_goes_page_by_page_and_nothing_is_left(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rolling, "PAGE", 7)
    await store_and_sum(house, *(message(n, temp(37.0, n)) for n in range(30)))
    [day] = await kept(house, Level.DAY)
    assert day.count == 30
    async with house.store.read(RollupLookQueries) as look:
        assert not await look.behind()
