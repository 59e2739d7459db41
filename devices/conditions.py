"""A patient's inputs → conditions → what changed: the rules' verdicts, silence, refusals, gaps; tick(now). Pure.

What an alarm makes of a change is decided in ``alarms``; who is told is none of this package's business.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from devices.alarms import AlarmKind, Change, What
from devices.metrics import METRICS
from devices.readings import Body, Reading, Reason, Refusal
from devices.rules import PROFILES, Held, Point, Priority, Profile, Rule, Track
from devices.unjudged import Wearing, unjudged


class Input(msgspec.Struct, frozen=True):
    """A stored message of one patient, at its position in the patient's partition."""

    message_id: str
    patient_id: str
    device_id: str
    position: int
    received_at: datetime
    body: Body


class Worn(msgspec.Struct, frozen=True):
    """A device that the patient wears since ``since``; ``profile`` None: no limits are set."""

    device_id: str
    profile: str | None
    since: datetime


class Care(msgspec.Struct, frozen=True):
    """Who is monitored, by what; ``past``: what was worn before, of the devices that an input has come from since."""

    patient_id: str
    worn: tuple[Worn, ...] = ()
    past: tuple[Wearing, ...] = ()


FAULT_HOLDS = timedelta(seconds=30)
"""How long a device must be without a fault before the fault counts as over: one that alternates is told once."""


class Refused(msgspec.Struct, frozen=True):
    """Readings are refused, or not judged; ``at`` is the receipt of the last one."""

    priority: Priority
    at: datetime


class DeviceState(msgspec.Struct, frozen=True, omit_defaults=True):
    """Moments of receipt: of the last message with a live reading, of the last that could not be read, of the last
    that named somebody else.

    ``heard``: the last live reading of each watched metric. ``missing``: those that stay away while the device speaks,
    as of a probe that is off while the pulse goes on; what a device never measured is not missed.
    """

    live_at: datetime | None = None
    silent: bool = False
    heard: Mapping[str, datetime] = {}
    missing: tuple[str, ...] = ()
    unreadable_at: datetime | None = None
    wrong_patient_at: datetime | None = None
    refused: Mapping[str, Refused] = {}
    tracks: Mapping[str, Track] = {}


class Level(msgspec.Struct, frozen=True, omit_defaults=True):
    """How bad a condition is now, and by what."""

    rule: str
    priority: Priority
    kind: AlarmKind
    device_id: str
    metric: str | None = None
    held: Held | None = None


class PatientState(msgspec.Struct, frozen=True, omit_defaults=True):
    """What evaluation remembers of a patient between two messages: by device, and by condition that is active.

    ``unjudged``: by device that is not worn any more, what came too late (``devices.unjudged``) and when the last did.
    """

    devices: Mapping[str, DeviceState] = {}
    active: Mapping[str, Level] = {}
    unjudged: Mapping[str, Refused] = {}


def evaluate(
    state: PatientState, care: Care, inputs: Sequence[Input], now: datetime
) -> tuple[PatientState, tuple[Change, ...]]:
    """What became of the patient's conditions through ``inputs`` (by position) and until ``now``. Pure.

    Time passes up to each input's receipt before the input counts, so that it does not matter how inputs are cut into
    batches. A device without profile, or not worn any more, is not watched: what it had raised is over.
    """
    ward = _Ward(state, care)
    for given in inputs:
        ward.tick(given.received_at)
        ward.receive(given)
        ward.tick(given.received_at)
    ward.tick(now)
    return ward.state, tuple(ward.changes)


def levels(state: PatientState, care: Care) -> Mapping[str, Level]:
    """What the devices' states say is active: that which is remembered as active, unless ``care`` is another now."""
    return _Ward(state, care).levels(state.devices)


