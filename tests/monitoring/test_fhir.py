"""What is written is FHIR: every metric, every word beside it, checked by a library that knows the standard."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest
from fhir.resources.R4B.bundle import Bundle
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs.fhir import decode
from devices.metrics import METRICS
from devices.readings import Comparator, Decoded, Reading
from server.monitoring.fhir import (
    OF_THE_DEVICE,
    Instrument,
    Person,
    Told,
    device_entry,
    observation_entries,
    patient_entry,
)

NOON = datetime(2026, 11, 21, 12, 0, 0, 120_007, tzinfo=UTC)
PATIENT, MESSAGE = "a" * 32, "b" * 32
WANG = Person(PATIENT, "female", date(1954, 2, 28))


def observed(*readings: Reading) -> list[Any]:
    told = Told(MESSAGE, "T_1", NOON, list(enumerate(readings)))
    return [entry["resource"] for entry in observation_entries(told, PATIENT)]


def bundle(*readings: Reading) -> Any:  # noqa: ANN401 – the library's own type
    told = Told(MESSAGE, "T_1", NOON, list(enumerate(readings)))
    entries = [patient_entry(WANG), device_entry(Instrument("T_1", "体温计")), *observation_entries(told, PATIENT)]
    return Bundle.model_validate({"resourceType": "Bundle", "type": "collection", "entry": entries})


@pytest.mark.parametrize("name", sorted(METRICS.keys() - OF_THE_DEVICE))
def test_every_metric_is_an_observation_that_the_standard_takes(name: str) -> None:
    metric = METRICS[name]
    checked = bundle(Reading(name, metric.low, metric.unit, NOON))
    written = checked.entry[2].resource
    assert float(written.valueQuantity.value) == metric.low
    assert written.valueQuantity.code == metric.unit
    assert written.effectiveDateTime == NOON.replace(microsecond=120_000)


CONTEXTS = st.lists(st.sampled_from(["corrected", "preliminary", "ear", "before_food", "oxygen"]), unique=True)


@given(st.floats(30, 43), CONTEXTS, st.sampled_from([None, *Comparator]))
def test_whatever_is_said_beside_a_value_is_fhir(
    value: float, context: list[str], comparator: Comparator | None
) -> None:
    reading = Reading(
        "temp", value, "Cel", NOON, context=tuple(context), comparator=comparator, sent_unit="[degF]", sent_value=99.0
    )
    assert bundle(reading).entry[2].resource.status in {"final", "corrected", "preliminary"}


def test_references_lead_to_entries_of_the_same_bundle() -> None:
    entries = [patient_entry(WANG), device_entry(Instrument("T_1", "体温计"))]
    [observation] = observed(Reading("temp", 37.0, "Cel", NOON))
    urls = [entry["fullUrl"] for entry in entries]
    assert [observation["subject"]["reference"], observation["device"]["reference"]] == urls
    assert all(UUID(url.removeprefix("urn:uuid:")) for url in urls)


def test_the_same_reading_has_the_same_address_in_every_export() -> None:
    told = Told(MESSAGE, "T_1", NOON, [(3, Reading("temp", 37.0, "Cel", NOON))])
    first, again = (next(observation_entries(told, PATIENT)) for _ in range(2))
    assert first["fullUrl"] == again["fullUrl"]


def test_the_battery_is_no_finding_of_the_patient() -> None:
    assert not observed(Reading("battery", 80.0, "%", NOON))


def test_what_we_write_we_read() -> None:
    given_values = {"spo2": 97.0, "temp": 37.5, "sbp": 121.0}
    resources = observed(*(Reading(name, value, METRICS[name].unit, NOON) for name, value in given_values.items()))
    for resource, (name, value) in zip(resources, given_values.items(), strict=True):
        decoded = decode(msgspec.json.encode(resource))
        assert isinstance(decoded, Decoded)
        [reading] = decoded.readings
        assert (reading.metric, reading.value, reading.unit) == (name, value, METRICS[name].unit)
