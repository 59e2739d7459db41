"""FHIR R4 Observations and Bundles: samples, refusals by name, vital signs and what is a summary of them."""

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from devices.codecs.fhir import decode
from devices.codecs.fhir_codes import LOINC, MDC
from devices.readings import Comparator, Decoded, Reason
from devices.waves import GAP, Block
from tests.devices.codecs.sample_files import shipped

MEASURED = datetime(2025, 3, 8, 23, 10, tzinfo=UTC)
EXPECTED = json.loads(shipped("fhir/expected.json"))
UCUM = "http://unitsofmeasure.org"


def observation(loinc: str = "59408-5", value: object = 97, unit: str = "%", **more: object) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": loinc}]},
        "effectiveDateTime": "2025-03-09T07:10:00+08:00",
        "valueQuantity": {"value": value, "system": UCUM, "code": unit},
        **more,
    }


def said(*observations: object) -> Decoded:
    entries = [{"resource": one} for one in observations]
    return decode(json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode())


def coded(*codings: tuple[str, str], value: object = 97, unit: str = "%") -> dict[str, Any]:
    code = {"coding": [{"system": system, "code": code} for system, code in codings]}
    return observation(value=value, unit=unit, code=code)


@pytest.mark.parametrize("name", [name for name in EXPECTED if name != "ecg_sampled.json"])
def test_a_sample_is_read(name: str) -> None:
    decoded = decode(shipped(f"fhir/{name}"))
    assert decoded.refusals == ()
    assert [(r.metric, round(r.value, 2), r.unit) for r in decoded.readings] == [
        (one["metric"], one["value"], one["unit"]) for one in EXPECTED[name]
    ]
    assert {r.at for r in decoded.readings} == {MEASURED}
    assert {r.subject for r in decoded.readings} == {"Patient/p1"}


def ecg(**changed: object) -> dict[str, Any]:
    """The shared sample, with other data: what is changed to None is left out."""
    sample = json.loads(shipped("fhir/ecg_sampled.json"))
    data = sample["valueSampledData"] | changed
    kept: dict[str, Any] = {key: value for key, value in data.items() if value is not None}
    return {**sample, "valueSampledData": kept}


def heights(block: Block) -> list[float | None]:
    samples = memoryview(block.samples).cast("h")
    return [None if sample == GAP else round(sample * block.gain + block.offset, 3) for sample in samples]


def test_sampled_data_is_a_block_of_a_waveform() -> None:
    decoded = decode(shipped("fhir/ecg_sampled.json"))
    assert (decoded.readings, decoded.refusals) == ((), ())
    [block] = decoded.waves
    [expected] = EXPECTED["ecg_sampled.json"]
    assert (block.channel, 1000 / block.rate) == (expected["metric"], expected["period_ms"])
    assert heights(block) == expected["values"]
    assert (block.start, block.subject) == (MEASURED, "Patient/p1")
    assert decoded.content == decode(shipped("fhir/ecg_sampled.json")).content != said(ecg(factor=0.01)).content


@pytest.mark.parametrize(
    ("changed", "reason", "detail"),
    [
        ({"data": "1 2.5"}, Reason.WRONG_SHAPE, "data"),
        ({"data": "1 " + "9" * 100}, Reason.WRONG_SHAPE, "data"),
        ({"data": "0 99999"}, Reason.IMPOSSIBLE, "data"),
        ({"data": ""}, Reason.WRONG_SHAPE, "samples"),
        ({"dimensions": 2}, Reason.WRONG_SHAPE, "dimensions"),
        ({"period": 0}, Reason.WRONG_SHAPE, "period"),
        ({"period": 0.1}, Reason.IMPOSSIBLE, "rate"),
        ({"origin": {"value": 0, "unit": "mmHg"}}, Reason.UNKNOWN_UNIT, "unit"),
        ({"origin": None}, Reason.UNKNOWN_UNIT, "unit"),
    ],
)
def test_sampled_data_that_cannot_be_is_refused_by_name(changed: Any, reason: Reason, detail: str) -> None:  # noqa: ANN401
    decoded = said(ecg(**changed), observation())
    assert [(one.reason, one.metric, one.detail) for one in decoded.refusals] == [(reason, "ecg_i", detail)]
    assert [reading.value for reading in decoded.readings] == [97]