def skip(state: PatientState, care: Care, given: Input) -> tuple[PatientState, tuple[Change, ...]]:
    """Pass over an input that evaluation fails on: it is unreadable, and somebody hears of it."""
    fault = Refusal(Reason.WRONG_SHAPE, detail="cannot be evaluated")
    return evaluate(state, care, [msgspec.structs.replace(given, body=Body(refusals=(fault,)))], given.received_at)


class _Ward:
    """One evaluation of one patient: ``state`` and ``changes`` grow, everything they are made of is frozen."""

    def __init__(self, state: PatientState, care: Care) -> None:
        self.state = state
        self.changes: list[Change] = []
        profiles = ((worn, PROFILES.get(worn.profile or "")) for worn in care.worn)
        self._past = care.past
        self._watched = {worn.device_id: (worn, profile) for worn, profile in profiles if profile is not None}

    def tick(self, now: datetime) -> None:
        """Silence, and readings that stand because nothing contradicted them."""
        devices = {}
        for device_id, (worn, profile) in self._watched.items():
            device = self.state.devices.get(device_id, DeviceState())
            silent = device.silent or (now - _heard(device, worn)).total_seconds() > profile.silence_s
            missing = () if silent else _missing(device, worn, profile, now)
            tracks = {metric: track.stand(profile.watching(metric), now) for metric, track in device.tracks.items()}
            devices[device_id] = msgspec.structs.replace(device, silent=silent, missing=missing, tracks=tracks)
        if self.state.unjudged:
            late = {name: one for name, one in self.state.unjudged.items() if now - one.at < FAULT_HOLDS}
            self.state = msgspec.structs.replace(self.state, unjudged=late)
        self._become(devices, _Cause(now))

    def receive(self, given: Input) -> None:
        """Readings first, by time of measurement; what the message says about itself after them."""
        if given.device_id not in self._watched:
            self._say_unjudged(given)
            return
        _, profile = self._watched[given.device_id]
        points = points_of(given, profile)
        for metric, point in points:
            if profile.watching(metric):
                self._track(given, metric, point)
        for metric in dict.fromkeys(metric for metric, _ in points if profile.watching(metric)):
            self._judge_late(given, metric)
        good = {metric for metric, point in points if point.late_at is None}
        self._change(given, _after(self._device(given), given, profile, good))
        if given.body.gaps:
            self._say_gap(given)

    def _track(self, given: Input, metric: str, point: Point) -> None:
        _, profile = self._watched[given.device_id]
        rules, device = profile.watching(metric), self._device(given)
        track = device.tracks.get(metric, Track()).add(rules, point)
        if point.late_at is None:
            track = track.judge(rules)
        self._change(given, msgspec.structs.replace(device, tracks={**device.tracks, metric: track}))

    def _judge_late(self, given: Input, metric: str) -> None:
        _, profile = self._watched[given.device_id]
        device = self._device(given)
        track = device.tracks[metric].judge_late(profile.watching(metric))
        self._change(given, msgspec.structs.replace(device, tracks={**device.tracks, metric: track}))

    def _device(self, given: Input) -> DeviceState:
        return self.state.devices.get(given.device_id, DeviceState())

    def _change(self, given: Input, device: DeviceState) -> None:
        devices = {**self.state.devices, given.device_id: device}
        self._become(devices, _Cause(given.received_at, given.message_id))

    def _become(self, devices: Mapping[str, DeviceState], cause: "_Cause") -> None:
        levels = self.levels(devices)
        for condition in sorted(self.state.active.keys() | levels.keys()):
            before, after = self.state.active.get(condition), levels.get(condition)
            if before is None and after is not None:
                self.changes.append(_said(condition, What.RAISED, after, cause))
            elif before is not None and after is None:
                self.changes.append(_said(condition, What.ENDED, before, cause))
            elif before is not None and after is not None and after.priority.rank > before.priority.rank:
                self.changes.append(_said(condition, What.WORSENED, after, cause))
        self.state = PatientState(devices, levels, self.state.unjudged)

    def levels(self, devices: Mapping[str, DeviceState]) -> dict[str, Level]:
        """The worst of each condition; of equals that of the device worn first."""
        levels: dict[str, Level] = {}
        for device_id, device in devices.items():
            _, profile = self._watched[device_id]
            for condition, level in (*_technical(device_id, device), *_physiological(device_id, device, profile)):
                if condition not in levels or level.priority.rank > levels[condition].priority.rank:
                    levels[condition] = level
        for device_id, late in self.state.unjudged.items():
            levels[f"unjudged:{device_id}"] = Level("unjudged", late.priority, AlarmKind.TECHNICAL, device_id)
        return levels

    def _say_unjudged(self, given: Input) -> None:
        """One alarm for a whole backlog: it is over when nothing of it has come for ``FAULT_HOLDS``."""
        own = [worn for worn in self._past if worn.device_id == given.device_id]
        priority = unjudged(given.body, given.received_at, own)
        if priority is None:
            return
        before = self.state.unjudged.get(given.device_id)
        worst = before.priority if before is not None and before.priority.rank > priority.rank else priority
        late = {**self.state.unjudged, given.device_id: Refused(worst, given.received_at)}
        self.state = msgspec.structs.replace(self.state, unjudged=late)
        self._become(self.state.devices, _Cause(given.received_at, given.message_id))

    def _say_gap(self, given: Input) -> None:
        """Numbers that never come any more, and how many: over as soon as it is said, so that seeing it resolves it."""
        lost = Level("gap", Priority.LOW, AlarmKind.TECHNICAL, given.device_id)
        cause = _Cause(given.received_at, given.message_id)
        number = float(sum(gap.last - gap.first + 1 for gap in given.body.gaps))
        for what in (What.RAISED, What.ENDED):
            said = _said(f"gap:{given.device_id}", what, lost, cause)
            self.changes.append(msgspec.structs.replace(said, value=number if what is What.RAISED else None))


