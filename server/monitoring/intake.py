"""Readings that a device posts itself, by its own credential, instead of publishing them. Answered when committed."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from devices.arrivals import Arrival, Receipt
from devices.codecs import codec_of
from devices.handover import NotTaken
from devices.reader import Entry
from devices.readings import Refusal
from devices.topics import in_format
from server.monitoring.errors import DeviceNotLetIn, MessageRefused, NotTakenNow, UnknownFormat
from server.monitoring.views import ReadingsTaken, RefusalView

NOWHERE = Receipt(0, 0)  # no broker waits for it


@dataclass(frozen=True)
class Credential:
    """As the device says it; of one that says nothing both are empty."""

    device_id: str
    secret: str


class Intake:
    """``check`` knows whose secret it is; ``deliver`` returns when the message is in the database; ``refused`` is told
    whose credential was tried in vain."""

    def __init__(
        self,
        check: Callable[[str, str], bool],
        deliver: Callable[[Arrival], Awaitable[Entry]],
        *,
        refused: Callable[[str], None] = lambda _device_id: None,
        patience_s: float = 10.0,
    ) -> None:
        self._check = check
        self._deliver = deliver
        self._refused = refused
        self._patience_s = patience_s

    def let_in(self, credential: Credential) -> str:
        """The id of the device whose credential it is. Raises DeviceNotLetIn."""
        if not self._check(credential.device_id, credential.secret):
            self._refused(credential.device_id)
            raise DeviceNotLetIn
        return credential.device_id

    async def take(self, device_id: str, format_: str, payload: bytes, now: datetime) -> ReadingsTaken:
        """Of a device that was let in. Raises UnknownFormat, MessageRefused (which is quarantined), NotTakenNow."""
        if codec_of(format_) is None:
            raise UnknownFormat
        arrival = Arrival(in_format(device_id, format_), payload, False, now, NOWHERE)
        try:
            async with asyncio.timeout(self._patience_s):
                entry = await self._deliver(arrival)
        except (TimeoutError, NotTaken):
            raise NotTakenNow from None
        return _taken(entry)


def _taken(entry: Entry) -> ReadingsTaken:
    message, fault = entry.message, entry.quarantined
    if fault is not None and (message is None or not (message.body.readings or message.waves)):
        raise MessageRefused(fault.reason, fault.detail)
    if message is None:
        return ReadingsTaken(taken=0, refused=[])
    taken = len(message.body.readings) + len(message.waves)
    return ReadingsTaken(taken=taken, refused=[_view(one) for one in message.body.refusals])


def _view(refusal: Refusal) -> RefusalView:
    return RefusalView(metric=refusal.metric, reason=refusal.reason, detail=refusal.detail)
