"""What evaluation remembers of a patient, after this machine's clock was set: moments move, durations stay. Pure.

Without that, a clock put back would make the past the newest there is: until it is reached again nothing would count as
silent, and no reading would contradict or confirm what was heard "later".
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from devices.conditions import DeviceState, Input, Level, PatientState
from devices.rules import Held, Point, Track

SLACK = timedelta(seconds=5)  # two machines that store and evaluate may differ by so much


def moved(state: PatientState, by: timedelta) -> PatientState:
    """Everything remembered, ``by`` later."""
    return PatientState(
        {device_id: _device(device, by) for device_id, device in state.devices.items()},
        {condition: _level(level, by) for condition, level in state.active.items()},
    )


def not_after(state: PatientState, now: datetime) -> PatientState:
    """Moved back so far that nothing of it is yet to come: the clock was set while nobody watched."""
    newest = max(_moments(state), default=now)
    return state if newest <= now + SLACK else moved(state, now - newest)


def not_received_after(given: Input, now: datetime) -> Input:
    """A message that was stored just before the clock was put back was received now, and so were its readings."""
    return given if given.received_at <= now + SLACK else _received(given, now - given.received_at)


def not_received_before(given: Input, set_at: datetime, by: timedelta) -> Input:
    """A message that was stored just before the clock was put forward bears the old time."""
    return given if given.received_at > set_at - by / 2 else _received(given, by)


def _received(given: Input, by: timedelta) -> Input:
    """Later by that, and its readings too."""
    readings = tuple(msgspec.structs.replace(reading, at=reading.at + by) for reading in given.body.readings)
    body = msgspec.structs.replace(given.body, readings=readings)
    return msgspec.structs.replace(given, received_at=given.received_at + by, body=body)


def _moments(state: PatientState) -> Iterator[datetime]:
    for device in state.devices.values():
        yield from (at for at in (device.live_at, device.unreadable_at, device.wrong_patient_at) if at is not None)
        yield from device.heard.values()
        yield from (refused.at for refused in device.refused.values())
        yield from (point.at for track in device.tracks.values() for point in track.points)


def _device(device: DeviceState, by: timedelta) -> DeviceState:
    return msgspec.structs.replace(
        device,
        live_at=_moment(device.live_at, by),
        heard={metric: at + by for metric, at in device.heard.items()},
        unreadable_at=_moment(device.unreadable_at, by),
        wrong_patient_at=_moment(device.wrong_patient_at, by),
        refused={metric: msgspec.structs.replace(one, at=one.at + by) for metric, one in device.refused.items()},
        tracks={metric: _track(track, by) for metric, track in device.tracks.items()},
    )


def _track(track: Track, by: timedelta) -> Track:
    return Track(tuple(_point(point, by) for point in track.points), tuple(_held(held, by) for held in track.held))


def _level(level: Level, by: timedelta) -> Level:
    return level if level.held is None else msgspec.structs.replace(level, held=_held(level.held, by))


def _held(held: Held, by: timedelta) -> Held:
    return msgspec.structs.replace(held, point=_point(held.point, by))


def _point(point: Point, by: timedelta) -> Point:
    return msgspec.structs.replace(point, at=point.at + by, late_at=_moment(point.late_at, by))


def _moment(at: datetime | None, by: timedelta) -> datetime | None:
    return None if at is None else at + by
