"""The outbox's page: the newest first, with the link that the patient was sent."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

from server.notifications.deliveries import NewDelivery
from server.notifications.reader import SHOWN, OutboxReader
from server.notifications.templates import Locale, Template, Text
from server.store.engine import Store
from server.store.notifications import DeliveryQueries, OutboxLookQueries

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def booked(number: int) -> NewDelivery:
    return NewDelivery(
        cause=f"ticket:{number}:booked",
        recipient="patient:1",
        address="+8613800000001",
        text=Text(Template.BOOKED, Locale.ZH, "您的号 {link}"),
        created_at=NOON + timedelta(seconds=number),
        expires_at=NOON + timedelta(hours=1),
        link_id=f"link-{number}",
    )


async def test_the_newest_are_shown_with_their_links(store: Store) -> None:
    async with store.write(DeliveryQueries) as tx:
        for number in range(SHOWN + 1):
            await tx.add_delivery(booked(number))
    reader = OutboxReader(partial(store.read, OutboxLookQueries), lambda link: f"https://bedside.example/join#{link}")
    shown = await reader.newest()
    assert len(shown) == SHOWN
    assert shown[0].cause == f"ticket:{SHOWN}:booked"
    assert shown[0].body == f"您的号 https://bedside.example/join#link-{SHOWN}"
    assert (await reader.topic()).keys() == {f"delivery/{view.id}" for view in shown}


async def test_an_operator_sees_that_an_alarm_went_out_and_not_what_it_said(store: Store) -> None:
    said = Text(Template.ALARM, Locale.ZH, "高级警报：王*，血氧饱和度低")
    alarm = replace(booked(1), text=said, link_id=None, urgent=True)
    async with store.write(DeliveryQueries) as tx:
        await tx.add_delivery(alarm)
    [shown] = await OutboxReader(partial(store.read, OutboxLookQueries), str).newest()
    assert (shown.template, shown.urgent, shown.body, shown.parts) == ("alarm", True, "", 1)
