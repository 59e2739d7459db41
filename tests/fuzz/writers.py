"""The other side of the codecs: vitals → bytes of each format that can be written. Seeds and round trips are made here.

Each is written from its standard, by other means than those that read it, so that no mistake is made twice.
"""

import json
import struct
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from xml.sax.saxutils import quoteattr


class Vital(NamedTuple):
    """A metric that every text format has a LOINC code for, in its own unit."""

    metric: str
    value: float
    at: datetime


UNITS = {"spo2": "%", "hr": "/min", "temp": "Cel", "weight": "kg", "glucose": "mmol/L"}
LOINC = {"spo2": "59408-5", "hr": "8867-4", "temp": "8310-5", "weight": "29463-7", "glucose": "14743-9"}
SENML_UNITS = {"hr": "beat/min", "spo2": "/"}  # RFC 8428 §12.1: a ratio
OMH = {"spo2": "oxygen_saturation", "hr": "heart_rate", "temp": "body_temperature", "weight": "body_weight"}
OMH_UNITS = {"spo2": "%", "hr": "beats/min", "temp": "C", "weight": "kg"}
CR = "\r"


def native(vitals: Sequence[Vital]) -> bytes:
    readings = [{"metric": v.metric, "value": v.value, "unit": UNITS[v.metric], "at": v.at.isoformat()} for v in vitals]
    return json.dumps({"epoch": "e1", "seq": 7, "oldest": 5, "readings": readings}).encode()


def senml_json(vitals: Sequence[Vital]) -> bytes:
    return json.dumps([_record(vital) for vital in vitals]).encode()


def senml_cbor(vitals: Sequence[Vital]) -> bytes:
    labels = {"n": 0, "u": 1, "v": 2, "t": 6}  # RFC 8428 §6
    return cbor([{labels[key]: value for key, value in _record(vital).items()} for vital in vitals])


def _record(vital: Vital) -> dict[str, object]:
    unit = SENML_UNITS.get(vital.metric, UNITS[vital.metric])
    value = round(vital.value / 100, 4) if unit == "/" else vital.value
    return {"n": vital.metric, "u": unit, "v": value, "t": int(vital.at.timestamp())}


def cbor(item: object) -> bytes:
    """RFC 8949: integers, floats of 64 bits, text, lists and maps."""
    match item:
        case int():
            return _head(0, item) if item >= 0 else _head(1, -1 - item)
        case float():
            return b"\xfb" + struct.pack(">d", item)
        case str():
            return _head(3, len(item.encode())) + item.encode()
        case list():
            return _head(4, len(item)) + b"".join(map(cbor, item))
        case dict():
            return _head(5, len(item)) + b"".join(cbor(key) + cbor(value) for key, value in item.items())
    raise TypeError(item)


def _head(major: int, argument: int) -> bytes:
    if argument < 24:
        return bytes([major << 5 | argument])
    return bytes([major << 5 | 27]) + argument.to_bytes(8, "big")


def fhir(vitals: Sequence[Vital]) -> bytes:
    entries = [{"resource": _observation(vital)} for vital in vitals]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()


def _observation(vital: Vital) -> dict[str, object]:
    unit = UNITS[vital.metric]
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": LOINC[vital.metric]}]},
        "effectiveDateTime": vital.at.isoformat(),
        "valueQuantity": {"value": vital.value, "system": "http://unitsofmeasure.org", "code": unit},
    }


def hl7v2(vitals: Sequence[Vital]) -> bytes:
    lines = ["MSH|^~\\&|DEV|WARD|HUB|HOUSE|20250309080000+0000||ORU^R01^ORU_R01|M1|P|2.6", "PID|1||P1", "OBR|1"]
    lines += [
        f"OBX|{n}|NM|{LOINC[v.metric]}^{v.metric}^LN||{v.value!r}|{UNITS[v.metric]}|||||F|||{v.at:%Y%m%d%H%M%S}+0000"
        for n, v in enumerate(vitals, 1)
    ]
    return (CR.join(lines) + CR).encode()


