"""The ladder at work over both databases: rungs are added once, alarms stop when answered, humans get their list."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest
import sqlalchemy as sa

from server.access.principal import Principal
from server.access.roles import Role
from server.notifications.climbing import Calls, Climber, NoSuchCall
from server.notifications.deliveries import Channel, Delivery, DeliveryState
from server.notifications.missing import NotReached, NotReachedView
from server.notifications.reach import Way
from server.notifications.templates import Locale, Template, Text
from server.store import tables
from server.store.engine import Store
from server.store.notifications import DeliveryQueries
from server.store.reach import MissingLookQueries, ReachQueries
from tests.notifications.people import PHONE, doctor, insert, patient, update
from tests.notifications.post import ALARM, NOON, QUICK, QUICK_ORDINARY, Outbox, new, running, until
from tests.store.filled import contents

MOVED = Text(Template.MOVED, Locale.ZH, "改期 {link}")
SECOND = timedelta(seconds=1)
WAYS = {
    Channel.PUSH: Way(timedelta(seconds=30), confirms=True),
    Channel.SMS: Way(timedelta(seconds=120), confirms=True),
    Channel.MAIL: Way(timedelta(seconds=900), confirms=False),
}
OPERATOR = Principal(Role.OPERATOR, "3" * 32, "前台", "sign-in")


class House:
    """One patient and one doctor, whom messages climb to. ``at`` is in seconds after noon."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.outbox = Outbox(store)
        self.changed: list[str] = []
        self.ways = WAYS

    async def _changed(self, delivery: Delivery) -> None:
        self.changed.append(delivery.cause)

    async def tell(self, text: Text = MOVED, *, urgent: bool = False, cause: str = "ticket:1:moved") -> bool:
        recipient, address = ("user:doctor", "+8613800000001") if urgent else ("patient:p1", PHONE)
        letter = replace(new(cause, text, urgent=urgent, lives_s=86400), recipient=recipient, address=address)
        async with self.store.write(DeliveryQueries) as tx:
            return await tx.add_delivery(letter)

    async def tick(self, seconds: float, *, urgent: bool = False) -> None:
        climber = Climber(partial(self.store.write, ReachQueries), self.ways, self._changed, urgent=urgent)
        await climber.tick(at(seconds))

    async def set(self, channel: Channel, state: DeliveryState, seconds: float = 0) -> None:
        """As dispatcher and receipts do it."""
        [row] = [row for row in await self.outbox.rows() if row.channel is channel]
        lost = state in {DeliveryState.FAILED, DeliveryState.OVER_BUDGET}
        look = {"reach_at": at(seconds)} if lost else {}
        await update(self.store, tables.deliveries, row.id, state=state, sent_at=at(seconds), **look)

    async def channels(self) -> list[Channel]:
        return sorted(row.channel for row in await self.outbox.rows())

    async def missing(self, seconds: float = 0) -> Sequence[NotReachedView]:
        return await NotReached(partial(self.store.read, MissingLookQueries), self.ways).list(at(seconds))

    async def call(self, call_id: str | None, *, reached: bool) -> None:
        calls = Calls(partial(self.store.write, ReachQueries), self._changed)
        await calls.record(OPERATOR, call_id or "", at(500), reached=reached)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


async def subscribe(store: Store, recipient: str, name: str = "browser") -> None:
    keys = {"p256dh": "k", "auth": "a", "created_at": NOON}
    row = {"id": name, "recipient": recipient, "endpoint": f"https://push.example/{name}", **keys}
    await insert(store, tables.push_subscriptions, row)


@pytest.fixture
async def house(store: Store) -> House:
    await doctor(store)
    await patient(store, "p1", email="wang@example.org")
    return House(store)


async def test_without_a_subscription_the_sms_goes_first(house: House) -> None:
    await house.tell()
    assert await house.channels() == [Channel.SMS]


