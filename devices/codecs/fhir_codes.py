"""CodeableConcepts: which metric LOINC and IEEE 11073 codes of a thing name together, and what stands beside it."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from devices.codecs.judging import printable
from devices.codecs.strict_json import text
from devices.metrics import CONTROL_MDC, Metric, by_loinc, by_mdc
from devices.readings import Reason
from devices.waves import Channel
from devices.waves import by_mdc as channel_by_mdc

LOINC = "http://loinc.org"
MDC = "urn:iso:std:iso:11073:10101"
MEAL = "meal"
MEAL_MDC = 8417864  # MDC_CTXT_GLU_MEAL
MEALS = {8417868: "before_food", 8417872: "after_food", 8417876: "fasting", 8417880: "casual"}
ABSENT = {"positive-infinity": Reason.ABOVE_RANGE, "negative-infinity": Reason.BELOW_RANGE}  # HI, LO
TEST_DATA = "HTEST"  # v3-ActReason, as a security label: of no patient
MOST_CODINGS = 32


class Known(msgspec.Struct, frozen=True):
    """``name`` is fit for a row: the metric's, or what the sender called it. Without a metric, ``refused_as`` why."""

    name: str
    metric: Metric | None = None
    refused_as: Reason = Reason.UNKNOWN_METRIC
    detail: str = ""
    channel: Channel | None = None


def understand(concept: object) -> Known:
    """Every code that is understood must name the same metric; one pulse among heart rates is more exact."""
    codings = list(_codings(concept))
    numbers = {int(code) for system, code in codings if system == MDC and code.isdecimal()}
    if MEAL_MDC in numbers:
        return Known(MEAL)
    if numbers & CONTROL_MDC:
        return Known("glucose", None, Reason.QUALITY_CONTROL, "control solution")
    if channel := channel_by_mdc(numbers):
        return Known(channel.name, None, Reason.NO_READING, "a waveform without samples", channel)
    found = [by_loinc(code) for system, code in codings if system == LOINC] + [by_mdc(code) for code in numbers]
    metrics = {metric.name: metric for metric in found if metric is not None}
    if "pulse_rate" in metrics:
        metrics.pop("hr", None)
    return _the_one(list(metrics.values()), codings)


def meal(concept: object) -> str | None:
    """``before_food``, ``after_food``, ``fasting``, ``casual``."""
    codes = (int(code) for system, code in _codings(concept) if system == MDC and code.isdecimal())
    return next((MEALS[code] for code in codes if code in MEALS), None)


def why_absent(concept: object) -> Reason:
    """Of a dataAbsentReason."""
    return next((ABSENT[code] for _, code in _codings(concept) if code in ABSENT), Reason.NO_VALUE)


def flags(part: Mapping[str, Any]) -> list[str]:
    """The codes of its interpretation."""
    concepts = part.get("interpretation")
    listed = concepts[:MOST_CODINGS] if isinstance(concepts, list) else []
    return [code for concept in listed for _, code in _codings(concept)]


def is_test_data(resource: Mapping[str, Any]) -> bool:
    meta = resource.get("meta")
    labels = {"coding": meta.get("security")} if isinstance(meta, dict) else {}
    return any(code == TEST_DATA for _, code in _codings(labels))


def _the_one(metrics: list[Metric], codings: list[tuple[str, str]]) -> Known:
    if len(metrics) == 1:
        return Known(metrics[0].name, metrics[0])
    if metrics:
        return Known("", None, Reason.UNKNOWN_METRIC, "its codes name several metrics")
    return Known(printable(codings[0][1]) if codings else "")


def _codings(concept: object) -> Iterator[tuple[str, str]]:
    listed: Any = concept.get("coding") if isinstance(concept, dict) else None
    for coding in listed[:MOST_CODINGS] if isinstance(listed, list) else ():
        if isinstance(coding, dict):
            yield text(coding.get("system")), text(coding.get("code"))[:MOST_CODINGS]
