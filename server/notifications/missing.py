"""The list of those whom no message has reached, with the call that a human should make. Read only."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

import msgspec

from server.notifications.climbing import Ways, messages_of, reach_of
from server.notifications.deliveries import Channel, Delivery, DeliveryState
from server.notifications.reach import has_arrived
from server.notifications.templates import FINDINGS, LINK

LOOK_BACK: Final = timedelta(hours=24)
SHOWN: Final = 500


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    phone: str | None


class TriedView(msgspec.Struct, frozen=True):
    channel: Channel
    state: DeliveryState
    at: datetime
    error: str | None


class NotReachedView(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who was to be told, and by what is known has not been.

    ``call_id`` names the call to be recorded, null where none is asked for. ``say`` are the words, without the link;
    empty where they speak of findings.
    """

    cause: str
    template: str
    name: str
    phone: str | None
    since: datetime
    until: datetime
    urgent: bool
    call_id: str | None
    say: str
    tried: list[TriedView]


class MissingLook(Protocol):
    async def lost_since(self, moment: datetime, limit: int) -> Sequence[Delivery]:
        """Every delivery of the messages that lost one, or that a human is to tell, message by message."""
        ...

    async def people(self, recipients: Collection[str]) -> Mapping[str, Person]: ...


class NotReached:
    def __init__(self, look: Callable[[], AbstractAsyncContextManager[MissingLook]], ways: Ways) -> None:
        self._look = look
        self._ways = ways

    async def list(self, now: datetime) -> list[NotReachedView]:
        """Alarms first, then the longest waiting."""
        async with self._look() as look:
            found = messages_of(await look.lost_since(now - LOOK_BACK, SHOWN))
            missing = [message for message in found if self._is_missing(message)]
            people = await look.people({message[0].recipient for message in missing})
        views = [_view(message, people.get(message[0].recipient, Person("", None))) for message in missing]
        return sorted(views, key=lambda view: (not view.urgent, view.since))

    def _is_missing(self, message: Sequence[Delivery]) -> bool:
        """Nothing has arrived, as far as can be known, and no machine will try another way."""
        climbing = any(one.reach_at for one in message)
        return not climbing and not has_arrived(reach_of(message, Channel), self._ways)


def _view(message: Sequence[Delivery], person: Person) -> NotReachedView:
    first = message[0]
    call = next((one for one in message if one.channel is Channel.VOICE), None)
    return NotReachedView(
        cause=first.cause,
        template=first.template,
        name=person.name,
        phone=person.phone,
        since=first.created_at,
        until=first.expires_at,
        urgent=first.urgent,
        call_id=call.id if call and call.state is not DeliveryState.EXPIRED else None,
        say="" if first.template in FINDINGS else first.body.replace(LINK, "").strip(),
        tried=[TriedView(one.channel, one.state, one.sent_at or one.created_at, one.error) for one in message],
    )
