"""Open mHealth and IEEE 1752.1: a body, a data point (header and body), or a list of either.

A descriptive statistic – a mean, a minimum – is a summary and no reading, and so is a vital sign over a long interval.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from devices.codecs.intervals import is_summary
from devices.codecs.judging import Said, gathered, judge, printable
from devices.codecs.strict_json import RefusedError, as_list, as_object, moment, number, parse, text
from devices.codecs.units import ucum
from devices.metrics import METRICS, Metric
from devices.readings import Decoded, Reason, Refusal, Reported

MEASURES: Mapping[str, str] = {
    "heart_rate": "hr",
    "oxygen_saturation": "spo2",
    "respiratory_rate": "resp_rate",
    "systolic_blood_pressure": "sbp",
    "diastolic_blood_pressure": "dbp",
    "body_temperature": "temp",
    "body_weight": "weight",
    "body_height": "height",
    "body_mass_index": "bmi",
    "blood_glucose": "glucose",
    "step_count": "steps",
    "sleep_duration": "sleep_duration",
    "total_sleep_time": "sleep_duration",
}
INTERSTITIAL = "interstitial fluid"  # a sensor under the skin, not a drop of blood
ON_THE_SKIN = frozenset({"finger", "toe", "wrist", "left wrist", "right wrist"})  # no core temperature
MEALS = {
    "fasting": "fasting",
    "before meal": "before_food",
    "before breakfast": "before_food",
    "before lunch": "before_food",
    "before dinner": "before_food",
    "after meal": "after_food",
    "after breakfast": "after_food",
    "after lunch": "after_food",
    "after dinner": "after_food",
    "2 hours postprandial": "after_food",
}
SECONDS = {"ms": 0.001, "sec": 1, "min": 60, "h": 3600, "d": 86_400}

Body = Mapping[str, Any]


class Frame(msgspec.Struct, frozen=True):
    """The effective time frame: when it was over, and how long it lasted."""

    at: datetime | None = None
    wrong_at: bool = False
    lasted: timedelta = timedelta(0)


def decode(payload: bytes) -> Decoded:
    """At most 64 KiB and 1000 data points; never raises."""
    try:
        message = parse(payload)
        points = as_list(message, "data points") if isinstance(message, list) else [as_object(message, "a data point")]
    except RefusedError as refused:
        return Decoded(refusals=(refused.refusal,))
    judged = [judged for point in points for judged in _judge_point(point)]
    return gathered(judged or [Refusal(Reason.NO_READING, "", detail="no data points")])


def _judge_point(point: object) -> Iterator[Reported | Refusal]:
    if not isinstance(point, dict):
        yield Refusal(Reason.WRONG_SHAPE, "", detail="a data point is not an object")
        return
    body = point.get("body", point)
    yield from _judge_body(body if isinstance(body, dict) else {})


def _judge_body(body: Body) -> Iterator[Reported | Refusal]:
    measures = [key for key in MEASURES if key in body]
    for key in measures:
        yield _judge(key, body)
    if not measures:
        yield Refusal(Reason.UNKNOWN_METRIC, printable(next(iter(body), "")))


def _judge(key: str, body: Body) -> Reported | Refusal:
    metric = _metric(key, body)
    if metric is None:
        return Refusal(Reason.UNKNOWN_METRIC, "", detail="a temperature of the skin")
    frame, quantity = _frame(body.get("effective_time_frame")), body[key]
    if body.get("descriptive_statistic") is not None or is_summary(metric, frame.lasted):
        return Refusal(Reason.SUMMARY, metric.name, detail=printable(text(body.get("descriptive_statistic"))))
    if not isinstance(quantity, dict):
        return Refusal(Reason.WRONG_SHAPE, metric.name, detail="neither value nor unit")
    value, unit = number(quantity.get("value")), ucum(text(quantity.get("unit")))
    return judge(Said(metric, value, unit, frame.at, context=_context(body), wrong_at=frame.wrong_at))


def _metric(key: str, body: Body) -> Metric | None:
    if key == "blood_glucose" and body.get("specimen_source") == INTERSTITIAL:
        return METRICS["glucose_isf"]
    if key == "body_temperature" and text(body.get("measurement_location")) in ON_THE_SKIN:
        return None
    return METRICS[MEASURES[key]]


def _context(body: Body) -> tuple[str, ...]:
    meal = MEALS.get(text(body.get("temporal_relationship_to_meal")))
    oxygen = body.get("supplemental_oxygen_flow_rate")
    return (*((meal,) if meal else ()), *(("oxygen",) if isinstance(oxygen, dict) else ()))


def _frame(given: object) -> Frame:
    if given is None:
        return Frame()
    if not isinstance(given, dict):
        return Frame(wrong_at=True)
    if isinstance(given.get("time_interval"), dict):
        return _interval(given["time_interval"])
    at = moment(given.get("date_time"))
    return Frame(at, wrong_at=at is None)


def _interval(given: Body) -> Frame:
    """Two of start, end and duration; a part of a day ("evening") is no time."""
    start, end = moment(given.get("start_date_time")), moment(given.get("end_date_time"))
    lasted = end - start if start and end else _duration(given.get("duration"))
    if lasted is None:
        return Frame(wrong_at=True)
    at = end or (start + lasted if start else None)
    return Frame(at, wrong_at=at is None, lasted=lasted)


def _duration(given: object) -> timedelta | None:
    if not isinstance(given, dict):
        return None
    value, seconds = number(given.get("value")), SECONDS.get(text(given.get("unit")))
    if value is None or seconds is None or not 0 <= value * seconds <= 400 * 86_400:
        return None
    return timedelta(seconds=value * seconds)
