"""Receipts: in any order, before or after the sending is recorded, once or a hundred times – one last word."""

import asyncio
import itertools
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.notifications.deliveries import LOST, Channel, Delivery, DeliveryState, Receipt, settled
from server.notifications.outbox import Sent
from server.notifications.receipts import BadSignature, Receipts, Source, UnknownGateway
from server.store import tables
from server.store.engine import Store
from server.store.notifications import OutboxQueries
from server.store.receipts import ReceiptQueries
from tests.notifications.people import update
from tests.notifications.post import NOON, Outbox, Telephone, running
from tests.store.filled import contents

DELIVERED = Receipt("provider-1", DeliveryState.DELIVERED, NOON + timedelta(seconds=3))
FAILED = Receipt("provider-1", DeliveryState.FAILED, NOON + timedelta(seconds=2), "absent subscriber")


def told(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> Sequence[Receipt]:
    """A provider that signs by saying its secret."""
    if headers.get("x-secret") != secret:
        raise BadSignature("not the secret")
    return [Receipt(provider_id, DeliveryState.DELIVERED, now) for provider_id in body.decode().split()]


class Hospital:
    """One message, sent by a provider that gives receipts."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.outbox = Outbox(store)
        self.outbox.phone = Telephone(receipts=True)
        self.changed: list[DeliveryState] = []
        self.receipts = Receipts(partial(store.write, ReceiptQueries), {"told": Source(told, "s3")}, self._changed)

    async def _changed(self, delivery: Delivery) -> None:
        self.changed.append(delivery.state)

    async def send(self) -> None:
        await self.outbox.add("transition:1")
        async with running(self.outbox.dispatcher()):
            await self.outbox.reach(DeliveryState.SENT)

    async def hear(self, *receipts: Receipt) -> None:
        await self.receipts.heard("telephone", receipts, NOON)

    async def row(self) -> Delivery:
        [row] = await self.outbox.rows()
        return row


@pytest.fixture
def hospital(store: Store) -> Hospital:
    return Hospital(store)


async def test_a_receipt_says_that_it_arrived(hospital: Hospital) -> None:
    await hospital.send()
    await hospital.hear(DELIVERED)
    row = await hospital.row()
    assert (row.state, row.receipt_at, row.reach_at) == (DeliveryState.DELIVERED, DELIVERED.at, None)
    assert hospital.changed == [DeliveryState.DELIVERED]


async def test_a_failure_that_is_heard_later_is_looked_at_at_once(hospital: Hospital) -> None:
    await hospital.send()
    await hospital.hear(FAILED)
    row = await hospital.row()
    assert (row.state, row.error, row.reach_at) == (DeliveryState.FAILED, "absent subscriber", NOON)


async def test_replayed_a_hundred_times_it_changes_nothing(hospital: Hospital) -> None:
    await hospital.send()
    for _ in range(100):
        await hospital.hear(FAILED, DELIVERED, FAILED)
    assert (await hospital.row()).state is DeliveryState.DELIVERED
    assert hospital.changed == [DeliveryState.FAILED, DeliveryState.DELIVERED]
    assert len((await contents(hospital.store))["receipts"]) == 2


@pytest.mark.parametrize("order", list(itertools.permutations([DELIVERED, FAILED])))
async def test_in_either_order_who_has_it_has_it(hospital: Hospital, order: Sequence[Receipt]) -> None:
    await hospital.send()
    for receipt in order:
        await hospital.hear(receipt)
    assert (await hospital.row()).state is DeliveryState.DELIVERED


async def test_a_receipt_that_is_faster_than_our_own_record_is_not_lost(hospital: Hospital) -> None:
    await hospital.hear(DELIVERED)
    assert hospital.changed == []
    await hospital.outbox.add("transition:1")
    [row] = await hospital.outbox.rows()
    async with hospital.store.write(OutboxQueries) as tx:
        await tx.record([Sent(row.id, NOON, "telephone", "provider-1", confirms=True)])
    assert (await hospital.row()).state is DeliveryState.DELIVERED


async def test_a_receipt_and_the_record_at_the_same_moment_never_miss_each_other(hospital: Hospital) -> None:
    for number in range(20):
        await hospital.outbox.add(f"transition:{number}")
    rows = await hospital.outbox.rows()

    async def record(row: Delivery) -> None:
        async with hospital.store.write(OutboxQueries) as tx:
            await tx.record([Sent(row.id, NOON, "telephone", f"id-{row.id}", confirms=True)])

    async def hear(row: Delivery) -> None:
        await hospital.hear(Receipt(f"id-{row.id}", DeliveryState.DELIVERED, NOON))

    await asyncio.gather(*(step(row) for row in rows for step in (record, hear)))
    assert await hospital.outbox.states() == {DeliveryState.DELIVERED}


async def test_another_gateways_message_of_the_same_id_is_another_message(hospital: Hospital) -> None:
    await hospital.send()
    await hospital.receipts.heard("other", [DELIVERED], NOON)
    assert (await hospital.row()).state is DeliveryState.SENT


async def test_only_a_known_gateway_with_its_secret_is_heard(hospital: Hospital) -> None:
    with pytest.raises(UnknownGateway):
        await hospital.receipts.take("telephone", {}, b"provider-1", NOON)
    with pytest.raises(BadSignature):
        await hospital.receipts.take("told", {"x-secret": "guess"}, b"provider-1", NOON)
    assert (await contents(hospital.store))["receipts"] == []
    await hospital.receipts.take("told", {"x-secret": "s3"}, b"a b", NOON)
    assert len((await contents(hospital.store))["receipts"]) == 2


async def test_a_browser_confirms_its_push_and_nothing_else(hospital: Hospital) -> None:
    await hospital.send()
    row = await hospital.row()
    await hospital.receipts.push_received(row.id, NOON)
    assert (await hospital.row()).state is DeliveryState.SENT
    await update(hospital.store, tables.deliveries, row.id, channel=Channel.PUSH)
    for _ in range(2):
        await hospital.receipts.push_received(row.id, NOON)
    await hospital.receipts.push_received("0" * 32, NOON)
    assert (await hospital.row()).state is DeliveryState.DELIVERED
    assert hospital.changed == [DeliveryState.DELIVERED]


@given(st.lists(st.sampled_from(list(DeliveryState)), max_size=8))
def test_delivered_is_the_last_word_and_nothing_unsends(said: list[DeliveryState]) -> None:
    state = DeliveryState.SENT
    for one in said:
        before, state = state, settled(state, one)
        assert state is DeliveryState.DELIVERED or before is not DeliveryState.DELIVERED
    assert state in {DeliveryState.SENT, DeliveryState.DELIVERED, *LOST}
    assert (state is DeliveryState.DELIVERED) is (DeliveryState.DELIVERED in said)
