"""Whom an Observation names. A reference that holds within its message alone – ``#p1``, ``urn:uuid:…`` – is another one
in the next message: there the patient's identifier counts."""

from collections.abc import Mapping
from typing import Any

from devices.codecs.judging import named
from devices.codecs.strict_json import text

Object = Mapping[str, Any]
Patients = Mapping[str, str]
WITHIN = ("#", "urn:uuid:")


def patients(bundle: Object) -> Patients:
    """The address in the Bundle → the identifier of each patient in it; of a resource that is no Bundle, none."""
    entries = bundle.get("entry") if bundle.get("resourceType") == "Bundle" else None
    found = [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return {url: _identifier_of(entry.get("resource")) for entry in found if (url := text(entry.get("fullUrl")))}


def subject(observation: Object, known: Patients) -> str | None:
    given = observation.get("subject")
    if not isinstance(given, dict):
        return None
    reference = text(given.get("reference"))
    if reference and not reference.startswith(WITHIN):
        return named(reference)
    return named(_value(given.get("identifier")) or known.get(reference, "") or _contained(observation, reference))


def _contained(observation: Object, reference: str) -> str:
    resources = observation.get("contained")
    for resource in resources if isinstance(resources, list) else ():
        if isinstance(resource, dict) and reference == f"#{text(resource.get('id'))}":
            return _identifier_of(resource)
    return ""


def _identifier_of(resource: object) -> str:
    """The first that a Patient has."""
    if not isinstance(resource, dict) or resource.get("resourceType") != "Patient":
        return ""
    identifiers = resource.get("identifier")
    return next(filter(None, map(_value, identifiers)), "") if isinstance(identifiers, list) else ""


def _value(identifier: object) -> str:
    return text(identifier.get("value")) if isinstance(identifier, dict) else ""
