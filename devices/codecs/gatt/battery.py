"""Battery Level (0x2A19): one byte, in percent."""

from devices.codecs.gatt.fields import Fields, reading
from devices.codecs.judging import gathered
from devices.readings import Decoded


def parse(payload: bytes) -> int:
    """Raises LayoutError."""
    fields = Fields(payload)
    percent = fields.uint(1)
    fields.end()
    return percent


def decode(payload: bytes) -> Decoded:
    return gathered([reading("battery", float(parse(payload)), "%")])
