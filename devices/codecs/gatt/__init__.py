"""Bluetooth GATT characteristics as raw bytes, as a gateway forwards them: the table of those that are understood."""

from collections.abc import Callable, Mapping
from functools import partial

from devices.codecs.gatt import battery, blood_pressure, glucose, heart_rate, oximeter, scale, thermometer
from devices.codecs.gatt.fields import LayoutError
from devices.codecs.judging import refused
from devices.readings import Decoded, Reason

BASE = "-0000-1000-8000-00805f9b34fb"  # Core Specification, Vol 3, Part B, 2.5.1
LONGEST = 512  # Core Specification, Vol 3, Part F, 3.2.9


def _decode(characteristic: Callable[[bytes], Decoded], payload: bytes) -> Decoded:
    if len(payload) > LONGEST:
        return refused(Reason.TOO_LARGE, f"more than {LONGEST} bytes")
    try:
        return characteristic(payload)
    except LayoutError as error:
        return refused(Reason.MALFORMED, str(error))


CHARACTERISTICS: Mapping[str, Callable[[bytes], Decoded]] = {
    "2a18": partial(_decode, glucose.decode),
    "2a19": partial(_decode, battery.decode),
    "2a1c": partial(_decode, thermometer.decode),
    "2a35": partial(_decode, blood_pressure.decode),
    "2a37": partial(_decode, heart_rate.decode),
    "2a5e": partial(_decode, oximeter.decode_spot_check),
    "2a5f": partial(_decode, oximeter.decode_continuous),
    "2a9d": partial(_decode, scale.decode),
}
"""By the characteristic's 16-bit number in lower-case hexadecimal: the last part of the topic."""


def short_number(uuid: str) -> str:
    """``2a37`` of itself, of ``2A37`` and of ``00002a37-0000-1000-8000-00805f9b34fb``; of any other, what it is."""
    lower = uuid.lower()
    return lower.removeprefix("0000").removesuffix(BASE) if lower.endswith(BASE) else lower
