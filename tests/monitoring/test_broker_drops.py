"""A broker that drops: how many, who is told, when it is over; on both databases."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

import pytest
import sqlalchemy as sa

from server.monitoring.broker_drops import BROKERS, MOSQUITTO, QUIET, TOPICS, BrokerDrops, broker_of, lost
from server.store.broker_drops import BrokerDropsQueries
from server.store.tables import audit, deliveries
from tests.monitoring.house import NOON, PHONES, SENDER, House

SYS = "$SYS/broker/publish/messages/dropped"
SECOND = timedelta(seconds=1)


@pytest.fixture
def hints() -> list[None]:
    return []


def opened(house: House, hints: list[None]) -> BrokerDrops:
    queries = partial(house.store.write, BrokerDropsQueries), partial(house.store.read, BrokerDropsQueries)
    return BrokerDrops(*queries, lambda: hints.append(None), SENDER)


@pytest.fixture
def drops(house: House, hints: list[None]) -> BrokerDrops:
    return opened(house, hints)


async def says(drops: BrokerDrops, count: int, after_s: float, topic: str = SYS) -> None:
    drops.heard(topic, str(count).encode())
    await drops.tick(NOON + timedelta(seconds=after_s))


async def letters(house: House) -> Sequence[sa.Row[tuple[object, ...]]]:
    return await house.rows(sa.select(deliveries).where(deliveries.c.template == "broker_drops"))


async def test_what_is_dropped_is_counted_and_operators_are_told_once(
    house: House, drops: BrokerDrops, hints: list[None]
) -> None:
    await says(drops, 5, 0)
    assert (await drops.newest(), hints) == ([], [])  # when these were dropped, nobody knows
    await says(drops, 12, 10)
    await says(drops, 40, 20)
    (episode,) = await drops.newest()
    assert (episode.broker, episode.number, episode.ended_at) == (MOSQUITTO, 35, None)
    (letter,) = await letters(house)
    assert (letter.recipient, letter.address, letter.urgent) == ("user:operator", PHONES["operator"], True)
    assert "7" in letter.body
    assert hints == [None]


async def test_it_is_over_when_nothing_was_dropped_for_ten_minutes(house: House, drops: BrokerDrops) -> None:
    await says(drops, 0, 0)
    await says(drops, 3, 1)
    await drops.tick(NOON + SECOND + QUIET - SECOND)
    assert [one.ended_at for one in await drops.newest()] == [None]
    await drops.tick(NOON + SECOND + QUIET)
    assert [one.ended_at for one in await drops.newest()] == [NOON + SECOND + QUIET]
    await says(drops, 4, 3600)
    assert [one.number for one in await drops.newest()] == [1, 3]
    assert len(await letters(house)) == 2
    steps = await house.rows(sa.select(audit.c.action, audit.c.subject).where(audit.c.subject == "broker:mosquitto"))
    assert [row.action for row in steps] == ["broker.dropped", "broker.drops_ended", "broker.dropped"]


async def test_a_restart_of_the_server_hides_nothing_and_repeats_nothing(
    house: House, drops: BrokerDrops, hints: list[None]
) -> None:
    await says(drops, 0, 0)
    await says(drops, 3, 1)
    again = opened(house, hints)
    await says(again, 9, 60)
    assert [one.number for one in await again.newest()] == [9]
    assert len(await letters(house)) == 1
    silent = opened(house, hints)
    await silent.tick(NOON + timedelta(seconds=60) + QUIET)
    assert [one.ended_at is None for one in await silent.newest()] == [False]


async def test_a_broker_that_began_again_counts_from_nothing(drops: BrokerDrops) -> None:
    await says(drops, 100, 0)
    await says(drops, 2, 10)
    assert [one.number for one in await drops.newest()] == [2]


async def test_each_node_has_its_own_count(drops: BrokerDrops) -> None:
    first, second = (f"$SYS/brokers/emqx@10.0.0.{n}/metrics/delivery/dropped/queue_full" for n in (1, 2))
    for topic, count in ((first, 0), (second, 50), (first, 1), (second, 50)):
        await says(drops, count, 0, topic)
    assert [(one.broker, one.number) for one in await drops.newest()] == [("emqx@10.0.0.1", 1)]


async def test_what_is_no_count_of_a_broker_is_passed_over(drops: BrokerDrops) -> None:
    for topic, payload in ((SYS, b"-1"), (SYS, b"many"), (SYS, b""), ("$SYS/broker/uptime", b"7"), (SYS, b"1" * 99)):
        drops.heard(topic, payload)
    for node in range(BROKERS * 2):
        drops.heard(f"$SYS/brokers/n{node}/metrics/delivery/dropped/queue_full", b"1")
    assert MOSQUITTO not in drops.counts or drops.counts[MOSQUITTO] == int("1" * 20)
    assert len(drops.counts) <= BROKERS


@pytest.mark.parametrize(
    ("before", "count", "more"), [(None, 5, 0), (0, 0, 0), (0, 5, 5), (5, 7, 2), (5, 5, 0), (5, 3, 3), (5, 0, 0)]
)
def test_how_many_more(before: int | None, count: int, more: int) -> None:
    assert lost(before, count) == more


def test_the_topics_that_are_asked_for_are_those_that_are_understood() -> None:
    assert [broker_of(topic.replace("+", "emqx@a")) for topic in TOPICS] == [MOSQUITTO, "emqx@a"]
    for other in ("$SYS/brokers//metrics/delivery/dropped/queue_full", "$SYS/broker", "bedside/v1/ox1/readings"):
        assert broker_of(other) is None
