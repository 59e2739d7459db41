"""The short way through evaluation, for what changes no condition: good news of a device with which all is well, and
what comes too late, or too much out of order, to prove anything.

It gives the state that ``conditions`` would give, or none: then that weighs the message with all care. Pure.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from math import inf
from typing import NamedTuple

import msgspec

from devices.conditions import Care, DeviceState, Input, PatientState, Worn, levels, points_of
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
    once_watched = {wearing.device_id for wearing in care.past}
    taken = 0
    for given in inputs:
        run = runs.get(given.device_id)
        if given.device_id in once_watched if run is None else not run.take(given):
            break
        taken += 1
    return PatientState({device_id: runs[device_id].device() for device_id in state.devices}, state.active), taken


def is_quiet(state: PatientState, care: Care, since: datetime, now: datetime) -> bool:
    """Whether nothing begins or ends by the passing of time until ``now``: what was heard before, and what is heard
    from ``since`` on, was heard so lately that none of it is missed, or is missed already."""
    watched = {worn.device_id: worn for worn in care.worn if worn.profile in LIMITS}
    if state.unjudged or list(watched) != list(state.devices):
        return False
    if not all(_is_still(device, watched[name], since, now) for name, device in state.devices.items()):
        return False
    return not state.active or state.active == levels(state, care)


def _is_still(device: DeviceState, worn: Worn, since: datetime, now: datetime) -> bool:
    limits = LIMITS[worn.profile or ""]
    if not all(_rests(track, limits.profile.watching(metric), now) for metric, track in device.tracks.items()):
        return False
    if device.silent:
        return not device.missing  # one that is silent is not asked for anything else
    oldest = min(since, max(device.live_at or worn.since, worn.since))
    for metric, at in device.heard.items():
        if metric not in device.missing:
            oldest = min(oldest, max(at, worn.since))
    return now - oldest <= limits.silence


def _rests(track: Track, rules: Sequence[Rule], now: datetime) -> bool:
    """No rule is about to hold, and none to be over."""
    if any(_breaks_more(point, track, rules) for point in _newest(track)):
        return False
    return not track.held or track.stand(rules, now) == track


def _newest(track: Track) -> tuple[Point, ...]:
    """The newest of all, and the newest live one: what is broken before them has been contradicted."""
    live = tuple(point for point in track.points if point.late_at is None)
    return track.points[-1:] + live[-1:]


def _breaks_more(point: Point, track: Track, rules: Sequence[Rule]) -> bool:
    """A rule that does not hold already."""
    holding = [held.rule for held in track.held]
    return any(rule.broken_by(point.value) and rule.id not in holding for rule in rules)


Seen = tuple[datetime, float, str, int, datetime]  # a point, and when its message was received


class _Run:
    """What a device says, as long as it changes no condition."""

    def __init__(self, device: DeviceState, limits: Limits) -> None:
        self._limits = limits
        self._go_on_from(device)

    def _go_on_from(self, device: DeviceState) -> None:
        self._before, self._well = device, _is_well(device, self._limits)
        self._newest: dict[str, Seen] = {}
        self._live_at: datetime | None = None

    def take(self, given: Input) -> bool:
        """False, and nothing of it is taken, where it is to be weighed with care."""
        body = given.body
        if body.refusals or body.gaps or not body.readings:
            return False
        return (self._well and self._take_good(given)) or self._take_singly(given)

    def _take_good(self, given: Input) -> bool:
        """On time, in order, and none beyond where it rearms: of each metric only the newest is remembered, since good
        news between good news says nothing (``Track.add``)."""
        received_at, bands, fresh = given.received_at, self._limits.bands, self._newest.copy()
        earliest = received_at - self._limits.late_after
        for index, reading in enumerate(given.body.readings):
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
        self._newest, self._live_at = fresh, received_at
        return True

    def _begins(self, metric: str, at: datetime) -> bool:
        """Whether it follows what was known before; a metric that is new to us is not good news yet."""
        track = self._before.tracks.get(metric)
        return track is not None and at >= track.points[-1].at

    def _take_singly(self, given: Input) -> bool:
        """Late, or out of order: a reading can only begin a rule, and only as the newest of its metric; where something
        newer is known, that rests (``_rests``). What is on time may end something besides, unless all is well."""
        device, profile = self.device(), self._limits.profile
        points = points_of(given, profile)
        good = {metric for metric, point in points if point.late_at is None}
        if device.unreadable_at or device.wrong_patient_at or (good and not self._well):
            return False
        tracks = dict(device.tracks)
        for metric, point in points:
            if not (rules := profile.watching(metric)):
                continue
            track = tracks.get(metric, Track())
            is_newest = not track.points or point.at >= track.points[-1].at
            if is_newest and _breaks_more(point, track, rules):
                return False
            tracks[metric] = track.add(rules, point)
        heard = {**device.heard, **{metric: given.received_at for metric in sorted(good) if profile.watching(metric)}}
        live_at = given.received_at if good else device.live_at
        self._go_on_from(msgspec.structs.replace(device, live_at=live_at, heard=heard, tracks=tracks))
        return True

    def device(self) -> DeviceState:
        if self._live_at is None:
            return self._before
        heard, tracks = dict(self._before.heard), dict(self._before.tracks)
        for metric, (at, value, message_id, index, received_at) in self._newest.items():
            heard[metric] = received_at
            tracks[metric] = self._after(metric, Point(at, value, message_id, index))
        return msgspec.structs.replace(self._before, live_at=self._live_at, heard=heard, tracks=tracks)

    def _after(self, metric: str, point: Point) -> Track:
        """The newest point of a quiet track is good news: after it, it says nothing if the one before is so too."""
        track = self._before.tracks[metric]
        if len(track.points) == 2 and self._limits.bands[metric].holds(track.points[0]):
            return Track((track.points[0], point))
        return track.add(self._limits.profile.watching(metric), point)


def _is_well(device: DeviceState, limits: Limits) -> bool:
    """Nothing holds, and of each metric the newest reading is good news."""
    if device.silent or device.missing or device.refused or device.unreadable_at or device.wrong_patient_at:
        return False
    return all(_is_good(track, limits.bands.get(metric)) for metric, track in device.tracks.items())


def _is_good(track: Track, band: Band | None) -> bool:
    return band is not None and not track.held and band.holds(track.points[-1])
