"""FHIR R4 and R5: an Observation, or a Bundle of them. Nothing is fetched: no reference, profile or code system.

Components are readings of their own, SampledData of an ECG or a pleth is a block of a waveform. The subject is kept for
the eye that checks; whose reading it is, the association decides.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from devices.codecs.fhir_codes import MEAL, Known, flags, is_test_data, meal, understand, why_absent
from devices.codecs.fhir_subject import Patients, patients, subject
from devices.codecs.flags import end_of_scale, off_scale, words
from devices.codecs.intervals import is_summary
from devices.codecs.judging import Said, gathered, judge, printable
from devices.codecs.sampled_data import block_of
from devices.codecs.strict_json import RefusedError, as_list, as_object, moment, number, parse, text
from devices.codecs.units import assumed, ucum
from devices.metrics import Metric
from devices.readings import Comparator, Decoded, Reason, Refusal, Reported
from devices.waves import Block, Channel

TAKEN = frozenset({"final", "amended", "corrected", "preliminary"})
NOT_TAKEN = {  # any other is none that the standard has
    "entered-in-error": Reason.WITHDRAWN,
    "cancelled": Reason.WITHDRAWN,
    "registered": Reason.NO_READING,  # announced, and not measured yet
}
SAID = {"preliminary": "preliminary", "amended": "corrected", "corrected": "corrected"}
IN_WORDS = ("valueCodeableConcept", "valueBoolean", "valueString")
COMPARATORS = {comparator.value: comparator for comparator in Comparator}

Judged = Reported | Refusal | Block
Object = Mapping[str, Any]


class Around(msgspec.Struct, frozen=True):
    """What an Observation says for all its components. ``at`` is the end of what lasted, ``began`` its beginning."""

    began: datetime | None
    at: datetime | None
    wrong_at: bool
    lasted: timedelta
    context: tuple[str, ...]
    subject: str | None


def decode(payload: bytes) -> Decoded:
    """At most 64 KiB and 1000 readings; never raises."""
    try:
        message = as_object(parse(payload))
        observations = list(_observations(message))
    except RefusedError as refused:
        return Decoded(refusals=(refused.refusal,))
    judged = list(_judge_all(observations, patients(message)))
    return gathered(judged or [Refusal(Reason.NO_READING, "", detail="no Observation has a value")])


def _observations(resource: Object) -> Iterator[Object | Refusal]:
    """Raises RefusedError. Other resources in a Bundle (Patient, Device) are nobody's reading."""
    kind = resource.get("resourceType")
    if kind == "Observation":
        yield resource
    elif kind == "Bundle":
        for entry in as_list(resource.get("entry", []), "entries"):
            inner = entry.get("resource", {}) if isinstance(entry, dict) else None
            if not isinstance(inner, dict):
                yield Refusal(Reason.WRONG_SHAPE, "", detail="an entry is not an object")
            elif inner.get("resourceType") == "Observation":
                yield inner
    else:
        raise RefusedError(Reason.WRONG_SHAPE, "neither an Observation nor a Bundle")


def _judge_all(observations: Iterable[Object | Refusal], known: Patients) -> Iterator[Judged]:
    for observation in observations:
        if isinstance(observation, Refusal):
            yield observation
            continue
        practice = is_test_data(observation)
        for judged in _judge_observation(observation, known):
            yield _unreal(judged) if practice else judged


def _unreal(judged: Judged) -> Refusal:
    if isinstance(judged, Block):
        return Refusal(Reason.QUALITY_CONTROL, judged.channel, detail="test data")
    return Refusal(Reason.QUALITY_CONTROL, judged.metric, judged.value, "test data")


def _judge_observation(observation: Object, known: Patients) -> Iterator[Judged]:
    status = text(observation.get("status"))
    if status not in TAKEN:
        yield Refusal(NOT_TAKEN.get(status, Reason.WRONG_SHAPE), _called(observation), detail=printable(status))
        return
    components = _objects(observation.get("component"))
    around = _around(observation, components, known)
    for component in components:
        if not _is_context(component):
            yield _judge(component, around)
    if not components or _has_value(observation):
        yield _judge(observation, around)