def test_unsigned_counts_and_the_interval_of_r5_are_read() -> None:
    [block] = said(ecg(data="40000 40200 L 40100", period=None, interval=4, intervalUnit="ms")).waves
    assert (block.rate, heights(block)) == (250, [2248.0, 2249.0, None, 2248.5])


def test_of_a_waveform_over_a_period_the_first_sample_was_taken_at_its_beginning() -> None:
    timeless = {key: value for key, value in ecg().items() if key != "effectiveDateTime"}
    start, end = "2025-03-09T07:10:00+08:00", "2025-03-09T07:10:10+08:00"
    for period in ({"start": start, "end": end}, {"start": start}):
        [block] = said({**timeless, "effectivePeriod": period}).waves
        assert block.start == datetime(2025, 3, 8, 23, 10, tzinfo=UTC)
    assert said({**timeless, "effectivePeriod": {"end": end}}).refusals[0].detail == "at"


def test_a_waveform_without_samples_or_time_is_no_waveform() -> None:
    without = {key: value for key, value in ecg().items() if key != "valueSampledData"}
    timeless = {key: value for key, value in ecg().items() if key != "effectiveDateTime"}
    assert [one.reason for one in said(without, timeless).refusals] == [Reason.NO_READING, Reason.WRONG_SHAPE]


def test_each_observation_of_a_bundle_has_its_own_unit() -> None:
    decoded = said(observation("8480-6", 16, "kPa"), observation("8310-5", 98.6, "[degF]"), observation(value=79))
    assert [(r.metric, round(r.value, 2)) for r in decoded.readings] == [("sbp", 120.01), ("temp", 37), ("spo2", 79)]
    assert (decoded.readings[0].sent_value, decoded.readings[0].sent_unit) == (16, "kPa")


def test_other_resources_of_a_bundle_are_nobodys_reading() -> None:
    assert [r.value for r in said({"resourceType": "Patient", "id": "p1"}, observation()).readings] == [97]
    assert [r.reason for r in said({"resourceType": "Patient"}).refusals] == [Reason.NO_READING]


@pytest.mark.parametrize(
    ("codings", "metric"),
    [
        ([(LOINC, "8867-4")], "hr"),
        ([(LOINC, "8867-4"), (MDC, "149530")], "pulse_rate"),
        ([(MDC, "147842"), (LOINC, "8867-4"), ("http://snomed.info/sct", "364075005")], "hr"),
    ],
)
def test_codes_name_a_metric_together(codings: list[tuple[str, str]], metric: str) -> None:
    assert [r.metric for r in said(coded(*codings, value=71, unit="/min")).readings] == [metric]


@pytest.mark.parametrize(
    ("part", "reason", "metric"),
    [
        (coded((LOINC, "8867-4"), (LOINC, "59408-5")), Reason.UNKNOWN_METRIC, ""),
        (coded((LOINC, "1234-5")), Reason.UNKNOWN_METRIC, "1234-5"),
        (coded(("http://example.org", "59408-5")), Reason.UNKNOWN_METRIC, "59408-5"),
        (coded((MDC, "160208"), value=5.5, unit="mmol/L"), Reason.QUALITY_CONTROL, "glucose"),
        (observation(value="97"), Reason.NOT_A_NUMBER, "spo2"),
        (observation(value=None), Reason.NOT_A_NUMBER, "spo2"),
        (observation(value=float("nan")), Reason.NOT_A_NUMBER, "spo2"),
        (observation(unit="mm[Hg]"), Reason.UNKNOWN_UNIT, "spo2"),
        (observation("8867-4", 0, "/min"), Reason.IMPOSSIBLE, "hr"),
        (observation("8310-5", 8388607, "Cel"), Reason.IMPOSSIBLE, "temp"),
        (observation(status="entered-in-error"), Reason.WITHDRAWN, "spo2"),
        (observation(status="cancelled"), Reason.WITHDRAWN, "spo2"),
        (observation(status="registered"), Reason.NO_READING, "spo2"),
        (observation(status="done"), Reason.WRONG_SHAPE, "spo2"),
        (observation(meta={"security": [{"code": "HTEST"}]}), Reason.QUALITY_CONTROL, "spo2"),
        ({**ecg(), "meta": {"security": [{"code": "HTEST"}]}}, Reason.QUALITY_CONTROL, "ecg_i"),
        (None, Reason.WRONG_SHAPE, ""),
        (observation(valueQuantity={"value": 97, "code": "%", "comparator": "ad"}), Reason.WRONG_SHAPE, "spo2"),
        (observation(valueQuantity={}, dataAbsentReason={"text": "probe off"}), Reason.NO_VALUE, "spo2"),
        (observation(effectiveDateTime="2025-03-09"), Reason.WRONG_SHAPE, "spo2"),
        (observation(effectiveDateTime="2025-03-09T07:10:00"), Reason.WRONG_SHAPE, "spo2"),
        (observation(effectiveDateTime={}), Reason.WRONG_SHAPE, "spo2"),
        ({**observation(), "code": [{}]}, Reason.UNKNOWN_METRIC, ""),
    ],
)
def test_an_observation_is_refused_by_name_and_costs_no_other(part: object, reason: Reason, metric: str) -> None:
    decoded = said(part, observation(value=79))
    assert [(refusal.reason, refusal.metric) for refusal in decoded.refusals] == [(reason, metric)]
    assert [reading.value for reading in decoded.readings] == [79]


