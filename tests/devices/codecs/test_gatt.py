"""Bluetooth characteristics byte by byte, vendors' own layouts and unset clocks among them."""

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs.gatt import (
    CHARACTERISTICS,
    LONGEST,
    battery,
    blood_pressure,
    glucose,
    heart_rate,
    oximeter,
    scale,
    thermometer,
)
from devices.codecs.gatt.fields import Stamp
from devices.codecs.ieee11073 import Special
from devices.readings import Comparator, Decoded, Reason, Refusal, Reported
from tests.devices.codecs.sample_files import shipped

VECTORS = json.loads(shipped("gatt/gatt_vectors.json"))
MORNING = datetime.fromisoformat("2025-03-09T07:15")


def vectors(uuid: str) -> list[dict[str, Any]]:
    return [vector for vector in VECTORS if vector["uuid"] == uuid and "error" not in vector["expected"]]


def said(characteristic: str, payload: str) -> Decoded:
    return CHARACTERISTICS[characteristic](bytes.fromhex(payload))


def values(decoded: Decoded) -> dict[str, float]:
    return {reading.metric: reading.value for reading in decoded.readings}


def refused(decoded: Decoded) -> dict[str | None, Reason]:
    return {refusal.metric: refusal.reason for refusal in decoded.refusals}


def shown(value: object) -> object:
    """As the vectors write it: no number for NaN, the infinities by their names."""
    if isinstance(value, Special):
        return value.value if "INF" in value.value else None
    if isinstance(value, Stamp):
        return value.at.isoformat() if value.at else None
    return list(value) if isinstance(value, tuple) else value


@pytest.mark.parametrize("vector", vectors("2A37"), ids=lambda vector: vector["hex"])
def test_known_heart_rates(vector: dict[str, Any]) -> None:
    expected, read = vector["expected"], heart_rate.parse(bytes.fromhex(vector["hex"]))
    assert (read.bpm, read.contact, read.energy_kj) == (expected["hr_bpm"], expected["contact"], expected["energy_kj"])
    assert list(read.rr_ms) == expected["rr_ms"]
    assert (read.contact is not None) is expected["contact_supported"]


@pytest.mark.parametrize("vector", vectors("2A35"), ids=lambda vector: vector["hex"])
def test_known_blood_pressures(vector: dict[str, Any]) -> None:
    expected, read = vector["expected"], blood_pressure.parse(bytes.fromhex(vector["hex"]))
    assert {"mm[Hg]": "mmHg"}.get(read.unit, read.unit) == expected["unit"]
    assert [read.systolic, read.diastolic, shown(read.mean)] == [
        expected[key] for key in ("systolic", "diastolic", "map")
    ]
    assert [read.pulse, shown(read.stamp), read.user_id, read.status] == [
        expected[key] for key in ("pulse", "timestamp", "user_id", "status")
    ]
    decoded = values(said("2a35", vector["hex"]))
    for metric, key in (("sbp", "systolic"), ("dbp", "diastolic"), ("map", "map")):
        in_mmhg = expected.get(f"{key}_mmhg", expected[key])
        assert decoded.get(metric) == (None if in_mmhg is None else pytest.approx(in_mmhg, abs=0.005))


@pytest.mark.parametrize("vector", vectors("2A18"), ids=lambda vector: vector["hex"])
def test_known_glucose_records(vector: dict[str, Any]) -> None:
    expected, read = vector["expected"], glucose.parse(bytes.fromhex(vector["hex"]))
    assert read.sequence == expected["sequence"]
    assert shown(read.stamp) == expected["time"]
    assert read.offset_min == expected["offset_min"]
    assert (shown(read.concentration), read.unit) == (expected["concentration"], expected["unit"])
    assert (read.type, read.location, read.context_follows) == (
        expected["type"],
        expected["location"],
        expected["context_follows"],
    )
    decoded = said("2a18", vector["hex"])
    assert values(decoded).get("glucose") == expected["mmol_l"]
    if expected.get("quality") == "LO":
        assert refused(decoded) == {"glucose": Reason.BELOW_RANGE}
        assert read.status == ("result_too_low",)


