"""What a device said of one metric → a reading, or a refusal by name; the same for every format. Knows no format."""

import math
from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256

import msgspec

from devices.codecs.units import ucum
from devices.metrics import Metric
from devices.readings import Comparator, Decoded, Reason, Refusal, Reported
from devices.waves import Block

YEARS = range(1970, 2201)  # keeps arithmetic with clock offsets away from the ends of the calendar
MAX_TEXT = 64
MAX_READINGS = 1000  # of a message, taken or not


class Said(msgspec.Struct, frozen=True):
    """A number with its unit as it was sent – UCUM, or a spelling that can mean nothing else – and what stood beside.

    ``value`` None: none that can be read. ``wrong_at``: a time was given that is none."""

    metric: Metric
    value: float | None
    unit: str
    at: datetime | None = None
    comparator: Comparator | None = None
    context: tuple[str, ...] = ()
    subject: str | None = None
    wrong_at: bool = False
    after_sent: timedelta | None = None


def judge(said: Said) -> Reported | Refusal:
    """Convert exactly, and take only what a living patient can have."""
    metric, number = said.metric, said.value
    if number is None or math.isnan(number):
        return Refusal(Reason.NOT_A_NUMBER, metric.name)
    if math.isinf(number):
        return Refusal(Reason.INFINITE, metric.name)
    conversion = metric.units.get(said.unit) or metric.units.get(ucum(said.unit))
    if conversion is None:
        return Refusal(Reason.UNKNOWN_UNIT, metric.name, detail=printable(said.unit))
    value = conversion.apply(number)
    if not metric.possible(value):
        return Refusal(Reason.IMPOSSIBLE, metric.name, value if math.isfinite(value) else None)
    if said.wrong_at:
        return Refusal(Reason.WRONG_SHAPE, metric.name, value, detail="at")
    return _reported(said, number, value)


def _reported(said: Said, number: float, value: float) -> Reported:
    changed = said.unit != said.metric.unit
    return Reported(
        metric=said.metric.name,
        value=value,
        unit=said.metric.unit,
        at=said.at,
        sent_value=number if changed else None,
        sent_unit=said.unit if changed else None,
        comparator=said.comparator,
        context=said.context,
        subject=said.subject,
        after_sent=said.after_sent,
    )


def gathered(
    judged: Iterable[Reported | Refusal | Block], *, said_beside: str = "", otherwise: str | None = None
) -> Decoded:
    """Readings, waveforms and refusals of one message, and what makes it the same message when it comes again.

    ``said_beside`` is what tells two messages of the same values apart, such as a record number; ``otherwise`` is what
    identifies the message where its readings carry no time.
    """
    items = tuple(judged)
    if len(items) > MAX_READINGS:
        return refused(Reason.WRONG_SHAPE, f"more than {MAX_READINGS} readings")
    readings = tuple(item for item in items if isinstance(item, Reported))
    refusals = tuple(item for item in items if isinstance(item, Refusal))
    waves = tuple(item for item in items if isinstance(item, Block))
    content = _content((readings, waves), refusals, said_beside) or otherwise
    return Decoded(readings, refusals, content=content, waves=waves)


def refused(reason: Reason, detail: str = "") -> Decoded:
    """The whole message."""
    return Decoded(refusals=(Refusal(reason, detail=printable(detail)),))


def printable(text: str) -> str:
    """What a device calls a thing, fit for a row and a screen."""
    return "".join(char if " " <= char <= "~" else "?" for char in text[:MAX_TEXT])


def named(text: str) -> str | None:
    """Whom or what a message names, in any script; None for nothing."""
    return "".join(char for char in text[:MAX_TEXT] if char.isprintable()).strip() or None


def _content(
    said: tuple[tuple[Reported, ...], tuple[Block, ...]], refusals: tuple[Refusal, ...], beside: str
) -> str | None:
    readings, waves = said
    if not (readings or waves) or any(reading.at is None for reading in readings):
        return None
    return sha256(msgspec.json.encode([beside, readings, refusals, *waves])).hexdigest()