def poct1a(vitals: Sequence[Vital]) -> bytes:
    header = '<HDR><HDR.control_id V="7"/><HDR.version_id V="POCT1"/></HDR>'
    return f"<OBS.R01>{header}{''.join(map(_service, vitals))}</OBS.R01>".encode()


def _service(vital: Vital) -> str:
    observation = f'<OBS.observation_id V="{LOINC[vital.metric]}" SN="LN"/>'
    value = f'<OBS.value V="{vital.value!r}" U={quoteattr(UNITS[vital.metric])}/>'
    at = f'<SVC.role_cd V="OBS"/><SVC.observation_dttm V="{vital.at.isoformat()}"/>'
    return f'<SVC>{at}<PT><PT.patient_id V="P1"/><OBS>{observation}{value}</OBS></PT></SVC>'


def astm(vitals: Sequence[Vital]) -> bytes:
    """Records without frames."""
    results = [
        f"R|{n}|^^^{v.metric}|{v.value!r}|{UNITS[v.metric]}||N||F||||{v.at:%Y%m%d%H%M%S}"
        for n, v in enumerate(vitals, 1)
    ]
    return (CR.join(["H|\\^&|||POCT^1.0|||||||P|LIS2-A2", "P|1|P1", *results, "L|1|N"]) + CR).encode()


def astm_frames(records: bytes) -> bytes:
    """Each record in a frame of its own (E1381): number, text, ETX, sum modulo 256 in two digits."""
    lines = [line + b"\r" for line in records.split(b"\r") if line]
    session = b"\x05"
    for number, line in enumerate(lines, 1):
        counted = b"%d" % (number % 8) + line + (b"\x03" if number == len(lines) else b"\x17")
        session += b"\x02" + counted + b"%02X" % (sum(counted) % 256) + b"\r\n"
    return session + b"\x04"


def open_mhealth(vitals: Sequence[Vital]) -> bytes:
    return json.dumps([_data_point(vital) for vital in vitals if vital.metric in OMH]).encode()


def _data_point(vital: Vital) -> dict[str, object]:
    measure = {"value": vital.value, "unit": OMH_UNITS[vital.metric]}
    return {"body": {OMH[vital.metric]: measure, "effective_time_frame": {"date_time": vital.at.isoformat()}}}


def gateway(vitals: Sequence[Vital]) -> bytes:
    """As a Bluetooth gateway for the home writes it: one object, no times."""
    names = {"spo2": "spo2", "hr": "heart_rate", "temp": "tempc", "weight": "weight"}
    return json.dumps(
        {"id": "AA:BB:CC:DD:EE:01", "unit": "kg", **{names[v.metric]: v.value for v in vitals if v.metric in names}}
    ).encode()


def sparkplug(vitals: Sequence[Vital]) -> bytes:
    """sparkplug_b.proto: timestamp 1, metrics 2 with name 1, alias 2, timestamp 3, datatype 4, double_value 13."""
    return protobuf((1, 1_741_504_205_000), *((2, _metric(alias, vital)) for alias, vital in enumerate(vitals, 1)))


def _metric(alias: int, vital: Vital) -> bytes:
    properties = protobuf((1, b"engUnit"), (2, protobuf((1, 12), (8, UNITS[vital.metric].encode()))))
    at_ms = int(vital.at.timestamp()) * 1000
    return protobuf(
        (1, vital.metric.encode()), (2, alias), (3, at_ms), (4, 10), (9, properties), (13, float(vital.value))
    )


def protobuf(*fields: tuple[int, int | float | bytes]) -> bytes:
    """Integers as varint, floats as double, bytes with their length."""
    return b"".join(_field(number, value) for number, value in fields)


def _field(number: int, value: float | bytes) -> bytes:
    if isinstance(value, bytes):
        return _varint(number << 3 | 2) + _varint(len(value)) + value
    if isinstance(value, float):
        return _varint(number << 3 | 1) + struct.pack("<d", value)
    return _varint(number << 3) + _varint(value)