@pytest.mark.parametrize("vector", vectors("2A5E") + vectors("2A5F"), ids=lambda vector: vector["hex"])
def test_known_oximeters(vector: dict[str, Any]) -> None:
    parse = oximeter.parse_spot_check if vector["uuid"] == "2A5E" else oximeter.parse_continuous
    expected, read = vector["expected"], parse(bytes.fromhex(vector["hex"]))
    assert (shown(read.spo2), shown(read.pulse)) == (expected["spo2"], expected["pulse"])
    assert (shown(read.status), shown(read.sensor), read.amplitude) == (
        expected["status"],
        expected["sensor"],
        expected["pai"],
    )
    assert read.clock_not_set is expected.get("clock_not_set", False)
    decoded = said(vector["uuid"].lower(), vector["hex"])
    if expected.get("quality") == "finger_out":
        assert refused(decoded) == {"spo2": Reason.NO_CONTACT, "pulse_rate": Reason.NO_CONTACT}
    else:
        assert values(decoded) == {"spo2": expected["spo2"], "pulse_rate": expected["pulse"]}


@pytest.mark.parametrize("vector", vectors("2A1C"), ids=lambda vector: vector["hex"])
def test_known_temperatures(vector: dict[str, Any]) -> None:
    expected, read = vector["expected"], thermometer.parse(bytes.fromhex(vector["hex"]))
    assert {"[degF]": "F", "Cel": "C"}[read.unit] == expected["unit"]
    assert (shown(read.value), shown(read.stamp), read.site) == (
        expected["value"],
        expected["timestamp"],
        expected["site"],
    )
    decoded = said("2a1c", vector["hex"])
    assert values(decoded).get("temp") == expected.get("celsius")
    if expected.get("quality"):
        assert refused(decoded) == {"temp": Reason.NO_VALUE}


@pytest.mark.parametrize("vector", vectors("2A9D"), ids=lambda vector: vector["hex"])
def test_known_weights(vector: dict[str, Any]) -> None:
    expected, read = vector["expected"], scale.parse(bytes.fromhex(vector["hex"]))
    assert (read.weight, read.height, read.bmi) == (expected["weight_lb"], expected["height_in"], expected["bmi"])
    assert (shown(read.stamp), read.user_id) == (expected["timestamp"], expected["user_id"])
    decoded = values(said("2a9d", vector["hex"]))
    assert decoded["weight"] == pytest.approx(expected["weight_kg"], abs=0.005)
    assert decoded["height"] == pytest.approx(expected["height_m"] * 100, abs=0.5)
    assert decoded["bmi"] == expected["bmi"]


def test_a_known_battery() -> None:
    assert battery.parse(bytes.fromhex("55")) == 85


def test_no_vector_was_forgotten() -> None:
    assert {vector["uuid"].lower() for vector in VECTORS} == set(CHARACTERISTICS)


def test_a_vendors_own_layout_is_refused_whole_rather_than_read_blindly() -> None:
    [vector] = [vector for vector in VECTORS if "error" in vector["expected"]]
    assert said("2a35", vector["hex"]).refusals == (Refusal(Reason.MALFORMED, detail="reserved flag bits set"),)


def test_a_strap_off_the_skin_has_no_heart_rate_whatever_it_says() -> None:
    for off in ("0400", "0450"):
        assert said("2a37", off) == Decoded(refusals=(Refusal(Reason.NO_CONTACT, "hr"),))
    asystole = said("2a37", "0600").refusals
    assert asystole == (Refusal(Reason.IMPOSSIBLE, "hr", 0.0),)


def test_local_times_stay_as_the_device_said_them() -> None:
    [fever] = said("2a1c", "07802700fee9070309070f0009").readings
    assert fever == Reported("temp", 38.4, "Cel", MORNING, 101.12, "[degF]", context=("tympanum",))


def test_a_device_without_a_date_gives_no_time_and_one_with_a_wrong_date_is_refused() -> None:
    undated = said("2a1c", "026c0100ff" + "0000" + "03090c0000").readings
    assert [(reading.value, reading.at) for reading in undated] == [(36.4, None)]
    [wrong] = said("2a1c", "026c0100ff" + "e907" + "0d090c0000").refusals
    assert wrong == Refusal(Reason.WRONG_SHAPE, "temp", 36.4, "at")


def test_an_oximeter_whose_clock_is_not_set_gives_no_time() -> None:
    with_stamp = "5b0048" + "00" + "e9070309070f00"
    assert [reading.at for reading in said("2a5e", "01" + with_stamp).readings] == [MORNING] * 2
    assert [reading.at for reading in said("2a5e", "11" + with_stamp).readings] == [None] * 2


