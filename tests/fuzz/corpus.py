"""The corpus: inputs that reached something new, one file a target, one input a line in Base64. It grows by fuzzing,
and is kept small."""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.devices.wave_samples import wire
from tests.fuzz import writers
from tests.fuzz.writers import GATT, VITALS, WRITERS

FOLDER = Path(__file__).with_name("corpus")
MOST = 150  # inputs a target: beyond it the longest are left out
LONGEST = 1024
RECORDS = writers.astm(VITALS)
SESSION = writers.astm_frames(RECORDS)
BIRTH = writers.protobuf((1, 1), (2, writers.protobuf((1, b"bdSeq"), (2, 0), (4, 8), (11, 1))))
HELLO = b'<HEL.R01><HDR><HDR.control_id V="1"/></HDR><DEV><DEV.device_id V="D1"/></DEV></HEL.R01>'
TOPIC = "bedside/v1/ox-1/readings"
SUBSCRIBE = writers.subscribe("bedside/v1/ox-1/ack")
CONNECT = writers.connect("ox-1", "secret")
FURTHER = {
    "gateway-metric": [writers.gateway(VITALS)],
    "gateway-imperial": [writers.gateway(VITALS)],
    "sparkplug-conversation": [b"\xff" + BIRTH + b"\xff" + writers.sparkplug(VITALS)],
    "wave-ecg_ii": [wire(range(8)), wire(range(8), epoch=None, seq=None, oldest=0)],
    "cbor": [writers.senml_cbor(VITALS)],
    "protobuf": [writers.sparkplug(VITALS)],
    "mqtt-3": [writers.publish(TOPIC, writers.native(VITALS[:1]), 7, v5=False) * 2],
    "mqtt-5": [writers.publish(TOPIC, writers.native(VITALS[:1]), 7, v5=True) * 2],
    "broker-connect": [CONNECT[2:]],
    "broker-guard": [
        b"\x32\0\x18" + TOPIC.encode() + b"\0\1{}",
        b"\x82" + writers.subscribe("bedside/v1/ox-1/ack")[2:],
    ],
    "tcp-mllp": [writers.mllp(writers.hl7v2(VITALS)) * 2],
    "tcp-poct1a": [HELLO + writers.poct1a(VITALS[:1])],
    "tcp-astm": [SESSION],
}


def seeds(target: str) -> Sequence[bytes]:
    """What our own writers make of a few vitals."""
    if target.startswith("gatt-"):
        return GATT[target.removeprefix("gatt-")]
    return FURTHER.get(target) or [write(VITALS) for write in WRITERS[target]]


def kept(target: str) -> list[bytes]:
    file = FOLDER / f"{target}.txt"
    return [b64decode(line) for line in file.read_text().splitlines()] if file.exists() else []


def keep(target: str, inputs: Iterable[bytes]) -> int:
    """How many: the shortest of them."""
    chosen = sorted({one for one in inputs if len(one) <= LONGEST}, key=lambda one: (len(one), one))[:MOST]
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{target}.txt").write_text("".join(f"{b64encode(one).decode()}\n" for one in chosen))
    return len(chosen)
