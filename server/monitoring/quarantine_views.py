"""What a page is shown of quarantine. Bytes are base64 in JSON: nothing that a device sent is text of ours."""

from datetime import datetime

import msgspec

from devices.readings import Comparator, Message
from server.monitoring.views import RefusalView


class QuarantineView(msgspec.Struct, frozen=True, kw_only=True):
    """``size`` is that of the whole; ``taken`` counts the readings that were taken of it when it came."""

    id: str
    received_at: datetime
    topic: str
    device_id: str | None
    reason: str
    detail: str
    size: int
    taken: int
    state: str
    settled_at: datetime | None
    settled_by: str | None
    why: str | None


class QuarantineCopy(msgspec.Struct, frozen=True):
    """What a person made of it, beside the original."""

    number: int
    format: str
    payload: bytes
    written_at: datetime
    written_by: str


class QuarantineDetail(msgspec.Struct, frozen=True):
    """``payload``: the bytes as they came, or the first of them where ``message.size`` says that there were more."""

    message: QuarantineView
    payload: bytes
    copies: list[QuarantineCopy]


class QuarantinePage(msgspec.Struct, frozen=True):
    rows: list[QuarantineView]
    more: bool


class RereadReading(msgspec.Struct, frozen=True):
    metric: str
    value: float
    unit: str
    at: datetime
    comparator: Comparator | None


class Reread(msgspec.Struct, frozen=True):
    """What of a message would be – or was – taken, and what not."""

    taken: list[RereadReading]
    refused: list[RefusalView]


def reread_view(message: Message) -> Reread:
    taken = [RereadReading(one.metric, one.value, one.unit, one.at, one.comparator) for one in message.body.readings]
    taken += [RereadReading(one.channel, one.count, "{samples}", one.start, None) for one in message.waves]
    return Reread(taken, [RefusalView(one.metric, one.reason, one.detail) for one in message.body.refusals])
