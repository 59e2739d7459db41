"""What senders call a metric where they use neither LOINC nor 11073: a gateway's key, a SenML or Sparkplug name."""

import re

from devices.metrics import METRICS, Metric

_CALLED = {
    # neither "rr" nor "pr": each is an interval of an ECG as well
    "hr": ("heartrate", "heartbeat", "ecgheartrate"),
    "pulse_rate": ("pulse", "pulserate", "bpm", "actbpm"),
    "spo2": ("oxygensaturation", "bloodoxygen", "o2sat", "sao2"),
    "resp_rate": ("resp", "respirationrate", "respiratoryrate", "breathingrate"),
    "sbp": ("systolic", "systolicbloodpressure", "systolicpressure", "sys", "bpsys"),
    "dbp": ("diastolic", "diastolicbloodpressure", "diastolicpressure", "dia", "bpdia"),
    "map": ("meanarterialpressure", "meanbloodpressure"),
    "temp": ("temperature", "bodytemperature", "bodytemp"),
    "weight": ("bodyweight", "mass"),
    "height": ("bodyheight",),
    "bmi": ("bodymassindex",),
    "glucose": ("bloodglucose", "bloodsugar"),
    "steps": ("step", "stepcount"),
    "battery": ("batt", "batterylevel", "batterypercent"),
}
_BY_NAME = {re.sub("[^a-z0-9]", "", name): METRICS[name] for name in METRICS}
_BY_NAME |= {name: METRICS[metric] for metric, names in _CALLED.items() for name in names}
LONGEST = 64


def metric_named(name: str) -> Metric | None:
    """Letters and digits count, nothing else: "PulseRate", "pulse_rate" and "Pulse Rate" are one."""
    return _BY_NAME.get(re.sub("[^a-z0-9]", "", name.casefold())) if len(name) <= LONGEST else None
