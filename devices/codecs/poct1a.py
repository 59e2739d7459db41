"""CLSI POCT1-A device messages as readings: OBS.R01, patients' results, and OBS.R02, quality control.

What a device says to greet, to tell its state or to part holds no measurement."""

from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from devices.codecs.decimal_text import Amount, amount
from devices.codecs.flags import FLAGS, bounded
from devices.codecs.judging import YEARS, Said, gathered, judge, named, printable, refused
from devices.codecs.names import metric_named
from devices.codecs.poct1a_xml import Element, XmlError, read
from devices.codecs.units import assumed, ucum
from devices.metrics import Metric, by_loinc, by_mdc
from devices.readings import Decoded, Reason, Refusal, Reported

MESSAGES = {"HEL", "DST", "OBS", "ACK", "REQ", "ESC", "END", "EOT", "KPA", "EVS", "DTV", "OPL", "PTL"}
OBSERVATIONS = {"OBS.R01", "OBS.R02"}
MAX_OBSERVATIONS = 1000
PATIENT = "OBS"  # SVC.role_cd; every other role – LQC, PQC, CAL, PRF … – is of the device and not of a patient
DISCARDED = {"D", "R"}  # OBS.status_cd: discarded, rejected
METHODS = {"C": "calculated", "D": "default_value", "E": "estimated", "I": "entered_by_hand"}


def decode(payload: bytes) -> Decoded:
    """One document of at most 256 KiB and 1000 observations. Never raises."""
    try:
        root = read(payload)
        judged = list(_results(root))
    except XmlError as error:
        return refused(error.reason, error.detail)
    sent_at, _ = _moment(root.value("HDR", "HDR.creation_dttm"))
    source = root.value("DEV", "DEV.device_id") or root.value("DEV", "DEV.serial_id")
    return msgspec.structs.replace(gathered(judged), sent_at=sent_at, source=named(source))


def _results(root: Element) -> Iterator[Reported | Refusal]:
    """Raises XmlError."""
    if root.name not in OBSERVATIONS:
        if root.name.partition(".")[0] not in MESSAGES:
            raise XmlError(Reason.WRONG_SHAPE, f"{printable(root.name)} is no message of POCT1-A")
        yield Refusal(Reason.NO_READING, "", detail=printable(root.name))
        return
    found = [(service, around, obs) for service in root.all("SVC") for around, obs in _observations(service)]
    if len(found) > MAX_OBSERVATIONS:
        raise XmlError(Reason.TOO_LARGE, f"more than {MAX_OBSERVATIONS} observations")
    if not found:
        yield Refusal(Reason.NO_READING, "", detail="no observation in it")
    for service, around, obs in found:
        judged = _judged(service, around, obs)
        patients = root.name == "OBS.R01" and _of_a_patient(service, around)
        yield judged if patients else _control(judged, around)


def _observations(service: Element) -> Iterator[tuple[Element, Element]]:
    """Each with what it stands in: a patient, a control, or the service itself."""
    for around in (service, *service.all("PT"), *service.all("CTC")):
        for observation in around.all("OBS"):
            yield around, observation


def _of_a_patient(service: Element, around: Element) -> bool:
    """By the role; a service that leaves it out, as it must not, has a patient's results where a patient stands."""
    role = service.value("SVC.role_cd")
    return around.name != "CTC" and (role == PATIENT or (not role and around.name == "PT"))


def _control(judged: Reported | Refusal, around: Element) -> Refusal:
    """Level and lot, for whoever looks after the analyser."""
    told = f"{around.value('CTC.name')} {around.value('CTC.lot_number')}".strip()
    return Refusal(Reason.QUALITY_CONTROL, judged.metric, judged.value, printable(told))


def _judged(service: Element, around: Element, observation: Element) -> Reported | Refusal:
    metric, name = _metric(observation)
    found = _measured(observation)
    if metric is None:
        reason = Reason.ORDINAL if found is Reason.NOT_A_NUMBER else Reason.UNKNOWN_METRIC
        return Refusal(reason, name, detail=_said(observation))
    if observation.value("OBS.status_cd") in DISCARDED:
        return Refusal(Reason.WITHDRAWN, metric.name, detail=_said(observation))
    if isinstance(found, Reason):
        return Refusal(found, metric.name, detail=_said(observation))
    at, wrong_at = _moment(service.value("SVC.observation_dttm"))
    said = Said(
        metric,
        found.value,
        _unit(observation, metric, found.value),
        at=at,
        comparator=found.comparator,
        context=_context(service, observation),
        subject=named(around.value("PT.patient_id")),
        wrong_at=wrong_at,
    )
    return judge(said)


def _metric(observation: Element) -> tuple[Metric | None, str]:
    """By LOINC or 11073 code where ``SN`` says that it is one, or by what it is called."""
    found = observation.first("OBS.observation_id")
    attributes = found.attributes if found is not None else {}
    code, system, text = (attributes.get(key, "").strip() for key in ("V", "SN", "DN"))
    metric = by_loinc(code) if system in {"LN", "LOINC", ""} else None
    if system == "MDC" and code.isascii() and code.isdigit() and len(code) <= 10:
        metric = by_mdc(int(code))
    return metric or metric_named(code) or metric_named(text), printable(f"{code} {text}".strip())


def _said(observation: Element) -> str:
    return printable(observation.value("OBS.value") or observation.value("OBS.qualitative_value"))


def _measured(observation: Element) -> Amount | Reason:
    text = observation.value("OBS.value")
    if not text and observation.value("OBS.qualitative_value"):
        return Reason.NOT_A_NUMBER
    return bounded(amount(text) if text else Reason.NO_VALUE, [observation.value("OBS.interpretation_cd")])


def _unit(observation: Element, metric: Metric, value: float) -> str:
    found = observation.first("OBS.value")
    sent = found.attributes.get("U", "").strip() if found is not None else ""
    return ucum(sent) or assumed(metric, value)


def _context(service: Element, observation: Element) -> tuple[str, ...]:
    edited = "corrected" if service.value("SVC.reason_cd") == "EDT" else ""
    method, flag = observation.value("OBS.method_cd"), observation.value("OBS.interpretation_cd")
    return tuple(word for word in (edited, METHODS.get(method, ""), FLAGS.get(flag, "")) if word)


def _moment(text: str) -> tuple[datetime | None, bool]:
    """ISO 8601, with or without offset; whether something was given that is no time."""
    try:
        at = datetime.fromisoformat(text) if "T" in text and len(text) <= 40 else None
    except ValueError:
        at = None
    if at is None or at.year not in YEARS:
        return None, bool(text)
    return (at if at.tzinfo is None else at.astimezone(UTC)), False
