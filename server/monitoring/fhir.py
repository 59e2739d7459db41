"""Readings as FHIR R4 resources: a small writer of our own. Pure; what it writes is checked against R4 in its tests.

Everything refers to the bundle's own entries by ``urn:uuid:``. A pressure is two observations, as it is two readings.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID, uuid5

from devices.metrics import METRICS, Metric
from devices.readings import Reading
from server.monitoring.rollups import SITES

LOINC, UCUM, MDC = "http://loinc.org", "http://unitsofmeasure.org", "urn:iso:std:iso:11073:10101"
CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/observation-category"
OURS: Final = UUID("5b0c9f1e-3a52-4c59-9d0c-6f3f6a1d2b7a")  # a name space: what we call by an id has no UUID
VITAL: Final = frozenset(
    {"hr", "pulse_rate", "spo2", "resp_rate", "sbp", "dbp", "map", "temp", "weight", "height", "bmi"}
)
ACTIVITY: Final = frozenset({"steps", "sleep_duration"})
OF_THE_DEVICE: Final = frozenset({"battery"})  # no finding of the patient
STATUS: Final = {"corrected": "corrected", "preliminary": "preliminary", "unverified": "preliminary"}
GENDERS: Final = {"male", "female", "other"}
BOTH_CODES: Final = frozenset({"spo2"})  # the vital-signs profile asks for 2708-6 beside 59408-5

Resource = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Person:
    id: str
    sex: str
    birth_date: date


@dataclass(frozen=True, slots=True)
class Instrument:
    id: str
    label: str


@dataclass(frozen=True, slots=True)
class Told:
    """A message's readings, as far as they are exported; ``index`` addresses each within the message."""

    message_id: str
    device_id: str
    received_at: datetime
    readings: Sequence[tuple[int, Reading]]


def patient_entry(person: Person) -> Resource:
    """Without a name: whoever gets the file knows whom it is about, by the number that both have."""
    gender = person.sex if person.sex in GENDERS else "unknown"
    resource = {
        "resourceType": "Patient",
        "identifier": [{"value": person.id}],
        "gender": gender,
        "birthDate": person.birth_date.isoformat(),
    }
    return {"fullUrl": urn("patient", person.id), "resource": resource}


def device_entry(instrument: Instrument) -> Resource:
    named = {"name": instrument.label, "type": "user-friendly-name"}
    resource = {"resourceType": "Device", "identifier": [{"value": instrument.id}], "deviceName": [named]}
    return {"fullUrl": urn("device", instrument.id), "resource": resource}


def observation_entries(told: Told, patient_id: str) -> Iterator[Resource]:
    for index, reading in told.readings:
        if reading.metric in METRICS and reading.metric not in OF_THE_DEVICE:
            yield {
                "fullUrl": urn("reading", f"{told.message_id}/{index}"),
                "resource": {
                    "resourceType": "Observation",
                    **_about(METRICS[reading.metric], reading),
                    "subject": {"reference": urn("patient", patient_id)},
                    "effectiveDateTime": moment(reading.at),
                    "issued": moment(told.received_at),
                    "device": {"reference": urn("device", told.device_id)},
                    "valueQuantity": _quantity(reading),
                    **_beside(reading),
                },
            }


def _about(metric: Metric, reading: Reading) -> Resource:
    status = next((STATUS[word] for word in reading.context if word in STATUS), "final")
    coding = [{"system": LOINC, "code": code} for code in metric.loinc[: 2 if metric.name in BOTH_CODES else 1]]
    coding += [{"system": MDC, "code": str(code)} for code in metric.mdc[:1]]
    return {
        "status": status,
        "category": [{"coding": [{"system": CATEGORY, "code": _category(metric.name)}]}],
        "code": {**({"coding": coding} if coding else {}), "text": metric.name},
    }


def _category(metric: str) -> str:
    if metric in VITAL:
        return "vital-signs"
    return "activity" if metric in ACTIVITY else "laboratory"


def _quantity(reading: Reading) -> Resource:
    quantity = {"value": reading.value, "unit": reading.unit, "system": UCUM, "code": reading.unit}
    return quantity if reading.comparator is None else {**quantity, "comparator": reading.comparator.value}


def _beside(reading: Reading) -> Resource:
    """What the device said beside the value, and what it said before we converted it."""
    sites = [word for word in reading.context if word in SITES]
    words = [word for word in reading.context if word not in SITES and word not in STATUS]
    if reading.sent_unit is not None:
        words.append(f"sent as {reading.sent_value} {reading.sent_unit}")
    notes = {"note": [{"text": word} for word in words]} if words else {}
    return {**({"bodySite": {"text": sites[0]}} if sites else {}), **notes}


def urn(kind: str, key: str) -> str:
    """The same in every export."""
    return f"urn:uuid:{uuid5(OURS, f'{kind}/{key}')}"


def moment(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")
