"""The ladder of one person: by which channels, in which order, and when the next one is due. Pure; time is an argument.

Who is told at all, the use cases decide and for alarms ``ladder`` does. A rung is a set of channels that go out
together. The next rung follows only where the one before has no receipt in its time – but nothing that must be known
within minutes waits for a receipt: alarms and calls go out by push and SMS at once.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from server.notifications.deliveries import LOST, Channel, DeliveryState
from server.notifications.templates import Template

Rungs = tuple[frozenset[Channel], ...]

PUSH, SMS, MAIL, VOICE = (frozenset({channel}) for channel in Channel)

IN_TURN: Final[Rungs] = (PUSH, SMS, MAIL, VOICE)
FIRST_WORD: Final[Rungs] = (SMS, MAIL, VOICE)  # who has just booked has opened no page that could take a push
AT_ONCE: Final[Rungs] = (PUSH | SMS, MAIL)  # a human's call would come too late to mean anything
ALARM: Final[Rungs] = (PUSH | SMS, MAIL | VOICE)

RUNGS: Final[Mapping[Template, Rungs]] = {
    Template.BOOKED: FIRST_WORD,
    Template.LINK_RESET: FIRST_WORD,
    Template.LINK_RECOVERED: (SMS,),  # asked for by telephone number: to that telephone and nowhere else
    Template.REMINDER_DAY: IN_TURN,
    Template.REMINDER_SOON: AT_ONCE,
    Template.THREE_AHEAD: AT_ONCE,
    Template.CALLED: AT_ONCE,
    Template.MISSED: AT_ONCE,
    Template.MOVED: IN_TURN,
    Template.CANCELLED: IN_TURN,
    Template.OFFER: IN_TURN,
    Template.SUMMARY_READY: (PUSH, SMS, MAIL),
    Template.ALARM: ALARM,
    Template.ALARM_UNANSWERED: ALARM,
    Template.ALARM_RELAY: ALARM,
    Template.HANDOVER: AT_ONCE,
    Template.BROKER_DROPS: AT_ONCE,
}


@dataclass(frozen=True, slots=True)
class Way:
    """A channel as this house has it. ``confirms``: receipts come back, so that their absence means something."""

    patience: timedelta
    confirms: bool


@dataclass(frozen=True, slots=True)
class Tried:
    """One delivery of the message to the person. ``since`` is when it was sent, or written where it is not sent."""

    channel: Channel
    state: DeliveryState
    since: datetime


@dataclass(frozen=True, slots=True)
class Reach:
    """A message to one person as far as it has come. ``open_to`` are the channels that could reach the person."""

    template: Template
    tried: Sequence[Tried]
    open_to: Collection[Channel]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class NextRung:
    """``channels`` to take now, and when to look again; None where nothing will follow."""

    channels: frozenset[Channel]
    look_at: datetime | None


DONE: Final = NextRung(frozenset(), None)


def first(template: Template, open_to: Collection[Channel]) -> frozenset[Channel]:
    """The channels of the first rung that exists for this person; empty where none does."""
    return next((rung & set(open_to) for rung in RUNGS[template] if rung & set(open_to)), frozenset())


def asks_push(template: Template) -> bool:
    """Whether the first rung needs to know of web-push subscriptions."""
    return Channel.PUSH in RUNGS[template][0]


def next_rung(reach: Reach, ways: Mapping[Channel, Way], now: datetime) -> NextRung:
    """Idempotent: what has been tried is not tried again, whenever and however often it is asked."""
    if now >= reach.expires_at or has_arrived(reach, ways):
        return DONE
    waits = [until for tried in reach.tried if (until := _waits_until(tried, reach, ways)) is not None]
    patient = min(max(waits, default=now), reach.expires_at)
    if patient > now:
        return NextRung(frozenset(), patient)
    channels = _following(reach)
    patience = [ways[channel].patience for channel in channels if channel in ways]
    return NextRung(channels, now + max(patience) if patience else None)


def has_arrived(reach: Reach, ways: Mapping[Channel, Way]) -> bool:
    """By receipt; or sent by a channel that never gives one, so that waiting would teach nothing.

    A push that nobody confirms is no arrival: browsers drop them without a word. Nor is a mail about an alarm.
    """
    trusted = {Channel.SMS} if RUNGS[reach.template] is ALARM else {Channel.SMS, Channel.MAIL}
    return any(_arrived(tried, trusted, ways) for tried in reach.tried)


def _arrived(tried: Tried, trusted: Collection[Channel], ways: Mapping[Channel, Way]) -> bool:
    if tried.state is DeliveryState.DELIVERED:
        return True
    way = ways.get(tried.channel)
    silent = way is not None and not way.confirms and tried.channel in trusted
    return silent and tried.state is DeliveryState.SENT


def _waits_until(tried: Tried, reach: Reach, ways: Mapping[Channel, Way]) -> datetime | None:
    """None for what is lost, and for a push that did not go alone: nothing waits for its receipt."""
    way = ways.get(tried.channel)
    beside = tried.channel is Channel.PUSH and len(reach.tried) > 1
    if tried.state in LOST or way is None or beside:
        return None
    return tried.since + way.patience


def _following(reach: Reach) -> frozenset[Channel]:
    """The channels of the next rung that reach this person, behind the highest rung that was tried."""
    tried = {one.channel for one in reach.tried}
    rungs = RUNGS[reach.template]
    taken = [number for number, rung in enumerate(rungs) if rung & tried]
    left = rungs[taken[-1] + 1 :] if taken else rungs
    return next((rung & set(reach.open_to) for rung in left if rung & set(reach.open_to)), frozenset())