@pytest.mark.parametrize(("status", "reason"), [("0004", Reason.QUALITY_CONTROL), ("0020", Reason.NO_VALUE)])
def test_a_demonstration_is_no_patient_and_an_unavailable_measurement_no_value(status: str, reason: Reason) -> None:
    assert set(refused(said("2a5f", "0450004000" + status)).values()) == {reason}


def test_an_oximeter_without_a_normal_average_tells_the_one_it_has() -> None:
    fast, slow = "4f00" + "4100", "5b00" + "4000"
    decoded = said("2a5f", "03" + "ff07" * 2 + fast + slow)
    assert values(decoded) == {"spo2": 79, "pulse_rate": 65}
    assert {reading.context for reading in decoded.readings} == {("fast",)}
    assert values(said("2a5f", "03" + "ff07" * 4 + slow)) == {"spo2": 91, "pulse_rate": 64}
    assert refused(said("2a5f", "01" + "0208" + "4000" + fast)) == {"spo2": Reason.BELOW_RANGE}


@pytest.mark.parametrize("site", ["04", "08"])
def test_a_finger_or_toe_is_not_the_bodys_temperature(site: str) -> None:
    assert refused(said("2a1c", "04380100ff" + site)) == {"": Reason.UNKNOWN_METRIC}


def test_control_solution_is_nobodys_blood() -> None:
    for sample in ("1a", "41"):
        decoded = said("2a18", "020100e90703090c0000" + "78b0" + sample)
        assert refused(decoded) == {"glucose": Reason.QUALITY_CONTROL}
        assert decoded.readings == ()


def test_interstitial_glucose_is_another_metric() -> None:
    assert list(values(said("2a18", "020100e90703090c0000" + "78b019"))) == ["glucose_isf"]


def test_a_number_beside_too_high_is_a_bound() -> None:
    [bound] = said("2a18", "0a0100e90703090c0000" + "58b2" + "11" + "2000").readings
    assert (bound.comparator, round(bound.value, 1)) == (Comparator.GREATER, 33.3)


def test_a_meter_that_could_not_measure_says_why() -> None:
    [spoilt] = said("2a18", "0a0100e90703090c0000" + "78b0" + "11" + "0400").refusals
    assert spoilt == Refusal(Reason.NO_VALUE, "glucose", detail="sample_insufficient")
    [low] = said("2a18", "080100e90703090c0000" + "4000").refusals
    assert low.reason is Reason.BELOW_RANGE


def test_two_records_of_one_minute_and_value_are_two_messages_and_one_record_is_always_the_same() -> None:
    first, second = (said("2a18", f"02{n}00e90703090c000078b011") for n in ("01", "02"))
    assert first.content != second.content
    assert first.content == said("2a18", "020100e90703090c000078b011").content is not None


def test_a_scale_that_failed_has_no_weight() -> None:
    assert refused(said("2a9d", "00ffff")) == {"weight": Reason.NO_VALUE}


@pytest.mark.parametrize(
    ("characteristic", "payload"),
    [
        ("2a37", ""),
        ("2a37", "00"),
        ("2a37", "004800"),
        ("2a37", "10480003ff"),
        ("2a35", "00780050"),
        ("2a19", "5501"),
        ("2a18", "02"),
        ("2a1c", "006c0100ff00"),
        ("2a5f", "20620040"),
        ("2a9d", "10ffff"),
    ],
)
def test_what_is_not_the_layout_is_refused_whole(characteristic: str, payload: str) -> None:
    assert refused(said(characteristic, payload)) == {None: Reason.MALFORMED}


def test_no_characteristic_is_longer_than_512_bytes() -> None:
    assert refused(said("2a37", "10" * (LONGEST + 1))) == {None: Reason.TOO_LARGE}


@given(st.sampled_from(sorted(CHARACTERISTICS)), st.binary(max_size=40))
def test_any_bytes_are_accounted_for(characteristic: str, payload: bytes) -> None:
    decoded = CHARACTERISTICS[characteristic](payload)
    assert decoded.readings or decoded.refusals


@given(st.sampled_from(VECTORS), st.data())
def test_a_known_message_with_a_flipped_bit_is_accounted_for(vector: dict[str, Any], data: st.DataObject) -> None:
    payload = bytearray.fromhex(vector["hex"])
    bit = data.draw(st.integers(0, len(payload) * 8 - 1))
    payload[bit // 8] ^= 1 << bit % 8
    decoded = CHARACTERISTICS[vector["uuid"].lower()](bytes(payload))
    assert decoded.readings or decoded.refusals
