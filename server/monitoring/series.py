"""Stored readings → what a trend draws and a tile shows. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from devices.readings import Body, Reading
from server.monitoring.views import MetricView

POINTS = 2_000  # a metric: more than a screen has pixels across
LATE_AFTER = timedelta(seconds=60)  # as in profile adult-continuous: older than this at receipt is not live

Point = tuple[int, float]


class Heard(msgspec.Struct, frozen=True, gc=False):
    """A stored message, as far as a page is concerned."""

    device_id: str
    received_at: datetime
    body: Body


def series(heard: Iterable[Heard], metrics: Sequence[str], start: datetime, until: datetime) -> dict[str, list[Point]]:
    """For each of ``metrics`` its readings measured in [start, until], by time of measurement, thinned to POINTS."""
    found: dict[str, list[Point]] = {metric: [] for metric in metrics}
    for message in heard:
        for reading in message.body.readings:
            at = _measured_at(reading, message)
            if reading.metric in found and start <= at <= until:
                found[reading.metric].append((round(at.timestamp() * 1000), reading.value))
    return {metric: thin(sorted(points), POINTS) for metric, points in found.items()}


def thin(points: Sequence[Point], limit: int) -> list[Point]:
    """At most ``limit`` points: of each stretch the lowest and the highest, so that no dip or peak is drawn away."""
    if len(points) <= limit:
        return list(points)
    buckets = limit // 2
    kept: list[Point] = []
    for number in range(buckets):
        stretch = points[number * len(points) // buckets : (number + 1) * len(points) // buckets]
        low, high = (choose(stretch, key=lambda point: point[1]) for choose in (min, max))
        kept += sorted({low, high})
    return kept


def newest(heard: Sequence[Heard]) -> dict[str, MetricView]:
    """The newest value of every metric, by the time of its measurement; of equals the last. Looked at from the end:
    what came last is mostly the newest, and nothing before it is kept."""
    found: dict[str, tuple[datetime, Reading, Heard]] = {}
    for message in reversed(heard):
        for reading in reversed(message.body.readings):
            known = found.get(reading.metric)
            if known is not None and known[0] >= reading.at:
                continue
            at = _measured_at(reading, message)
            if known is None or known[0] < at:
                found[reading.metric] = (at, reading, message)
    return {metric: _view(*last) for metric, last in found.items()}


class NewestByPatient:
    """What has last been shown of each patient, so that a backlog does not put an old value over a newer one."""

    def __init__(self) -> None:
        self._shown: dict[str, dict[str, datetime]] = {}

    def changes(self, heard: Mapping[str, Sequence[Heard]]) -> dict[str, dict[str, MetricView]]:
        """Patient → live key → value, for readings newer than any before. ``heard`` is by patient."""
        fresh = {patient_id: self._fresh(patient_id, newest(messages)) for patient_id, messages in heard.items()}
        return {patient_id: views for patient_id, views in fresh.items() if views}

    def _fresh(self, patient_id: str, views: Mapping[str, MetricView]) -> dict[str, MetricView]:
        shown = self._shown.setdefault(patient_id, {})
        fresh = {metric: view for metric, view in views.items() if metric not in shown or shown[metric] <= view.at}
        shown.update({metric: view.at for metric, view in fresh.items()})
        return {f"metric/{metric}": view for metric, view in fresh.items()}


def _measured_at(reading: Reading, message: Heard) -> datetime:
    """A clock a little ahead must not freeze a tile: nothing is newer than its receipt (as in devices.conditions)."""
    return min(reading.at, message.received_at)


def _view(at: datetime, reading: Reading, message: Heard) -> MetricView:
    return MetricView(
        metric=reading.metric,
        value=reading.value,
        unit=reading.unit,
        at=at,
        received_at=message.received_at,
        device_id=message.device_id,
        late=message.received_at - at > LATE_AFTER,
        comparator=reading.comparator,
        context=reading.context,
    )