async def test_with_one_the_push_goes_alone_and_the_sms_when_it_is_not_confirmed(house: House) -> None:
    await subscribe(house.store, "patient:p1")
    await house.tell()
    assert await house.channels() == [Channel.PUSH]
    await house.set(Channel.PUSH, DeliveryState.SENT)
    await house.tick(6)
    await house.tick(29)
    assert await house.channels() == [Channel.PUSH]
    await house.tick(30)
    assert await house.channels() == [Channel.PUSH, Channel.SMS]
    [sms] = [row for row in await house.outbox.rows() if row.channel is Channel.SMS]
    assert (sms.address, sms.body, sms.link_id, sms.created_at) == (PHONE, MOVED.body, "link-1", at(30))
    assert house.changed == ["ticket:1:moved"]


async def test_a_browser_that_subscribes_later_is_no_reason_to_say_it_again(house: House) -> None:
    await house.tell()
    await subscribe(house.store, "patient:p1")
    assert await house.tell() is False
    assert await house.channels() == [Channel.SMS]


async def test_an_alarm_goes_by_push_and_sms_at_once(house: House) -> None:
    await subscribe(house.store, "user:doctor")
    await house.tell(ALARM, urgent=True, cause="transition:1")
    assert await house.channels() == [Channel.PUSH, Channel.SMS]
    async with running(house.outbox.dispatcher(QUICK)):
        await until(lambda: len(house.outbox.changed) == 2)
    assert [row.state for row in await house.outbox.rows() if row.channel is Channel.SMS] == [DeliveryState.SENT]


async def test_every_rung_to_the_human_where_nothing_is_ever_confirmed(house: House) -> None:
    await house.tell()
    await house.set(Channel.SMS, DeliveryState.SENT)
    for seconds in range(0, 2000, 5):
        await house.tick(seconds)
    assert await house.channels() == [Channel.MAIL, Channel.SMS, Channel.VOICE]
    by_channel = {row.channel: row for row in await house.outbox.rows()}
    assert by_channel[Channel.MAIL].address == "wang@example.org"
    assert by_channel[Channel.MAIL].created_at == at(120)
    assert by_channel[Channel.VOICE].created_at == at(120 + 900)


async def test_two_servers_that_tick_at_once_add_one_rung(house: House) -> None:
    await house.tell()
    await house.set(Channel.SMS, DeliveryState.FAILED)
    await asyncio.gather(*(house.tick(1) for _ in range(4)))
    assert await house.channels() == [Channel.MAIL, Channel.SMS]


async def test_a_restart_repeats_no_rung(house: House) -> None:
    await house.tell()
    await house.set(Channel.SMS, DeliveryState.FAILED)
    await house.tick(1)
    for row in await house.outbox.rows():
        await update(house.store, tables.deliveries, row.id, reach_at=at(2))
    await house.tick(2)
    assert await house.channels() == [Channel.MAIL, Channel.SMS]


async def test_a_message_over_its_budget_climbs_by_what_costs_nothing(house: House) -> None:
    await house.tell()
    await house.set(Channel.SMS, DeliveryState.OVER_BUDGET)
    await house.tick(1)
    assert await house.channels() == [Channel.MAIL, Channel.SMS]


async def test_no_mail_to_one_who_has_no_address(house: House) -> None:
    await update(house.store, tables.patients, "p1", email=None)
    await house.tell()
    await house.set(Channel.SMS, DeliveryState.FAILED)
    await house.tick(1)
    assert await house.channels() == [Channel.SMS, Channel.VOICE]


async def test_no_mail_from_a_house_that_sends_none(house: House) -> None:
    house.ways = {Channel.SMS: WAYS[Channel.SMS]}
    await house.tell()
    await house.set(Channel.SMS, DeliveryState.FAILED)
    await house.tick(1)
    assert await house.channels() == [Channel.SMS, Channel.VOICE]


async def test_no_dispatcher_takes_a_call_that_a_human_is_to_make(house: House) -> None:
    await test_no_mail_to_one_who_has_no_address(house)
    house.outbox.clock.now = at(3600)
    async with running(house.outbox.dispatcher(QUICK_ORDINARY)):
        await asyncio.sleep(0.1)
    assert house.outbox.phone.sent == []
    assert [row.state for row in await house.outbox.rows() if row.channel is Channel.VOICE] == [DeliveryState.QUEUED]


