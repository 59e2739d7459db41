"""What a page is shown of monitoring: the shapes of HTTP replies and live topics. No behaviour."""

from collections.abc import Mapping
from datetime import date, datetime

import msgspec

from devices.readings import Comparator, Reason


class NamedPatient(msgspec.Struct, frozen=True):
    id: str
    name: str


class Battery(msgspec.Struct, frozen=True):
    percent: float
    at: datetime


class DeviceView(msgspec.Struct, frozen=True, kw_only=True):
    """``patient`` is None where nobody wears it and where the reader may not know who does: ``worn`` tells which.

    ``credential_pending``: a broker outside has not taken the newest credential, or its end, yet.
    """

    id: str
    label: str
    state: str
    created_at: datetime
    maker: str | None = None
    model: str | None = None
    serial: str | None = None
    replaced_by: str | None = None
    first_received_at: datetime | None = None
    last_received_at: datetime | None = None
    battery: Battery | None = None
    firmware: str | None = None
    clock_offset_ms: int = 0
    connection: str = "never"
    patient: NamedPatient | None = None
    worn: bool = False
    profile: str | None = None
    claimable_until: datetime | None = None
    credential_pending: bool = False


class DevicesPage(msgspec.Struct, frozen=True):
    """``next`` is what ``after`` of the next question is; None: that was the last. ``total`` counts all that match."""

    devices: list[DeviceView]
    next: str | None
    total: int


class ClaimCode(msgspec.Struct, frozen=True):
    """Shown once. ``qr``: ``url`` row by row, "1" dark, without the quiet zone."""

    code: str
    url: str
    qr: list[str]
    expires_at: datetime


class Lines(msgspec.Struct, frozen=True):
    """Ready to be copied; ``ca_url`` is where the certificate comes from that two of them name. ``account``: what has
    to be said at the broker before, where its accounts are kept by hand."""

    mosquitto_pub: str
    curl: str
    python: str
    ca_url: str | None
    account: str | None = None


class DeviceAdded(msgspec.Struct, frozen=True):
    """A device with its new secret – shown once – and the topic that it publishes to."""

    device: DeviceView
    secret: str
    topic: str
    claim: ClaimCode | None = None
    lines: Lines | None = None


class LastRefusal(msgspec.Struct, frozen=True):
    reason: str
    detail: str
    at: datetime


class Connectivity(msgspec.Struct, frozen=True, kw_only=True):
    """Whether it gets through, and if not, why not. ``first_message_at`` set: it does."""

    state: str
    since: datetime | None
    first_message_at: datetime | None
    last_message_at: datetime | None
    last_refusal: LastRefusal | None
    lines: Lines | None = None


class StepView(msgspec.Struct, frozen=True):
    """One step of a device's life; ``by`` None: an account that is gone."""

    at: datetime
    action: str
    by: str | None


class CertificateView(msgspec.Struct, frozen=True):
    """One that counts. ``fingerprint``: SHA-256, 64 hexadecimal digits."""

    fingerprint: str
    expires_at: datetime
    bound_at: datetime


class DeviceDetail(msgspec.Struct, frozen=True):
    device: DeviceView
    connectivity: Connectivity
    history: list[StepView]
    certificates: list[CertificateView] = []


class CredentialState(msgspec.Struct, frozen=True):
    """Of which version a device's credential is, up to which an outside broker has taken it, and whether it lives."""

    device_id: str
    version: int
    broker_version: int
    live: bool


class DeviceClaimed(msgspec.Struct, frozen=True):
    id: str
    label: str


class RowError(msgspec.Struct, frozen=True):
    """Row 1 is the header."""

    row: int
    column: str
    reason: str
    detail: str


class ImportReport(msgspec.Struct, frozen=True):
    """``more_errors`` counts those that are not listed; ``unheard``: of those existing, whose credential can be made
    anew."""

    rows: int
    new: int
    existing: int
    errors: list[RowError]
    more_errors: int = 0
    unheard: int = 0


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
