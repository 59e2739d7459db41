"""How people are told, wired: the services of notifications, their budgets, and how long each way is waited for."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from server.api.notifications import Messages
from server.notifications.budgets import Limits, Purse, Scope
from server.notifications.climbing import Calls, Climber
from server.notifications.deliveries import Channel, Delivery
from server.notifications.editing import Forms
from server.notifications.messages import Sender
from server.notifications.missing import NotReached
from server.notifications.reach import Way
from server.notifications.reader import OutboxReader
from server.notifications.receipts import Receipts, Source
from server.notifications.recovery import LinkRecovery
from server.notifications.reminders import Reminders
from server.notifications.subscriptions import Subscriptions
from server.notifications.summaries import Summaries
from server.settings import Settings
from server.store.appointments import AppointmentLookQueries, AppointmentQueries
from server.store.engine import Store
from server.store.forms import FormQueries
from server.store.notifications import OutboxLookQueries
from server.store.reach import MissingLookQueries, ReachQueries
from server.store.receipts import ReceiptQueries
from server.store.subscriptions import SubscriptionQueries

SOON_S = 1.0
LATER_S = 10.0  # of what nobody waits for
EXAMPLE_LINK = "0" * 32  # the id of no link; its token is as long as any


@dataclass(frozen=True, kw_only=True)
class WaysOut:
    """What the gateways are to the ladders. ``confirms``: the channels there are, and whether receipts come back."""

    confirms: Mapping[Channel, bool] = field(default_factory=lambda: {Channel.SMS: False})
    receipts: Mapping[str, Source] = field(default_factory=dict)
    push_services: Sequence[str] = ()
    push_key: str = ""


@dataclass(frozen=True, kw_only=True)
class Correspondence:
    """In whose name is written, and who is told once something has changed."""

    sender: Sender
    join_url: Callable[[str], str]
    tell: Callable[[str], Awaitable[None]]
    changed: Callable[[Delivery], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Messaging:
    """What is asked (``doors``), and what runs by itself (``ticks``)."""

    doors: Messages
    alarm_ladders: Climber
    ladders: Climber
    reminders: Reminders
    summaries: Summaries

    @property
    def ticks(self) -> Sequence["Ticking"]:
        return [
            Ticking("ladders of alarms", self.alarm_ladders.tick, SOON_S),
            Ticking("ladders", self.ladders.tick, SOON_S),
            Ticking("lost links", self.doors.recovery.tick, SOON_S),
            Ticking("templates", self.doors.forms.load, LATER_S),
            Ticking("reminders", self.reminders.tick, LATER_S),
            Ticking("summaries", self.summaries.tick, LATER_S),
        ]


@dataclass(frozen=True)
class Ticking:
    """What runs by itself, the name under which it is supervised, and how often."""

    name: str
    tick: Callable[[datetime], Awaitable[None]]
    every_s: float


def build_messaging(settings: Settings, stores: tuple[Store, Store], house: Correspondence, out: WaysOut) -> Messaging:
    """``stores``: the ordinary one, and the connections that only alarms use."""
    store, urgent = stores
    begin_reach = partial(store.write, ReachQueries)
    begin_appointment = partial(store.write, AppointmentQueries)
    look_appointment = partial(store.read, AppointmentLookQueries)
    doors = Messages(
        outbox=OutboxReader(partial(store.read, OutboxLookQueries), house.join_url),
        missing=NotReached(partial(store.read, MissingLookQueries), _ways(settings, out, alarms=False)),
        calls=Calls(begin_reach, house.changed),
        forms=Forms(
            partial(store.write, FormQueries),
            partial(store.read, FormQueries),
            house.sender,
            house.join_url(EXAMPLE_LINK),
        ),
        receipts=Receipts(partial(store.write, ReceiptQueries), out.receipts, house.changed),
        recovery=LinkRecovery(begin_appointment, house.sender, settings.hospital.region, house.tell),
        subscriptions=Subscriptions(partial(store.write, SubscriptionQueries), out.push_services, out.push_key),
    )
    begin_alarm_reach = partial(urgent.write, ReachQueries)
    return Messaging(
        doors=doors,
        alarm_ladders=Climber(begin_alarm_reach, _ways(settings, out, alarms=True), house.changed, urgent=True),
        ladders=Climber(begin_reach, _ways(settings, out, alarms=False), house.changed, urgent=False),
        reminders=Reminders(begin_appointment, look_appointment, house.sender, house.tell),
        summaries=Summaries(begin_appointment, look_appointment, house.sender, house.tell),
    )


def limits_of(settings: Settings) -> Limits:
    budgets = settings.budgets
    ordinary = {
        Scope.DAY: budgets.day,
        Scope.PHONE: budgets.phone,
        Scope.PREFIX: budgets.prefix,
        Scope.ADDRESS: budgets.address,
    }
    alarms = {Scope.DAY: budgets.alarms_day, Scope.PHONE: budgets.alarms_phone}
    return Limits({Purse.ORDINARY: ordinary, Purse.ALARMS: alarms})


def _ways(settings: Settings, out: WaysOut, *, alarms: bool) -> Mapping[Channel, Way]:
    reach = settings.reach
    seconds = {Channel.PUSH: reach.push_s, Channel.SMS: reach.sms_s, Channel.MAIL: reach.mail_s}
    return {
        channel: Way(timedelta(seconds=reach.alarm_s if alarms else seconds[channel]), confirms)
        for channel, confirms in out.confirms.items()
    }