def _varint(value: int) -> bytes:
    digits = bytearray()
    while value > 127:
        digits.append(value & 127 | 128)
        value >>= 7
    return bytes([*digits, value])


def sfloat(value: float) -> bytes:
    """IEEE 11073-20601: one decimal place, mantissa of 12 bits."""
    return struct.pack("<H", 0xF000 | round(value * 10) & 0x0FFF)


def float32(value: float) -> bytes:
    """One decimal place, mantissa of 24 bits."""
    return struct.pack("<I", 0xFF000000 | round(value * 10) & 0x00FFFFFF)


STAMP = struct.pack("<H5B", 2025, 3, 9, 7, 55, 0)
GATT: Mapping[str, Sequence[bytes]] = {
    "2a18": [b"\x06" + struct.pack("<H", 7) + STAMP + struct.pack("<H", 0xC000 | 54) + b"\x11"],
    "2a19": [b"\x55"],
    "2a1c": [b"\x00" + float32(36.6), b"\x02" + float32(38.9) + STAMP, b"\x04" + float32(37.0) + b"\x02"],
    "2a35": [b"\x00" + b"".join(map(sfloat, (120, 80, 93))), b"\x06" + b"".join(map(sfloat, (120, 80, 93))) + STAMP
             + sfloat(71)],
    "2a37": [b"\x00\x48", b"\x16\x48\x00\x04\x10\x04", b"\x01\x48\x00"],
    "2a5e": [b"\x00" + sfloat(97) + sfloat(71), b"\x01" + sfloat(97) + sfloat(71) + STAMP],
    "2a5f": [b"\x00" + sfloat(97) + sfloat(71), b"\x04" + sfloat(97) + sfloat(71) + b"\x20\x00"],
    "2a9d": [b"\x00" + struct.pack("<H", 14040), b"\x02" + struct.pack("<H", 14040) + STAMP],
}  # fmt: skip
"""Measurements by the layouts of the Bluetooth services; they carry no metric by name."""

WRITERS: Mapping[str, Sequence[Callable[[Sequence[Vital]], bytes]]] = {
    "readings": [native],
    "senml": [senml_json, senml_cbor],
    "fhir": [fhir],
    "omh": [open_mhealth],
    "gateway": [gateway],
    "sparkplug": [sparkplug],
    "hl7v2": [hl7v2],
    "poct1a": [poct1a],
    "astm": [astm, lambda vitals: astm_frames(astm(vitals))],
}
"""By the format whose codec reads it."""

NOON = datetime(2025, 3, 9, 12, 0, tzinfo=UTC)
VITALS = [Vital("spo2", 97, NOON), Vital("hr", 71.0, NOON), Vital("temp", 36.8, NOON), Vital("weight", 70.25, NOON)]


def publish(topic: str, payload: bytes, packet_id: int, *, v5: bool) -> bytes:
    """MQTT 3.1.1 or 5 §3.3, QoS 1, without properties."""
    body = struct.pack("!H", len(topic)) + topic.encode() + struct.pack("!H", packet_id) + (b"\0" if v5 else b"")
    return b"\x32" + _varint(len(body) + len(payload)) + body + payload


def connect(device_id: str, secret: str) -> bytes:
    """MQTT 3.1.1 §3.1: a clean session with name and password."""
    said = b"".join(struct.pack("!H", len(text)) + text.encode() for text in (device_id, device_id, secret))
    body = b"\0\4MQTT\4\xc2" + struct.pack("!H", 30) + said
    return b"\x10" + _varint(len(body)) + body


def subscribe(topic: str) -> bytes:
    body = struct.pack("!HH", 1, len(topic)) + topic.encode() + b"\1"
    return b"\x82" + _varint(len(body)) + body


def mllp(message: bytes) -> bytes:
    return b"\x0b" + message + b"\x1c\r"
