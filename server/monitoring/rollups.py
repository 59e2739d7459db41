"""Readings → their sums by minute, hour and day: what a history is drawn from when there are millions of them. Pure.

A bucket is one patient's one metric at one body site; one whose sender names no site has the site "".
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import IntEnum
from types import MappingProxyType
from typing import Final, NamedTuple

import msgspec

from devices.conditions import Input
from devices.readings import Reading

CORRECTED: Final = "corrected"  # in a reading's context: it stands instead of what the device said before
SITES: Final = frozenset(
    {
        "alternate_site",
        "armpit",
        "body",
        "ear",
        "earlobe",
        "finger",
        "gastrointestinal",
        "mouth",
        "rectum",
        "toe",
        "tympanum",
    }
)
SPREAD: Final = timedelta(hours=1)  # the readings of one stored message are less than so far apart
TWIN = timedelta(days=1)  # a message's newest reading is at most so much newer than one that it corrects or repeats


NO_HORIZON: Final[Mapping[str, datetime]] = MappingProxyType({})


class Level(IntEnum):
    """The width of a bucket in seconds. A day is the hospital's: summer time makes some an hour longer or shorter."""

    MINUTE = 60
    HOUR = 3_600
    DAY = 86_400


class Bucket(NamedTuple):
    """``start`` in seconds since 1970, in UTC; of a day the hospital's midnight."""

    patient_id: str
    metric: str
    level: Level
    start: int
    site: str


class Sums(msgspec.Struct, frozen=True, gc=False):
    """Of ``count`` values; ``last`` is the newest of them by the time of its measurement, ``last_ms`` since 1970."""

    count: int
    low: float
    high: float
    total: float
    last: float
    last_ms: int

    @property
    def mean(self) -> float:
        """Never beyond the values themselves, whatever adding has rounded."""
        return min(max(self.total / self.count, self.low), self.high)

    def merged(self, other: "Sums") -> "Sums":
        newest = self if self.last_ms > other.last_ms else other
        return Sums(
            self.count + other.count,
            min(self.low, other.low),
            max(self.high, other.high),
            self.total + other.total,
            newest.last,
            newest.last_ms,
        )


class Measured(NamedTuple):
    """One reading with what its message says of it. Nothing was measured later than it came."""

    patient_id: str
    device_id: str
    reading: Reading
    at: datetime

    @property
    def sums(self) -> Sums:
        value = self.reading.value
        return Sums(1, value, value, value, value, milliseconds(self.at))

    @property
    def corrects(self) -> bool:
        return CORRECTED in self.reading.context

    @property
    def minute(self) -> Bucket:
        start = int(self.at.timestamp()) // Level.MINUTE * Level.MINUTE
        return Bucket(self.patient_id, self.reading.metric, Level.MINUTE, start, site_of(self.reading))


@dataclass(frozen=True, slots=True)
class Folded:
    """What messages add to the buckets; ``corrected`` are the minutes that must be reckoned anew instead."""

    sums: Mapping[Bucket, Sums]
    corrected: Sequence[Bucket]


def fold(inputs: Iterable[Input], zone: tzinfo, horizons: Mapping[str, datetime] = NO_HORIZON) -> Folded:
    """``inputs`` in the order of their positions. What was measured before its patient's horizon is passed over."""
    minutes: defaultdict[Bucket, list[Measured]] = defaultdict(list)
    corrected: dict[Bucket, None] = {}
    for measured in measurements(inputs):
        horizon = horizons.get(measured.patient_id)
        if horizon is not None and measured.at < horizon:
            continue
        if measured.corrects:
            corrected[measured.minute] = None
        else:
            minutes[measured.minute].append(measured)
    return Folded(_with_wider({minute: summed(own) for minute, own in minutes.items()}, zone), list(corrected))


def summed(measured: Sequence[Measured]) -> Sums:
    """Of one bucket, in the order of their positions; never of none."""
    values = [one.reading.value for one in measured]
    last_ms = milliseconds(max([one.at for one in measured]))
    last = next(one for one in reversed(measured) if milliseconds(one.at) == last_ms)
    return Sums(len(values), min(values), max(values), sum(values), last.reading.value, last_ms)


def reckon(minute: Bucket, inputs: Iterable[Input]) -> Sums | None:
    """One minute from its own messages, in the order of their positions: a correction replaces what it corrects."""
    own = [measured for measured in standing(measurements(inputs)) if measured.minute == minute]
    return summed(own) if own else None


def measurements(inputs: Iterable[Input]) -> Iterable[Measured]:
    for given in inputs:
        for reading in given.body.readings:
            yield Measured(given.patient_id, given.device_id, reading, min(reading.at, given.received_at))


def standing(given: Iterable[Measured]) -> list[Measured]:
    """Without what was corrected later: the same device's same metric of the same moment."""
    kept: dict[tuple[str, str, datetime], list[Measured]] = {}
    for measured in given:
        key = (measured.device_id, measured.reading.metric, measured.at)
        kept[key] = [measured] if measured.corrects else [*kept.get(key, ()), measured]
    return [measured for versions in kept.values() for measured in versions]


def merged(sums: Collection[Sums]) -> Sums | None:
    """Of all of them; None of none."""
    total: Sums | None = None
    for each in sums:
        total = each if total is None else total.merged(each)
    return total


def wider(minute: Bucket, zone: tzinfo) -> tuple[Bucket, Bucket]:
    """The hour and the day that a minute is part of."""
    hour = minute.start // Level.HOUR * Level.HOUR
    day = day_start(minute.start, zone)
    return minute._replace(level=Level.HOUR, start=hour), minute._replace(level=Level.DAY, start=day)


def day_start(seconds: int, zone: tzinfo) -> int:
    local = datetime.fromtimestamp(seconds, zone)
    return int(local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp())


def day_end(start: int, zone: tzinfo) -> int:
    """The midnight after the one at ``start``."""
    return day_start(start + 36 * Level.HOUR, zone)


def milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def site_of(reading: Reading) -> str:
    return next((word for word in reading.context if word in SITES), "") if reading.context else ""


def _with_wider(minutes: Mapping[Bucket, Sums], zone: tzinfo) -> dict[Bucket, Sums]:
    every = dict(minutes)
    for minute, sums in minutes.items():
        for bucket in wider(minute, zone):
            _add(every, bucket, sums)
    return every


def _add(into: dict[Bucket, Sums], bucket: Bucket, sums: Sums) -> None:
    before = into.get(bucket)
    into[bucket] = sums if before is None else before.merged(sums)