async def test_who_was_not_reached_stands_on_the_list_until_a_human_reached_them(house: House) -> None:
    await house.tell()
    assert await house.missing() == []
    await test_no_mail_to_one_who_has_no_address(house)
    [view] = await house.missing(5)
    assert (view.name, view.phone, view.say) == ("王小明", PHONE, "改期")
    assert [(one.channel, one.state) for one in view.tried] == [
        (Channel.SMS, DeliveryState.FAILED),
        (Channel.VOICE, DeliveryState.QUEUED),
    ]
    await house.call(view.call_id, reached=False)
    [again] = await house.missing(600)
    await house.call(again.call_id, reached=True)
    assert await house.missing(600) == []
    audited = (await contents(house.store))["audit"]
    assert [(entry["action"], entry["detail"]) for entry in audited] == [
        ("call.made", {"reached": False}),
        ("call.made", {"reached": True}),
    ]


async def test_a_call_that_nobody_asked_for_is_not_recorded(house: House) -> None:
    await house.tell()
    [row] = await house.outbox.rows()
    for call_id in (row.id, "0" * 32):
        with pytest.raises(NoSuchCall):
            await house.call(call_id, reached=True)
    assert [row.state for row in await house.outbox.rows()] == [DeliveryState.QUEUED]


async def test_an_operator_calls_about_an_alarm_and_reads_no_finding(house: House) -> None:
    await _raise_alarm(house)
    [view] = await house.missing(5)
    assert (view.urgent, view.say, view.name) == (True, "", "李医生")


async def test_an_answered_alarm_climbs_no_further_and_needs_no_call(house: House) -> None:
    await _raise_alarm(house)
    await update(house.store, tables.alarms, "alarm", acknowledged_at=at(3), acknowledged_by="doctor")
    assert await house.missing(5) == []
    for row in await house.outbox.rows():
        await update(house.store, tables.deliveries, row.id, reach_at=at(4))
    before = await house.channels()
    await house.tick(400, urgent=True)
    assert await house.channels() == before


async def test_ordinary_ladders_never_stand_before_alarms(house: House) -> None:
    await house.tell()
    await house.set(Channel.SMS, DeliveryState.FAILED)
    await house.tick(1, urgent=True)
    assert await house.channels() == [Channel.SMS]


async def _raise_alarm(house: House) -> None:
    """Of p1, told to the doctor, whose telephone takes nothing."""
    alarm = {"id": "alarm", "patient_id": "p1", "condition": "spo2.low", "kind": "physiological", "rule": "r"}
    when = {"round": 1, "late": False, "raised_at": NOON, "since": NOON}
    await insert(house.store, tables.alarms, {**alarm, **when, "priority": "high", "state": "active"})
    transition = {"id": "1", "alarm_id": "alarm", "number": 1, "kind": "raised", "priority": "high", "round": 1}
    await insert(house.store, tables.transitions, {**transition, "rule": "r", "at": NOON})
    await house.tell(ALARM, urgent=True, cause="transition:1")
    await house.set(Channel.SMS, DeliveryState.FAILED)
    await house.tick(1, urgent=True)
    assert await house.channels() == [Channel.SMS, Channel.VOICE]


async def test_a_ladder_waits_for_no_dispatcher_that_is_recording(store: Store) -> None:
    """Both write many rows of many messages: two that waited for each other's would never end."""
    if store.dialect == "sqlite":
        pytest.skip("one writer: there is nobody to wait for")
    house = House(store)
    await house.tell()
    [row] = await house.outbox.rows()
    async with store.write(lambda connection: connection) as recording:
        await recording.execute(sa.update(tables.deliveries).values(error="on its way"))
        async with asyncio.timeout(4), store.write(ReachQueries) as tx:
            await tx.look_again([row.id], None)
    assert [left.reach_at for left in await house.outbox.rows()] == [row.reach_at]
    async with store.write(ReachQueries) as tx:
        await tx.look_again([row.id], None)
    assert [left.reach_at for left in await house.outbox.rows()] == [None]
