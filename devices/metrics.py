"""The table of metrics: each with its unit (UCUM), what is possible at all, and the units that it may come in."""

import math
from collections.abc import Mapping
from fractions import Fraction

import msgspec


class Conversion(msgspec.Struct, frozen=True):
    """``value × factor + offset``, exact until the last step, so that a limit stays on its own side."""

    factor: Fraction = Fraction(1)
    offset: Fraction = Fraction(0)

    def apply(self, value: float) -> float:
        """The finite ``value`` converted: the shortest decimal is what the device meant, so a ratio of 0.57 is 57, not
        56.99999999999999. Infinity where the result is too large for a float."""
        if self == AS_IT_IS:
            return value
        try:
            return float(Fraction(repr(value)) * self.factor + self.offset)
        except OverflowError:
            return math.inf


class Metric(msgspec.Struct, frozen=True):
    """``low`` to ``high``, ends included, is what a living patient can have; beyond it the sensor is wrong."""

    name: str
    unit: str
    low: float
    high: float
    units: Mapping[str, Conversion]

    def possible(self, value: float) -> bool:
        return self.low <= value <= self.high


AS_IT_IS = Conversion()
KPA_TO_MMHG = Conversion(Fraction(1000) / Fraction("133.322387415"))  # conventional millimetre of mercury, ISO 80000-4
PA_TO_MMHG = Conversion(1 / Fraction("133.322387415"))
RATE = {"/min": AS_IT_IS, "{beat}/min": AS_IT_IS, "beat/min": AS_IT_IS, "bpm": AS_IT_IS}
PRESSURE = {"mm[Hg]": AS_IT_IS, "kPa": KPA_TO_MMHG, "Pa": PA_TO_MMHG}
SATURATION = {"%": AS_IT_IS, "/": Conversion(Fraction(100))}  # "/": a ratio, as SenML has it (RFC 8428 §12.1)
TEMPERATURE = {
    "Cel": AS_IT_IS,
    "[degF]": Conversion(Fraction(5, 9), Fraction(-160, 9)),
    "K": Conversion(offset=Fraction("-273.15")),
}
MASS = {"kg": AS_IT_IS, "g": Conversion(Fraction(1, 1000)), "[lb_av]": Conversion(Fraction("0.45359237"))}
GLUCOSE = {"mmol/L": AS_IT_IS, "mg/dL": Conversion(1 / Fraction("18.0156"))}  # 180.156 g/mol

_TABLE = (
    Metric("hr", "/min", 20, 300, RATE),
    Metric("pulse_rate", "/min", 20, 300, RATE),
    Metric("spo2", "%", 50, 100, SATURATION),
    Metric("resp_rate", "/min", 2, 80, {"/min": AS_IT_IS}),
    Metric("sbp", "mm[Hg]", 40, 300, PRESSURE),
    Metric("dbp", "mm[Hg]", 20, 200, PRESSURE),
    Metric("temp", "Cel", 30, 43, TEMPERATURE),
    Metric("weight", "kg", 20, 400, MASS),
    Metric("glucose", "mmol/L", 0.5, 60, GLUCOSE),
)
METRICS: Mapping[str, Metric] = {metric.name: metric for metric in _TABLE}