def _around(observation: Object, components: Iterable[Object], known: Patients) -> Around:
    given, at, lasted = _effective(observation)
    meals = [meal(part.get("valueCodeableConcept")) for part in components if _is_context(part)]
    context = tuple(word for word in (SAID.get(text(observation.get("status"))), *meals) if word)
    return Around(_began(observation, at), at, given and at is None, lasted, context, subject(observation, known))


def _effective(observation: Object) -> tuple[bool, datetime | None, timedelta]:
    """Whether a time was given at all, its end, and how long it lasted. A date without time of day is no moment."""
    period = observation.get("effectivePeriod")
    if isinstance(period, dict):
        start, end = moment(period.get("start")), moment(period.get("end"))
        return True, end, end - start if start and end else timedelta(0)
    given = next((observation[key] for key in observation if key.startswith("effective")), None)
    return given is not None, moment(given), timedelta(0)


def _began(observation: Object, at: datetime | None) -> datetime | None:
    period = observation.get("effectivePeriod")
    return moment(period.get("start")) if isinstance(period, dict) else at


def _judge(part: Object, around: Around) -> Judged:
    known = understand(part.get("code"))
    if known.channel is not None and "valueSampledData" in part:
        return _judge_samples(known.channel, part, around)
    if known.metric is None:
        return _without_metric(known, part)
    if "valueSampledData" in part:
        return Refusal(Reason.NO_READING, known.name, detail="a waveform")
    if is_summary(known.metric, around.lasted):
        return Refusal(Reason.SUMMARY, known.name)
    quantity = _quantity(part)
    if quantity is None:
        return Refusal(_why_not(part), known.name)
    return _judge_quantity(known.metric, quantity, part, around)


def _without_metric(known: Known, part: Object) -> Refusal:
    """A panel whose members are resources of their own has nothing to say itself."""
    if known.refused_as is Reason.UNKNOWN_METRIC and not _has_value(part):
        if "dataAbsentReason" in part:
            return Refusal(why_absent(part["dataAbsentReason"]), known.name)
        if "hasMember" in part:
            return Refusal(Reason.NO_READING, known.name, detail="a panel")
    return Refusal(known.refused_as, known.name, detail=known.detail)


def _judge_samples(channel: Channel, part: Object, around: Around) -> Judged:
    try:
        return block_of(channel, as_object(part["valueSampledData"], "valueSampledData"), around.began, around.subject)
    except RefusedError as refused:
        return msgspec.structs.replace(refused.refusal, metric=channel.name)


def _quantity(part: Object) -> Object | None:
    quantity = part.get("valueQuantity")
    if isinstance(quantity, dict):
        return quantity if "value" in quantity else None
    return {"value": part["valueInteger"]} if "valueInteger" in part else None


def _why_not(part: Object) -> Reason:
    if "dataAbsentReason" in part or not _has_value(part):
        return off_scale(flags(part)) or why_absent(part.get("dataAbsentReason"))
    return Reason.ORDINAL if any(key in part for key in IN_WORDS) else Reason.NOT_A_NUMBER


def _judge_quantity(metric: Metric, quantity: Object, part: Object, around: Around) -> Judged:
    value, sign = number(quantity.get("value")), quantity.get("comparator")
    comparator = COMPARATORS.get(text(sign))
    if sign is not None and comparator is None:
        return Refusal(Reason.WRONG_SHAPE, metric.name, detail="comparator")
    flagged = flags(part)
    return judge(
        Said(
            metric,
            value,
            _unit(metric, quantity, value),
            around.at,
            comparator=comparator or end_of_scale(flagged),
            context=(*around.context, *words(flagged)),
            subject=around.subject,
            wrong_at=around.wrong_at,
        )
    )


def _unit(metric: Metric, quantity: Object, value: float | None) -> str:
    """The code before the words for people, whichever is understood; where there are neither it may be assumed."""
    written = [ucum(unit) for key in ("code", "unit") if (unit := text(quantity.get(key)))]
    if not written:
        return "" if value is None else assumed(metric, value)
    return next((unit for unit in written if unit in metric.units), written[0])


def _objects(value: object) -> list[Object]:
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def _has_value(part: Object) -> bool:
    return any(key.startswith("value") for key in part)


def _is_context(component: Object) -> bool:
    return understand(component.get("code")).name == MEAL


def _called(observation: Object) -> str:
    return understand(observation.get("code")).name
