"""The short way through evaluation, for a patient who is well: readings on time, in order, none beyond where it rearms.

It gives the state that ``conditions`` would give, or none: then that weighs the message with all care. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf
from typing import NamedTuple

import msgspec

from devices.conditions import Care, DeviceState, Input, PatientState, Worn
from devices.rules import PROFILES, Point, Profile, Rule, Track

CHUNK = 50  # inputs looked at in one go: after each one that is not quiet the rest is looked at again


class Band(NamedTuple):
    """Values by which every rule of a metric is over, and which break none."""

    low: float
    high: float

    def holds(self, point: Point) -> bool:
        return point.late_at is None and self.low <= point.value <= self.high


class Limits(NamedTuple):
    """Of a profile, as far as it concerns who is well."""

    profile: Profile
    silence: timedelta
    late_after: timedelta
    bands: Mapping[str, Band]


def limits_of(profile: Profile) -> Limits:
    """A metric whose rules look back over no time has no band: ``Track.add`` keeps nothing but its last point."""
    metrics = {rule.metric for rule in profile.rules if rule.for_s or rule.rearm_for_s}
    bands = {metric: _band(profile.watching(metric)) for metric in sorted(metrics)}
    return Limits(profile, timedelta(seconds=profile.silence_s), timedelta(seconds=profile.late_after_s), bands)


def _band(rules: Sequence[Rule]) -> Band:
    """A value where a rule rearms does not break it: ``Rule`` sees to that."""
    low = (rule.rearm_at for rule in rules if rule.below is not None or rule.at_most is not None)
    high = (rule.rearm_at for rule in rules if rule.above is not None or rule.at_least is not None)
    return Band(max(low, default=-inf), min(high, default=inf))


LIMITS = {profile.id: limits_of(profile) for profile in PROFILES.values()}


def pass_over(state: PatientState, care: Care, inputs: Sequence[Input]) -> tuple[PatientState, int]:
    """How many of ``inputs``, from the first, change no condition, and what is remembered after them."""
    inputs = inputs[:CHUNK]
    times = [given.received_at for given in inputs]
    if not times or not is_quiet(state, care, min(times), max(times)):
        return state, 0
    runs = {
        worn.device_id: _Run(state.devices[worn.device_id], LIMITS[worn.profile or ""])
        for worn in care.worn
        if worn.device_id in state.devices
    }
    taken = 0
    for given in inputs:
        run = runs.get(given.device_id)
        if run is None or not run.take(given):
            break
        taken += 1
    return PatientState({device_id: runs[device_id].device() for device_id in state.devices}, {}), taken


def is_quiet(state: PatientState, care: Care, since: datetime, now: datetime) -> bool:
    """Whether nothing holds – all that does is active – and nothing comes to by the passing of time until ``now``: what
    was heard before, and what is heard from ``since`` on, was heard so lately that none of it is missed."""
    watched = {worn.device_id: worn for worn in care.worn if worn.profile in LIMITS}
    if state.active or list(watched) != list(state.devices):
        return False
    return all(_is_still(device, watched[name], since, now) for name, device in state.devices.items())


def _is_still(device: DeviceState, worn: Worn, since: datetime, now: datetime) -> bool:
    limits = LIMITS[worn.profile or ""]
    oldest = min(since, max(device.live_at or worn.since, worn.since))
    for at in device.heard.values():
        oldest = min(oldest, max(at, worn.since))
    return now - oldest <= limits.silence and all(
        _rests(track, limits.bands.get(metric)) for metric, track in device.tracks.items()
    )


def _rests(track: Track, band: Band | None) -> bool:
    return band is not None and bool(track.points) and band.holds(track.points[-1])


Seen = tuple[datetime, float, str, int, datetime]  # a point, and when its message was received


@dataclass(slots=True)
class _Run:
    """What a device says, as long as it is good news: of each metric only the newest reading is remembered, since good
    news between good news says nothing (``Track.add``)."""

    before: DeviceState
    limits: Limits
    newest: dict[str, Seen] = field(default_factory=dict)
    live_at: datetime | None = None

    def take(self, given: Input) -> bool:
        """False, and nothing of it is taken, where it is to be weighed with care."""
        body, received_at = given.body, given.received_at
        if body.refusals or body.gaps or not body.readings:
            return False
        earliest, bands, fresh = received_at - self.limits.late_after, self.limits.bands, self.newest.copy()
        for index, reading in enumerate(body.readings):
            at, metric = reading.at, reading.metric
            if at < earliest:
                return False
            band = bands.get(metric)
            if band is None:
                continue
            if at > received_at:  # noqa: PLR1730 – a call a reading is what this way saves
                at = received_at  # as in ``conditions``: nothing is newer than its receipt
            low, high = band
            known = fresh.get(metric)
            if not low <= reading.value <= high or (at < known[0] if known else not self._begins(metric, at)):
                return False
            fresh[metric] = (at, reading.value, given.message_id, index, received_at)
        self.newest, self.live_at = fresh, received_at
        return True

    def _begins(self, metric: str, at: datetime) -> bool:
        """Whether it follows what was known before; a metric that is new to us is not good news yet."""
        track = self.before.tracks.get(metric)
        return track is not None and at >= track.points[-1].at

    def device(self) -> DeviceState:
        if self.live_at is None:
            return self.before
        heard, tracks = dict(self.before.heard), dict(self.before.tracks)
        for metric, (at, value, message_id, index, received_at) in self.newest.items():
            heard[metric] = received_at
            tracks[metric] = self._after(metric, Point(at, value, message_id, index))
        return msgspec.structs.replace(self.before, live_at=self.live_at, heard=heard, tracks=tracks)

    def _after(self, metric: str, point: Point) -> Track:
        """The newest point of a quiet track is good news: after it, it says nothing if the one before is so too."""
        track = self.before.tracks[metric]
        if len(track.points) == 2 and self.limits.bands[metric].holds(track.points[0]):
            return Track((track.points[0], point))
        return track.add(self.limits.profile.watching(metric), point)