@dataclass(frozen=True, slots=True)
class _Cause:
    """When evaluation saw it, and through which message, if it was not time alone."""

    at: datetime
    message_id: str | None = None


def _heard(device: DeviceState, worn: Worn) -> datetime:
    return worn.since if device.live_at is None else max(device.live_at, worn.since)


def _missing(device: DeviceState, worn: Worn, profile: Profile, now: datetime) -> tuple[str, ...]:
    late = {m for m, at in device.heard.items() if (now - max(at, worn.since)).total_seconds() > profile.silence_s}
    return tuple(sorted({*device.missing, *late}))


def points_of(given: Input, profile: Profile) -> list[tuple[str, Point]]:
    """By time of measurement. A clock a little ahead must not blind the rules: nothing is newer than its receipt."""
    points = [(r.metric, _point(given, index, r, profile)) for index, r in enumerate(given.body.readings)]
    return sorted(points, key=lambda pair: (pair[1].at, pair[1].index))


def _point(given: Input, index: int, reading: Reading, profile: Profile) -> Point:
    at = min(reading.at, given.received_at)
    late = given.received_at - at > timedelta(seconds=profile.late_after_s)
    return Point(at, reading.value, given.message_id, index, given.received_at if late else None)


def _after(device: DeviceState, given: Input, profile: Profile, good: set[str]) -> DeviceState:
    """What the message as a whole says of its device; ``good`` are the metrics that it has a live reading of.

    A backlog ends no silence. A refusal stays until, ``FAULT_HOLDS`` after the last, a message has a good live reading
    of that metric and no bad one; a fault of whole messages likewise, until one can be read.
    """
    at = given.received_at
    faults = [refusal for refusal in given.body.refusals if refusal.reason.fault]
    named = [r for r in faults if r.metric is not None and profile.watching(r.metric)]
    refused = {m: r for m, r in device.refused.items() if m not in good or at - r.at < FAULT_HOLDS}
    for refusal in named:
        metric = refusal.metric or ""
        before = refused.get(metric)
        worst = _worst(profile.watching(metric), refusal.value)
        if before is not None and before.priority.rank > worst.rank:
            worst = before.priority
        refused[metric] = Refused(worst, at)
    return DeviceState(
        live_at=at if good else device.live_at,
        silent=device.silent and not good,
        heard=_heard_of(device, good, profile, at),
        missing=tuple(metric for metric in device.missing if metric not in good),
        unreadable_at=_fault_at(device.unreadable_at, given, wrong_patient=False),
        wrong_patient_at=_fault_at(device.wrong_patient_at, given, wrong_patient=True),
        refused=refused,
        tracks=device.tracks,
    )


