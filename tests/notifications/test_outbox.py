"""The dispatcher against bad gateways, crashes and rivals: nothing lost, nothing repeated but under the same id."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from server.notifications.deliveries import DeliveryState
from server.notifications.outbox import (
    ORDINARY,
    URGENT,
    Dispatcher,
    Failed,
    OutboxTx,
    Pace,
    Refused,
    pause_s,
)
from server.notifications.templates import Locale, Template, Text
from server.store.engine import Store
from server.store.notifications import DeliveryQueries, OutboxQueries
from server.store.tables import deliveries
from tests.notifications.post import BOOKED, NOON, QUICK, QUICK_ORDINARY, Outbox, Telephone, new, running, until


@pytest.fixture
def outbox(store: Store) -> Outbox:
    return Outbox(store)


async def test_what_is_queued_is_sent_and_recorded(outbox: Outbox) -> None:
    await outbox.add("transition:1")
    async with running(outbox.dispatcher()):
        await until(lambda: bool(outbox.changed))  # told once it is on record
    [row] = await outbox.rows()
    assert (row.attempts, row.provider_id, row.sent_at, row.error) == (1, "provider-1", NOON, None)
    assert outbox.phone.sent == [(row.id, "警报")]
    assert [changed.id for changed in outbox.changed] == [row.id]


async def test_the_same_cause_tells_the_same_person_once(outbox: Outbox) -> None:
    assert await outbox.add("transition:1") is True
    assert await outbox.add("transition:1") is False
    async with running(outbox.dispatcher()):
        await outbox.reach(DeliveryState.SENT)
    assert len(outbox.phone.sent) == 1


async def test_a_delivery_of_a_transaction_that_fails_was_never_there(outbox: Outbox) -> None:
    async def add_and_fail() -> None:
        async with outbox.store.write(DeliveryQueries) as tx:
            await tx.add_delivery(new("transition:1"))
            raise RuntimeError("the alarm could not be saved")

    with pytest.raises(RuntimeError):
        await add_and_fail()
    assert await outbox.rows() == []


async def test_the_join_link_is_made_at_sending_and_never_stored(outbox: Outbox) -> None:
    await outbox.add("ticket:1:booked", BOOKED, urgent=False)
    async with running(outbox.dispatcher(QUICK_ORDINARY)):
        await outbox.reach(DeliveryState.SENT)
    assert outbox.phone.sent[0][1] == "您的号 https://bedside.example/join#link-1"
    [row] = await outbox.rows()
    assert row.body == "您的号 {link}"


async def test_a_text_with_a_link_needs_to_know_whose() -> None:
    with pytest.raises(ValueError, match="link_id"):
        replace(new("ticket:1:booked", BOOKED), link_id=None)


async def test_an_ordinary_gateway_that_hangs_holds_no_alarm(outbox: Outbox) -> None:
    stuck = Telephone()
    stuck.gate = asyncio.Event()
    for number in range(10):
        await outbox.add(f"ticket:{number}:booked", BOOKED, urgent=False)
    slow = outbox.dispatcher(replace(QUICK_ORDINARY, timeout_s=60), stuck)
    async with running(slow, outbox.dispatcher()):
        await until(lambda: len(stuck.sent) == QUICK.slots)
        await outbox.add("transition:1")
        await until(lambda: len(outbox.phone.sent) == 1)
    assert len(stuck.sent) == QUICK.slots


async def test_a_hint_is_faster_than_the_clock(outbox: Outbox) -> None:
    dispatcher = outbox.dispatcher(replace(QUICK, poll_s=60))
    async with running(dispatcher):
        await asyncio.sleep(0.05)
        await outbox.add("transition:1")
        dispatcher.hint()
        await outbox.reach(DeliveryState.SENT)


async def test_more_than_the_slots_hold_are_all_sent(outbox: Outbox) -> None:
    for number in range(QUICK.slots * 3):
        await outbox.add(f"transition:{number}")
    async with running(outbox.dispatcher(replace(QUICK, poll_s=60))):
        await outbox.reach(DeliveryState.SENT)
    assert len({delivery_id for delivery_id, _ in outbox.phone.sent}) == QUICK.slots * 3


async def test_many_are_taken_in_one_transaction_and_recorded_in_few(outbox: Outbox) -> None:
    for number in range(40):
        await outbox.add(f"ticket:{number}:booked", BOOKED, urgent=False)
    dispatcher = outbox.dispatcher(replace(QUICK_ORDINARY, slots=64, poll_s=60))
    whole, begun = dispatcher._wiring.begin, 0

    @asynccontextmanager
    async def begin() -> AsyncIterator[OutboxTx]:
        nonlocal begun
        begun += 1
        async with whole() as tx:
            yield tx

    wiring = replace(dispatcher._wiring, begin=begin)
    async with running(Dispatcher(wiring, dispatcher._pace)):
        await outbox.reach(DeliveryState.SENT)
        await until(lambda: len(outbox.changed) == 40)
    assert len({delivery_id for delivery_id, _ in outbox.phone.sent}) == 40
    assert begun <= 4


async def test_a_failure_is_tried_again_later_under_the_same_id(outbox: Outbox) -> None:
    outbox.phone.error = ConnectionError("no route")
    await outbox.add("transition:1")
    async with running(outbox.dispatcher()):
        await until(lambda: bool(outbox.changed))
        await asyncio.sleep(0.05)
        [row] = await outbox.rows()
        assert (row.state, row.attempts, row.error) == (DeliveryState.QUEUED, 1, "ConnectionError: no route")
        assert NOON + timedelta(seconds=0.5) <= row.next_try_at <= NOON + timedelta(seconds=1)
        outbox.phone.error = None
        outbox.clock.now += timedelta(seconds=1)
        await outbox.reach(DeliveryState.SENT)
    assert [delivery_id for delivery_id, _ in outbox.phone.sent] == [row.id, row.id]


async def test_a_gateway_that_does_not_answer_counts_as_failed(outbox: Outbox) -> None:
    outbox.phone.gate = asyncio.Event()
    await outbox.add("transition:1")
    async with running(outbox.dispatcher()):
        await until(lambda: bool(outbox.changed))
    [row] = await outbox.rows()
    assert row.state is DeliveryState.QUEUED
    assert row.error is not None
    assert row.error.startswith("TimeoutError")


async def test_a_final_refusal_is_not_tried_again(outbox: Outbox) -> None:
    outbox.phone.error = Refused("no such number")
    await outbox.add("transition:1")
    async with running(outbox.dispatcher()):
        await outbox.reach(DeliveryState.FAILED)
        outbox.clock.now += timedelta(minutes=10)
        await asyncio.sleep(0.05)
    assert len(outbox.phone.sent) == 1


async def test_what_would_come_too_late_is_not_sent(outbox: Outbox) -> None:
    await outbox.add("ticket:1:called", lives_s=60)
    outbox.clock.now += timedelta(seconds=60)
    async with running(outbox.dispatcher()):
        await outbox.reach(DeliveryState.EXPIRED)
        await until(lambda: bool(outbox.changed))
    assert outbox.phone.sent == []


async def test_a_bad_delivery_stops_itself_and_not_the_others(outbox: Outbox) -> None:
    await outbox.add("ticket:1:booked", Text(Template.BOOKED, Locale.ZH, "{link}"))
    dispatcher = outbox.dispatcher()

    def no_link(link_id: str) -> str:
        raise KeyError(link_id)

    dispatcher._wiring = replace(dispatcher._wiring, render_link=no_link)
    async with running(dispatcher):
        await until(lambda: bool(outbox.changed))
        await outbox.add("transition:1")
        await until(lambda: len(outbox.changed) == 2)
    assert {row.cause: row.state for row in await outbox.rows()} == {
        "ticket:1:booked": DeliveryState.QUEUED,
        "transition:1": DeliveryState.SENT,
    }


async def test_a_crash_between_sending_and_recording_repeats_under_the_same_id(outbox: Outbox) -> None:
    await outbox.add("transition:1")
    crashing = outbox.dispatcher()
    outbox.phone.gate = asyncio.Event()
    async with running(crashing):
        await until(lambda: len(outbox.phone.sent) == 1)  # the provider has it, and the process dies
    [row] = await outbox.rows()
    assert row.state is DeliveryState.QUEUED
    outbox.phone.gate = None
    outbox.clock.now += QUICK.lease - timedelta(seconds=1)
    async with running(outbox.dispatcher()):
        await asyncio.sleep(0.05)
        assert len(outbox.phone.sent) == 1  # its lease may still be held by a live process
        outbox.clock.now += timedelta(seconds=1)
        await outbox.reach(DeliveryState.SENT)
    assert [delivery_id for delivery_id, _ in outbox.phone.sent] == [row.id, row.id]


async def test_a_database_that_fails_at_recording_loses_nothing(outbox: Outbox) -> None:
    await outbox.add("transition:1")
    dispatcher = outbox.dispatcher()
    whole = dispatcher._wiring.begin
    transactions = 0

    @asynccontextmanager
    async def begin() -> AsyncIterator[OutboxTx]:
        nonlocal transactions
        transactions += 1
        if transactions == 2:
            raise OSError("disk full")
        async with whole() as tx:
            yield tx

    async with running(Dispatcher(replace(dispatcher._wiring, begin=begin), QUICK)):
        await until(lambda: transactions == 2)
        await asyncio.sleep(0.02)
        outbox.clock.now += QUICK.lease
        await outbox.reach(DeliveryState.SENT)
    assert len({delivery_id for delivery_id, _ in outbox.phone.sent}) == 1


async def test_rival_dispatchers_never_take_the_same_delivery(outbox: Outbox) -> None:
    for number in range(40):
        await outbox.add(f"transition:{number}")
    async with running(*(outbox.dispatcher() for _ in range(3))):
        await outbox.reach(DeliveryState.SENT)
    assert len(outbox.phone.sent) == 40
    assert {row.attempts for row in await outbox.rows()} == {1}


async def test_an_overtaken_failure_does_not_speak_for_a_sent_delivery(outbox: Outbox) -> None:
    await outbox.add("transition:1")
    async with running(outbox.dispatcher()):
        await outbox.reach(DeliveryState.SENT)
    [row] = await outbox.rows()
    async with outbox.store.write(OutboxQueries) as tx:
        await tx.record([Failed(row.id, 1, DeliveryState.QUEUED, at=NOON, next_try_at=NOON, error="late")])
    assert await outbox.states() == {DeliveryState.SENT}


async def test_an_overtaken_failure_does_not_hurry_the_attempt_that_overtook_it(outbox: Outbox) -> None:
    await outbox.add("transition:1")
    lease = NOON + timedelta(minutes=1)
    async with outbox.store.write(OutboxQueries) as tx:
        for now in (NOON, lease):
            [taken] = await tx.take(urgent=True, now=now, limit=1, lease_until=now + timedelta(minutes=1))
        await tx.record([Failed(taken.id, 1, DeliveryState.QUEUED, at=NOON, next_try_at=lease, error="late")])
    [row] = await outbox.rows()
    assert (row.attempts, row.error) == (2, None)
    assert row.next_try_at == lease + timedelta(minutes=1)


async def test_the_database_itself_refuses_the_second_of_a_pair(outbox: Outbox) -> None:
    await outbox.add("transition:1")
    [row] = await outbox.rows()
    others = [column for column in deliveries.c if column.name != "id"]
    copy = sa.insert(deliveries).from_select(["id", *others], sa.select(sa.literal("other"), *others))
    async with outbox.store.write(lambda connection: connection) as connection:
        with pytest.raises(sa.exc.IntegrityError):
            await connection.execute(copy)
        await connection.rollback()
    assert [kept.id for kept in await outbox.rows()] == [row.id]


@given(st.integers(1, 2000), st.floats(0, 1, exclude_max=True), st.sampled_from([URGENT, ORDINARY]))
def test_the_pause_grows_and_is_bounded(attempts: int, chance: float, pace: Pace) -> None:
    pause = pause_s(attempts, pace, chance)
    assert pace.first_pause_s / 2 <= pause <= pace.longest_pause_s
    assert pause <= pause_s(attempts + 1, pace, chance)


def test_no_two_attempts_of_one_delivery_overlap() -> None:
    assert all(pace.lease > timedelta(seconds=pace.timeout_s) for pace in (URGENT, ORDINARY))
