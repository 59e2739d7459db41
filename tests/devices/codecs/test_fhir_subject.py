"""Whom a FHIR resource is about, named the same from one message to the next."""

from typing import Any

import pytest

from devices.codecs.fhir_subject import patients, subject

PATIENT = {"resourceType": "Patient", "id": "p1", "identifier": [{"use": "temp"}, {"value": "MRN7"}, {"value": "8"}]}


def bundle(*entries: object) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "transaction", "entry": [*entries]}


KNOWN = patients(bundle({"fullUrl": "urn:uuid:1", "resource": PATIENT}, {"fullUrl": "urn:uuid:2", "resource": {}}, 5))


@pytest.mark.parametrize(
    ("given", "who"),
    [
        ({"reference": "Patient/p1"}, "Patient/p1"),
        ({"reference": "Patient?identifier=urn:h|7", "identifier": {"value": "7"}}, "Patient?identifier=urn:h|7"),
        ({"reference": "urn:uuid:1"}, "MRN7"),
        ({"reference": "urn:uuid:1", "identifier": {"value": "MRN9"}}, "MRN9"),
        ({"reference": "#p1"}, "MRN7"),
        ({"identifier": {"value": "MRN7"}}, "MRN7"),
        ({"reference": "urn:uuid:2"}, None),
        ({"reference": "urn:uuid:3"}, None),
        ({"reference": "#p2"}, None),
        ({"reference": ["#p1"]}, None),
        ({"display": "Zhang San"}, None),
        ("Patient/p1", None),
    ],
)
def test_who_is_named_stays_the_same_from_one_message_to_the_next(given: object, who: str | None) -> None:
    assert subject({"subject": given, "contained": [None, PATIENT]}, KNOWN) == who


@pytest.mark.parametrize(
    "message", [{}, bundle(), {"resourceType": "Bundle", "entry": 7}, {"entry": [{"fullUrl": "x"}]}]
)
def test_without_patients_nobody_is_known(message: dict[str, Any]) -> None:
    assert patients(message) == {}


@pytest.mark.parametrize("patient", [{}, {"identifier": {}}, {"identifier": [7]}, {"identifier": [{"value": 7}]}])
def test_a_patient_without_identifier_is_nobody(patient: dict[str, Any]) -> None:
    known = patients(bundle({"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Patient", **patient}}))
    assert subject({"subject": {"reference": "urn:uuid:1"}}, known) is None