def _heard_of(device: DeviceState, good: set[str], profile: Profile, at: datetime) -> Mapping[str, datetime]:
    """A device that speaks again after its silence has the whole time for each of its metrics."""
    again = dict.fromkeys(device.heard, at) if device.silent and good else device.heard
    return {**again, **{metric: at for metric in sorted(good) if profile.watching(metric)}}


def _fault_at(last: datetime | None, given: Input, *, wrong_patient: bool) -> datetime | None:
    """When the message as a whole was last at fault: it could not be read, or it named somebody else."""
    whole = (refusal for refusal in given.body.refusals if refusal.metric is None)
    if any((refusal.reason is Reason.WRONG_PATIENT) is wrong_patient for refusal in whole):
        return given.received_at
    over = last is not None and given.body.readings and given.received_at - last >= FAULT_HOLDS
    return None if over else last


def _worst(rules: Iterable[Rule], value: float | None) -> Priority:
    """Of the rules that the refused value would have broken; of all where nobody knows what it was."""
    broken = [rule.priority for rule in rules if value is None or rule.broken_by(value)]
    return max(broken, key=lambda priority: priority.rank, default=Priority.LOW)


def _technical(device_id: str, device: DeviceState) -> Iterable[tuple[str, Level]]:
    if device.silent:
        yield f"silence:{device_id}", Level("silence", Priority.MEDIUM, AlarmKind.TECHNICAL, device_id)
    if device.unreadable_at is not None:
        yield f"unreadable:{device_id}", Level("unreadable", Priority.MEDIUM, AlarmKind.TECHNICAL, device_id)
    if device.wrong_patient_at is not None:
        yield f"wrong_patient:{device_id}", Level("wrong_patient", Priority.MEDIUM, AlarmKind.TECHNICAL, device_id)
    for metric in device.missing:
        if metric not in device.refused:  # one cause, one alarm
            yield (
                f"missing:{device_id}:{metric}",
                Level("missing", Priority.MEDIUM, AlarmKind.TECHNICAL, device_id, metric),
            )
    for metric, refused in device.refused.items():
        yield f"refused:{metric}", Level("refused", refused.priority, AlarmKind.TECHNICAL, device_id, metric)


def _physiological(device_id: str, device: DeviceState, profile: Profile) -> Iterable[tuple[str, Level]]:
    for metric, track in device.tracks.items():
        rules = {rule.id: rule for rule in profile.watching(metric)}
        for held in track.held:
            rule = rules[held.rule]
            yield rule.condition, Level(rule.id, rule.priority, AlarmKind.PHYSIOLOGICAL, device_id, metric, held)


def _said(condition: str, what: What, level: Level, cause: _Cause) -> Change:
    proof = level.held.point if level.held is not None and what is not What.ENDED else None
    return Change(
        condition=condition,
        kind=level.kind,
        what=what,
        rule=level.rule,
        priority=level.priority,
        at=cause.at,
        late=level.held is not None and level.held.late,
        device_id=level.device_id,
        metric=level.metric,
        value=None if proof is None else proof.value,
        unit=None if proof is None or level.metric is None else METRICS[level.metric].unit,
        message_id=cause.message_id if proof is None else proof.message_id,
        reading_index=None if proof is None else proof.index,
    )