def without_value(loinc: str = "59408-5") -> dict[str, Any]:
    return {key: value for key, value in observation(loinc).items() if key != "valueQuantity"}


def test_an_absent_value_is_named_and_a_result_in_words_is_no_number() -> None:
    absent = {"dataAbsentReason": {"coding": [{"code": "unknown"}]}}
    decoded = said({**without_value(), **absent}, {**without_value(), "valueCodeableConcept": {"text": "low"}})
    assert [refusal.reason for refusal in decoded.refusals] == [Reason.NO_VALUE, Reason.ORDINAL]


def of_a(code: str) -> dict[str, Any]:
    return {"coding": [{"code": code}]}


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"dataAbsentReason": of_a("positive-infinity")}, Reason.ABOVE_RANGE),
        ({"dataAbsentReason": of_a("negative-infinity")}, Reason.BELOW_RANGE),
        ({"dataAbsentReason": of_a("error"), "interpretation": [of_a("<")]}, Reason.BELOW_RANGE),
        ({"dataAbsentReason": of_a("not-a-number"), "interpretation": [of_a("L")]}, Reason.NO_VALUE),
    ],
)
def test_hi_and_lo_without_a_number_are_told_from_no_value(more: dict[str, Any], reason: Reason) -> None:
    assert [refusal.reason for refusal in said({**without_value("14743-9"), **more}).refusals] == [reason]


def test_a_panel_is_as_its_parts_are() -> None:
    members = {**without_value("85353-1"), "hasMember": [{"reference": "Observation/1"}]}
    absent = {**without_value("85354-9"), "dataAbsentReason": of_a("error")}
    assert [(r.reason, r.metric) for r in said(members, absent).refusals] == [
        (Reason.NO_READING, "85353-1"),
        (Reason.NO_VALUE, "85354-9"),
    ]


def test_a_pressure_that_lacks_its_diastole_keeps_its_systole() -> None:
    panel = json.loads(shipped("fhir/bp.json"))
    del panel["component"][1]["valueQuantity"]
    panel["component"][1]["dataAbsentReason"] = {"text": "error"}
    decoded = said(panel)
    assert [(r.metric, r.value) for r in decoded.readings] == [("sbp", 138)]
    assert [(r.reason, r.metric) for r in decoded.refusals] == [(Reason.NO_VALUE, "dbp")]


def test_hi_and_lo_are_readings_that_say_so() -> None:
    low = observation("14743-9", valueQuantity={"value": 1.1, "code": "mmol/L", "comparator": "<"})
    flagged = observation("14743-9", 33.3, "mmol/L", interpretation=[of_a("HH"), of_a(">"), 7])
    assert [(r.value, r.comparator, r.context) for r in said(low, flagged).readings] == [
        (1.1, Comparator.LESS, ()),
        (33.3, Comparator.GREATER, ("critical_high",)),
    ]


@pytest.mark.parametrize("status", ["amended", "corrected"])
def test_a_corrected_result_says_so(status: str) -> None:
    assert [r.context for r in said(observation(status=status)).readings] == [("corrected",)]


