"""What a page is shown of monitoring: the shapes of HTTP replies and live topics. No behaviour."""

from collections.abc import Mapping
from datetime import date, datetime

import msgspec

from devices.readings import Comparator, Reason


class NamedPatient(msgspec.Struct, frozen=True):
    id: str
    name: str


class DeviceView(msgspec.Struct, frozen=True):
    """``patient`` is None where nobody wears it and where the reader may not know who does: ``worn`` tells which."""

    id: str
    label: str
    last_received_at: datetime | None = None
    patient: NamedPatient | None = None
    worn: bool = False
    profile: str | None = None
    revoked: bool = False


class DeviceAdded(msgspec.Struct, frozen=True):
    """A new device with its secret – shown once – and the topic that it publishes to."""

    device: DeviceView
    secret: str
    topic: str


class RefusalView(msgspec.Struct, frozen=True):
    """What of a message was not taken, and why; without ``metric`` something of the whole message."""

    metric: str | None
    reason: Reason
    detail: str


class ReadingsTaken(msgspec.Struct, frozen=True):
    """What became of a message that was posted: ``taken`` readings are on record, since now or since it came before."""

    taken: int
    refused: list[RefusalView]


class LimitView(msgspec.Struct, frozen=True, omit_defaults=True):
    """The limit of the rule that an alarm broke, in the metric's unit; ``for_s`` seconds beyond it."""

    for_s: float
    below: float | None = None
    at_most: float | None = None
    at_least: float | None = None
    above: float | None = None


class AcknowledgedView(msgspec.Struct, frozen=True):
    by: str
    at: datetime
    priority: str


class ToldView(msgspec.Struct, frozen=True):
    """One delivery about an alarm; ``at`` is when it was sent, or written where it is not sent."""

    to: str
    channel: str
    state: str
    at: datetime


class NextView(msgspec.Struct, frozen=True):
    """Who is asked next, and when, unless somebody acknowledges."""

    to: str
    at: datetime


class AlarmView(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    patient: NamedPatient
    kind: str
    condition: str
    rule: str
    priority: str
    state: str
    metric: str | None
    value: float | None
    unit: str | None
    limit: LimitView | None
    device_id: str | None
    raised_at: datetime
    since: datetime
    late: bool
    round: int
    ended_at: datetime | None
    resolved_at: datetime | None
    acknowledged: AcknowledgedView | None
    told: list[ToldView]
    next: NextView | None


class MetricView(msgspec.Struct, frozen=True):
    """The newest value of a metric. ``late``: it came longer after its measurement than live watching allows.

    ``comparator``: the true value lies beyond the one shown. ``context``: what was said beside it (devices.readings).
    """

    metric: str
    value: float
    unit: str
    at: datetime
    received_at: datetime
    device_id: str
    late: bool
    comparator: Comparator | None = None
    context: tuple[str, ...] = ()


class PatientView(msgspec.Struct, frozen=True):
    id: str
    name: str
    sex: str
    birth_date: date
    age: int


class WornView(msgspec.Struct, frozen=True):
    """``profile`` None: no limits watch what this device says."""

    id: str
    label: str
    last_received_at: datetime | None
    profile: str | None


class MonitoringView(msgspec.Struct, frozen=True):
    """Which limits watch the patient, or the reason why none do: no_device, no_limits or under_18; with a profile
    the reason "partly": another device is worn without limits."""

    profile: str | None
    reason: str | None
    devices: list[WornView]


class ReadingsView(msgspec.Struct, frozen=True):
    """``series``: for each metric ``[milliseconds since 1970, value]``, oldest first, at most 2,000 points."""

    until: datetime
    series: Mapping[str, list[tuple[int, float]]]
