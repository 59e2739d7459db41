"""Budgets: what is counted for whom, which scope refuses, and that no ordinary message ever costs an alarm."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.notifications.budgets import Charge, Count, Limits, Purse, Scope, charge, spend
from server.notifications.deliveries import Channel, Delivery, DeliveryState
from server.store.engine import Store
from server.store.notifications import OutboxQueries
from server.store.tables import message_counts
from tests.notifications.post import ALARM, BOOKED, NOON, QUICK, QUICK_ORDINARY, Outbox, running, until
from tests.store.filled import contents

SMALL = Limits(
    {
        Purse.ORDINARY: {Scope.DAY: 6, Scope.PHONE: 2, Scope.PREFIX: 4, Scope.ADDRESS: 3},
        Purse.ALARMS: {Scope.DAY: 5},
    }
)


@pytest.fixture
def outbox(store: Store) -> Outbox:
    made = Outbox(store)
    made.limits = SMALL
    return made


def taken(**changes: object) -> Delivery:
    row = Delivery(
        id="d1",
        cause="ticket:1:booked",
        step=0,
        recipient="patient:1",
        channel=Channel.SMS,
        address="+8613812345678",
        template="booked",
        locale="zh-CN",
        body="",
        link_id=None,
        urgent=False,
        state=DeliveryState.QUEUED,
        attempts=1,
        next_try_at=NOON,
        expires_at=NOON,
        created_at=NOON,
        sent_at=None,
        provider_id=None,
        error=None,
    )
    return replace(row, **changes)  # type: ignore[arg-type]


def test_a_message_is_counted_by_number_block_asker_and_day() -> None:
    counted = charge(taken(origin="192.0.2.7"), ZoneInfo("Asia/Shanghai"))
    assert counted is not None
    assert counted.keys == {
        Scope.DAY: "",
        Scope.PHONE: "+8613812345678",
        Scope.PREFIX: "+861381234",
        Scope.ADDRESS: "192.0.2.7",
    }


def test_the_day_is_the_hospitals() -> None:
    late = taken(created_at=datetime(2026, 11, 21, 17, tzinfo=UTC))
    assert [charge(late, zone).day for zone in (UTC, ZoneInfo("Asia/Shanghai"))] == [  # type: ignore[union-attr]
        "2026-11-21",
        "2026-11-22",
    ]


@pytest.mark.parametrize("free", [{"channel": Channel.MAIL}, {"channel": Channel.PUSH}, {"attempts": 2}])
def test_what_costs_nothing_is_not_counted(free: dict[str, object]) -> None:
    assert charge(taken(**free), UTC) is None


@given(st.dictionaries(st.sampled_from(list(Scope)), st.integers(0, 10)))
def test_a_scope_refuses_at_its_limit_and_not_before(used: dict[Scope, int]) -> None:
    over = {scope for scope, limit in SMALL.of[Purse.ORDINARY].items() if used.get(scope, 0) >= limit}
    refused = SMALL.exceeded(Purse.ORDINARY, used)
    assert (refused in over) if over else (refused is None)


def to_phone(number: int, phone: str) -> Charge:
    keys = {Scope.DAY: "", Scope.PHONE: phone, Scope.PREFIX: phone[:-4]}
    return Charge(f"d{number}", Purse.ORDINARY, "2026-11-21", keys)


def test_many_are_charged_as_if_one_after_the_other() -> None:
    charges = [to_phone(number, phone) for number, phone in enumerate(["+8613800001", "+8613800001", "+8613800002"])]
    spent = spend(charges, {(Scope.DAY, ""): 1, (Scope.PHONE, "+8613800001"): 1}, SMALL)
    assert spent.refused == {"d1": Scope.PHONE}
    assert spent.counts == {
        (Scope.DAY, ""): 2,
        (Scope.PHONE, "+8613800001"): 1,
        (Scope.PHONE, "+8613800002"): 1,
        (Scope.PREFIX, "+861380"): 2,
    }


@given(st.lists(st.integers(0, 4), max_size=20), st.lists(st.integers(1, 20), max_size=4))
def test_in_however_many_groups_the_same_are_refused(phones: list[int], cuts: list[int]) -> None:
    charges = [to_phone(number, f"+861380000{phone}") for number, phone in enumerate(phones)]
    whole = spend(charges, {}, SMALL)
    used: Counter[Count] = Counter()
    refused: dict[str, Scope] = {}
    for first, end in pairwise(sorted({0, *cuts, len(charges)})):
        spent = spend(charges[first:end], used, SMALL)
        used.update(spent.counts)
        refused |= spent.refused
    assert (dict(used), refused) == (whole.counts, whole.refused)


async def test_the_third_message_to_a_number_is_refused_by_name_and_seen(outbox: Outbox) -> None:
    for number in range(3):
        await outbox.add(f"ticket:{number}:booked", BOOKED, urgent=False)
    async with running(outbox.dispatcher(QUICK_ORDINARY)):
        await _settled(outbox)
    states = sorted(row.state for row in await outbox.rows())
    assert states == [DeliveryState.OVER_BUDGET, DeliveryState.SENT, DeliveryState.SENT]
    [refused] = [row for row in await outbox.rows() if row.state is DeliveryState.OVER_BUDGET]
    assert refused.error == "Refused: over budget: phone a day"
    assert refused.id in {changed.id for changed in outbox.changed}
    assert len(outbox.phone.sent) == 2


async def test_a_refused_message_uses_nothing_up(outbox: Outbox) -> None:
    for number in range(20):
        await outbox.add(f"ticket:{number}:booked", BOOKED, urgent=False)
    async with running(outbox.dispatcher(QUICK_ORDINARY)):
        await _settled(outbox)
    counts = {(row["purse"], row["scope"]): row["used"] for row in (await contents(outbox.store))["message_counts"]}
    assert counts == {("ordinary", "day"): 2, ("ordinary", "phone"): 2, ("ordinary", "prefix"): 2}


async def test_however_many_bookings_are_made_every_alarm_still_goes_out(outbox: Outbox) -> None:
    for number in range(30):
        await outbox.add(f"ticket:{number}:booked", BOOKED, urgent=False)
    async with running(outbox.dispatcher(QUICK_ORDINARY)):
        await _settled(outbox)
    for number in range(5):
        await outbox.add(f"transition:{number}")
    async with running(outbox.dispatcher(QUICK)):
        await _settled(outbox)
    assert {row.state for row in await outbox.rows() if row.urgent} == {DeliveryState.SENT}


async def test_alarms_have_a_budget_too_and_its_end_is_a_named_state(outbox: Outbox) -> None:
    for number in range(6):
        await outbox.add(f"transition:{number}", ALARM)
    async with running(outbox.dispatcher()):
        await _settled(outbox)
    assert [row.state for row in await outbox.rows()].count(DeliveryState.OVER_BUDGET) == 1


async def test_a_failure_that_is_tried_again_is_paid_once(outbox: Outbox) -> None:
    outbox.phone.error = ConnectionError("no route")
    await outbox.add("ticket:1:booked", BOOKED, urgent=False)
    async with running(outbox.dispatcher(QUICK_ORDINARY)):
        for attempts in (1, 2):
            await until(lambda: len(outbox.changed) == attempts)  # noqa: B023 – awaited here and now
            outbox.clock.now += timedelta(minutes=1)
    assert {row["used"] for row in (await contents(outbox.store))["message_counts"]} == {1}


async def test_rivals_together_never_spend_more_than_there_is(store: Store) -> None:
    async def spend(number: int) -> Scope | None:
        keys = {Scope.DAY: "", Scope.PHONE: f"+86138{number % 3}", Scope.PREFIX: "+8613", Scope.ADDRESS: "192.0.2.7"}
        async with store.write(OutboxQueries) as tx:
            wanted = Charge(f"d{number}", Purse.ORDINARY, "2026-11-21", keys)
            return (await tx.charge([wanted], limits)).get(wanted.delivery_id)

    limits = Limits({Purse.ORDINARY: {Scope.ADDRESS: 7}})
    refusals = await asyncio.gather(*(spend(number) for number in range(20)))
    assert refusals.count(None) == 7
    assert refusals.count(Scope.ADDRESS) == 13


async def test_counts_of_days_long_over_are_dropped(store: Store) -> None:
    for day in ("2026-11-18", "2026-11-20", "2026-11-21"):
        async with store.write(OutboxQueries) as tx:
            await tx.charge([Charge("d", Purse.ORDINARY, day, {Scope.DAY: "", Scope.PHONE: "+86"})], SMALL)
    days = {row["day"] for row in (await contents(store))[message_counts.name]}
    assert days == {"2026-11-20", "2026-11-21"}


async def _settled(outbox: Outbox) -> None:
    async with asyncio.timeout(20):
        while DeliveryState.QUEUED in await outbox.states():
            await asyncio.sleep(0.01)


async def test_what_waits_since_yesterday_is_counted_for_yesterday(outbox: Outbox) -> None:
    await outbox.add("ticket:1:booked", BOOKED, urgent=False, lives_s=86400 * 2)
    outbox.clock.now += timedelta(days=1)
    async with running(outbox.dispatcher(QUICK_ORDINARY)):
        await _settled(outbox)
    assert {row["day"] for row in (await contents(outbox.store))["message_counts"]} == {"2026-11-21"}