def test_the_patient_of_a_transaction_is_named_by_identifier() -> None:
    patient = {"resourceType": "Patient", "identifier": [{"value": "MRN7"}]}
    entries = [
        {"fullUrl": "urn:uuid:1", "resource": patient, "request": {"method": "POST", "url": "Patient"}},
        {"resource": observation(subject={"reference": "urn:uuid:1"}), "request": {"method": "POST"}},
        {"request": {"method": "DELETE", "url": "Observation/8"}},
    ]
    decoded = decode(json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries}).encode())
    assert ([r.subject for r in decoded.readings], decoded.refusals) == (["MRN7"], ())


def test_a_vital_sign_over_an_hour_is_a_summary_and_steps_over_a_day_are_steps() -> None:
    hour = {"start": "2025-03-09T07:10:00+08:00", "end": "2025-03-09T08:10:00+08:00"}
    day = {"start": "2025-03-08T00:00:00+08:00", "end": "2025-03-09T00:00:00+08:00"}

    def over(period: dict[str, str], one: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in one.items() if key != "effectiveDateTime"} | {"effectivePeriod": period}

    decoded = said(over(hour, observation("8867-4", 71, "/min")), over(day, observation("41950-7", 7842, "{steps}")))
    assert [refusal.reason for refusal in decoded.refusals] == [Reason.SUMMARY]
    assert [(r.metric, r.at) for r in decoded.readings] == [("steps", datetime(2025, 3, 8, 16, tzinfo=UTC))]
    assert said(over({"start": hour["start"]}, observation())).refusals[0].reason is Reason.WRONG_SHAPE


def test_what_stands_beside_a_glucose_is_its_context() -> None:
    meal = {
        "code": {"coding": [{"system": MDC, "code": "8417864"}]},
        "valueCodeableConcept": {"coding": [{"system": MDC, "code": "8417876"}]},
    }
    decoded = said(observation("14743-9", 5.5, "mmol/L", status="preliminary", component=[meal]))
    assert [r.context for r in decoded.readings] == [("preliminary", "fasting")]
    assert decoded.refusals == ()


def test_without_a_unit_a_value_is_taken_where_it_can_mean_one_thing_only() -> None:
    plain = observation("8867-4", valueQuantity={"value": 71})
    integer = {**without_value(loinc="8867-4"), "valueInteger": 71}
    glucose = observation("14743-9", valueQuantity={"value": 54})
    foreign = observation("8867-4", valueQuantity={"value": 71, "code": "258983007", "unit": "beats/min"})
    decoded = said(plain, integer, glucose, foreign)
    assert [r.value for r in decoded.readings] == [71, 71, 71]
    assert [(r.reason, r.metric) for r in decoded.refusals] == [(Reason.UNKNOWN_UNIT, "glucose")]


def test_the_unit_decides_whatever_the_glucose_code_implies() -> None:
    assert said(observation("14743-9", 54, "mg/dL")).readings[0].value == pytest.approx(3.0, abs=0.005)


def test_the_same_bundle_is_the_same_content_whatever_stands_around_it() -> None:
    one, other = observation(), copy.deepcopy(observation())
    other["id"], other["meta"] = "x", {"lastUpdated": "2025-03-09T09:00:00Z"}
    assert said(one).content == said(other).content is not None
    assert said(one).content != said(observation(value=79)).content


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"[]", Reason.WRONG_SHAPE),
        (b"{}", Reason.WRONG_SHAPE),
        (b'{"resourceType": "Patient"}', Reason.WRONG_SHAPE),
        (b'{"resourceType": "Bundle", "entry": {}}', Reason.WRONG_SHAPE),
        (b'{"resourceType": "Bundle", "entry": [' + b",".join([b"{}"] * 1001) + b"]}", Reason.WRONG_SHAPE),
        (
            b'{"resourceType":"Observation","status":"final","component":[' + b",".join([b"{}"] * 9000) + b"]}",
            Reason.WRONG_SHAPE,
        ),
        (b'{"resourceType": "Observation", "status": "final", "status": "amended"}', Reason.DUPLICATE_KEY),
        (b'{"resourceType": "Observation", "component": ' + b"[" * 50_000, Reason.BAD_JSON),
        (b" " * 70_000, Reason.TOO_LARGE),
    ],
)
def test_what_cannot_be_read_is_refused_whole(payload: bytes, reason: Reason) -> None:
    assert [(refusal.reason, refusal.metric) for refusal in decode(payload).refusals] == [(reason, None)]
