"""Budgets against SMS pumping: how many messages a day, to whom and on whose account. Pure.

Pumping is somebody making the hospital send to numbers that earn them money, or to many numbers, or a lot to one.
Alarms have a purse of their own: nothing else can use it up, and no booking ever waits behind an alarm's count.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from enum import StrEnum
from typing import Final

from server.notifications.deliveries import Channel, Delivery

BLOCK_DIGITS: Final = 4  # numbers are given to operators in blocks of ten thousand: what is pumped lies in few of them


class Purse(StrEnum):
    ORDINARY = "ordinary"
    ALARMS = "alarms"


class Scope(StrEnum):
    """What is counted, a day each. The whole purse comes first: its row is the lock of the others."""

    DAY = "day"
    PHONE = "phone"
    PREFIX = "prefix"
    ADDRESS = "address"  # of the network that asked, where anybody may ask


@dataclass(frozen=True, slots=True)
class Limits:
    """Messages a day in each scope; a scope without a limit is counted and never refused."""

    of: Mapping[Purse, Mapping[Scope, int]]

    def exceeded(self, purse: Purse, used: Mapping[Scope, int]) -> Scope | None:
        """The first scope in which one more would be too many."""
        limits = self.of.get(purse, {})
        return next((scope for scope in Scope if scope in limits and used.get(scope, 0) >= limits[scope]), None)


@dataclass(frozen=True, slots=True)
class Charge:
    """One message to be counted. ``day`` is the hospital's, "2026-11-21"."""

    delivery_id: str
    purse: Purse
    day: str
    keys: Mapping[Scope, str]


Count = tuple[Scope, str]  # what is counted, and of whom


@dataclass(frozen=True, slots=True)
class Spent:
    """Of charges to one purse on one day: what each count grows by, and which deliveries are refused, and by what."""

    counts: Mapping[Count, int]
    refused: Mapping[str, Scope]


def spend(charges: Sequence[Charge], used: Mapping[Count, int], limits: Limits) -> Spent:
    """One after the other; ``used`` is what was counted before the first. What is refused is not counted."""
    counts: Counter[Count] = Counter()
    refused: dict[str, Scope] = {}
    for wanted in charges:
        keys = wanted.keys.items()
        so_far = {scope: used.get((scope, key), 0) + counts[scope, key] for scope, key in keys}
        if scope := limits.exceeded(wanted.purse, so_far):
            refused[wanted.delivery_id] = scope
        else:
            counts.update(keys)
    return Spent({count: more for count, more in counts.items() if more}, refused)


def charge(delivery: Delivery, zone: tzinfo) -> Charge | None:
    """What a delivery costs that was taken just now; None for what costs nothing: no SMS, or a further attempt.

    It is counted on the day that it was written, so that a queue of yesterday's is no burst of today's.
    """
    if delivery.channel is not Channel.SMS or delivery.attempts > 1:
        return None
    keys = {Scope.DAY: "", Scope.PHONE: delivery.address, Scope.PREFIX: delivery.address[:-BLOCK_DIGITS]}
    if delivery.origin:
        keys[Scope.ADDRESS] = delivery.origin
    purse = Purse.ALARMS if delivery.urgent else Purse.ORDINARY
    return Charge(delivery.id, purse, delivery.created_at.astimezone(zone).date().isoformat(), keys)
