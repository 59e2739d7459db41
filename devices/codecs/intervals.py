"""What was measured over some time: a count or a night's sleep is measured so, a vital sign is only summed up so."""

from datetime import timedelta

from devices.metrics import Metric

MOMENT = timedelta(minutes=5)  # a cuff takes one, a thermometer under the arm five
GATHERED = frozenset({"steps", "sleep_duration"})


def is_summary(metric: Metric, lasted: timedelta) -> bool:
    """Whether a value over that long is a mean or an extreme of a time rather than a reading."""
    return metric.name not in GATHERED and abs(lasted) > MOMENT
