"""PLX Spot-check (0x2A5E) and PLX Continuous (0x2A5F) Measurement: a pulse oximeter's two ways of telling.

Bit 4 of the flags is another field in each: the clock was not set, or a pulse amplitude index follows."""

from dataclasses import dataclass

from devices.codecs.gatt.fields import NO_STAMP, Fields, Stamp, named_bits, reading
from devices.codecs.ieee11073 import Special
from devices.codecs.judging import gathered
from devices.readings import Decoded, Reason, Refusal, Reported

FAST, SLOW = 1, 2
STAMPED, SPOT_STATUS, SPOT_SENSOR, SPOT_AMPLITUDE, CLOCK_NOT_SET = 1, 2, 4, 8, 16
STATUS, SENSOR, AMPLITUDE = 4, 8, 16
STATUS_BITS = (
    *("",) * 5,
    "measurement_ongoing",
    "early_estimate",
    "validated",
    "fully_qualified",
    "stored",
    "demonstration_data",
    "test_data",
    "calibration_ongoing",
    "measurement_unavailable",
    "questionable_measurement_detected",
    "invalid_measurement_detected",
)
SENSOR_BITS = (
    "extended_display_update_ongoing",
    "equipment_malfunction",
    "signal_processing_irregularity",
    "inadequate_signal",
    "poor_signal",
    "low_perfusion",
    "erratic_signal",
    "nonpulsatile_signal",
    "questionable_pulse",
    "signal_analysis_ongoing",
    "sensor_interference",
    "sensor_unconnected_to_user",
    "unknown_sensor",
    "sensor_displaced",
    "sensor_malfunction",
    "sensor_disconnected",
)
NO_PATIENT = {"demonstration_data", "test_data", "calibration_ongoing"}
NO_FINGER = {"sensor_unconnected_to_user", "sensor_displaced", "sensor_disconnected"}
NOTHING = {Special.NAN, Special.NRES}
INVALID = {"measurement_unavailable", "invalid_measurement_detected", "equipment_malfunction", "sensor_malfunction"}

Pair = tuple[float | Special, float | Special]


@dataclass(frozen=True, slots=True)
class Oximetry:
    """SpO2 in %, pulse per minute, the amplitude index in %; ``fast`` and ``slow`` are the same pair, averaged less
    and more. None where a field was not sent."""

    spo2: float | Special
    pulse: float | Special
    stamp: Stamp = NO_STAMP
    fast: Pair | None = None
    slow: Pair | None = None
    status: tuple[str, ...] | None = None
    sensor: tuple[str, ...] | None = None
    amplitude: float | Special | None = None
    clock_not_set: bool = False


def parse_spot_check(payload: bytes) -> Oximetry:
    """Raises LayoutError."""
    fields = Fields(payload)
    flags = fields.flags(STAMPED | SPOT_STATUS | SPOT_SENSOR | SPOT_AMPLITUDE | CLOCK_NOT_SET)
    measured = Oximetry(
        spo2=fields.sfloat(),
        pulse=fields.sfloat(),
        stamp=fields.stamp() if flags & STAMPED else NO_STAMP,
        status=named_bits(fields.uint(2), STATUS_BITS) if flags & SPOT_STATUS else None,
        sensor=named_bits(fields.uint(3), SENSOR_BITS) if flags & SPOT_SENSOR else None,
        amplitude=fields.sfloat() if flags & SPOT_AMPLITUDE else None,
        clock_not_set=bool(flags & CLOCK_NOT_SET),
    )
    fields.end()
    return measured


def parse_continuous(payload: bytes) -> Oximetry:
    """Raises LayoutError."""
    fields = Fields(payload)
    flags = fields.flags(FAST | SLOW | STATUS | SENSOR | AMPLITUDE)
    measured = Oximetry(
        spo2=fields.sfloat(),
        pulse=fields.sfloat(),
        fast=(fields.sfloat(), fields.sfloat()) if flags & FAST else None,
        slow=(fields.sfloat(), fields.sfloat()) if flags & SLOW else None,
        status=named_bits(fields.uint(2), STATUS_BITS) if flags & STATUS else None,
        sensor=named_bits(fields.uint(3), SENSOR_BITS) if flags & SENSOR else None,
        amplitude=fields.sfloat() if flags & AMPLITUDE else None,
    )
    fields.end()
    return measured


def decode_spot_check(payload: bytes) -> Decoded:
    return gathered(_judged(parse_spot_check(payload)))


def decode_continuous(payload: bytes) -> Decoded:
    return gathered(_judged(parse_continuous(payload)))


def _judged(measured: Oximetry) -> list[Reported | Refusal]:
    """A finger that is out is no desaturation, and a demonstration no patient: what the oximeter says of itself goes
    before its numbers."""
    said = (*(measured.status or ()), *(measured.sensor or ()))
    if (reason := _unusable(set(said))) is not None:
        return [Refusal(reason, metric, detail=", ".join(said)[:200]) for metric in ("spo2", "pulse_rate")]
    stamp = NO_STAMP if measured.clock_not_set else measured.stamp
    (spo2, pulse), average = _pair(measured)
    return [
        reading("spo2", spo2, "%", stamp, context=(*average, *said)),
        reading("pulse_rate", pulse, "/min", stamp, context=(*average, *said)),
    ]


def _pair(measured: Oximetry) -> tuple[Pair, tuple[str, ...]]:
    """The normal average; where it has no saturation, another that has one, which is said."""
    normal = (measured.spo2, measured.pulse)
    for pair, word in ((normal, ()), (measured.fast, ("fast",)), (measured.slow, ("slow",))):
        if pair is not None and pair[0] not in NOTHING:
            return pair, word
    return normal, ()


def _unusable(said: set[str]) -> Reason | None:
    if said & NO_PATIENT:
        return Reason.QUALITY_CONTROL
    if said & NO_FINGER:
        return Reason.NO_CONTACT
    return Reason.NO_VALUE if said & INVALID else None
