"""Bytes → readings or a named refusal: the table of codecs, one file a format.

``decode(payload)`` never raises, reads in time and memory linear in the payload, and knows no clock.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

from devices.codecs import astm, fhir, gateway, hl7v2, native, open_mhealth, poct1a, senml, sparkplug, wave
from devices.codecs.gatt import CHARACTERISTICS, short_number
from devices.codecs.units import System
from devices.readings import Decoded
from devices.waves import CHANNELS

Codec = Callable[[bytes], Decoded]


class Conversation(Protocol):
    def decode(self, payload: bytes) -> Decoded: ...


CODECS: Mapping[str, Codec] = {
    "readings": native.decode,  # our own JSON: the only one with epoch and sequence, and so with …/ack
    "senml": senml.decode,  # RFC 8428, JSON or CBOR
    "fhir": fhir.decode,  # R4 and R5: Observation, Bundle
    "omh": open_mhealth.decode,  # Open mHealth, IEEE 1752.1
    "gateway": gateway.decode,  # JSON of Theengs, OpenMQTTGateway, BTHome, ESPHome, Zigbee2MQTT
    "gateway/metric": partial(gateway.decode, system=System.METRIC),  # where its messages name no units
    "gateway/imperial": partial(gateway.decode, system=System.IMPERIAL),
    "sparkplug": sparkplug.decode,  # Sparkplug B payloads
    "hl7v2": hl7v2.decode,  # ORU^R01 with LOINC or 11073 codes, IHE PCD-01
    "poct1a": poct1a.decode,  # CLSI POCT1-A documents
    "astm": astm.decode,  # ASTM E1394 / CLSI LIS2-A2, with frames or without
    **{f"gatt/{number}": decode for number, decode in CHARACTERISTICS.items()},  # Bluetooth characteristics, raw
}
"""By format, which is the channel of the topic."""

WAVES: Mapping[str, Codec] = {f"wave/{name}": partial(wave.decode, channel) for name, channel in CHANNELS.items()}
"""The same of waveforms: one format a channel, our own JSON."""

CONVERSATIONS: Mapping[str, Callable[[], Conversation]] = {"sparkplug": sparkplug.Conversation}
"""The formats whose messages lean on earlier ones of the same device: one to be kept for each."""

MEDIA_TYPES: Mapping[str, str] = {
    "application/json": "readings",
    "application/senml+json": "senml",
    "application/senml+cbor": "senml",
    "application/fhir+json": "fhir",
    "x-application/hl7-v2+er7": "hl7v2",
}
"""Content type of a POST → format, where it says which."""


def codec_of(format_: str) -> Codec | None:
    """Of a format whose messages stand for themselves."""
    return CODECS.get(format_) or WAVES.get(format_) or CODECS.get(_of_characteristic(format_))


def _of_characteristic(format_: str) -> str:
    """Gateways name a characteristic in capitals or by its whole UUID too."""
    family, _, uuid = format_.partition("/")
    return f"gatt/{short_number(uuid)}" if family == "gatt" else ""
