"""The table of metrics: unit (UCUM), what is possible at all, the units that a metric may come in, and its codes.

Codes are LOINC (this content is from LOINC®, loinc.org/license) and IEEE 11073-10101 as 32-bit numbers, partition ×
65536 + term. No waveforms (``ecg_i``, ``ppg``), nothing ordinal (a urine strip), no score that is reckoned here.
"""

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
    """``low`` to ``high``, ends included, is what a living patient can have; beyond it the sensor is wrong.

    The first of ``loinc`` is the code of the metric in its own unit; the others are only read. Which quantity a code
    means is in it, which unit is not: the unit beside the value decides.
    """

    name: str
    unit: str
    low: float
    high: float
    units: Mapping[str, Conversion]
    loinc: tuple[str, ...] = ()
    mdc: tuple[int, ...] = ()

    def possible(self, value: float) -> bool:
        return self.low <= value <= self.high


def by(factor: str | int) -> Conversion:
    return Conversion(Fraction(factor))


def per(divisor: str) -> Conversion:
    return Conversion(1 / Fraction(divisor))


AS_IT_IS = Conversion()
RATE = {"/min": AS_IT_IS, "{beat}/min": AS_IT_IS, "beat/min": AS_IT_IS, "bpm": AS_IT_IS}
BREATHS = {"/min": AS_IT_IS, "{breath}/min": AS_IT_IS, "{breaths}/min": AS_IT_IS}
MMHG_IN_PA = "133.322387415"  # conventional millimetre of mercury, ISO 80000-4
PRESSURE = {"mm[Hg]": AS_IT_IS, "kPa": Conversion(1000 / Fraction(MMHG_IN_PA)), "Pa": per(MMHG_IN_PA)}
SATURATION = {"%": AS_IT_IS, "/": by(100)}  # "/": a ratio, as SenML has it (RFC 8428 §12.1)
TEMPERATURE = {
    "Cel": AS_IT_IS,
    "[degF]": Conversion(Fraction(5, 9), Fraction(-160, 9)),
    "K": Conversion(offset=Fraction("-273.15")),
}
MASS = {"kg": AS_IT_IS, "g": per("1000"), "[lb_av]": by("0.45359237"), "jin": by("0.5")}  # 市斤
LENGTH = {"cm": AS_IT_IS, "m": by(100), "[in_i]": by("2.54")}
GLUCOSE = {"mmol/L": AS_IT_IS, "mg/dL": per("18.0156")}  # 180.156 g/mol
GLUCOSE_METER = {**GLUCOSE, "mol/L": by(1000), "kg/L": Conversion(100_000 / Fraction("18.0156"))}  # as Bluetooth
CHOLESTEROL = {"mmol/L": AS_IT_IS, "mg/dL": per("38.67")}
TRIGLYCERIDE = {"mmol/L": AS_IT_IS, "mg/dL": per("88.57")}
KETONE = {"mmol/L": AS_IT_IS, "mg/dL": per("10.41")}
LACTATE = {"mmol/L": AS_IT_IS, "mg/dL": per("9.008")}
POTASSIUM = {"mmol/L": AS_IT_IS, "meq/L": AS_IT_IS}
GLUCOSE_LOINC = ("14743-9", "41653-7", "15074-8", "2339-0", "14749-6", "2345-7")  # capillary; blood; serum or plasma
CREATININE = {"umol/L": AS_IT_IS, "mg/dL": by("88.42")}
CRP = {"mg/L": AS_IT_IS, "mg/dL": by(10)}
TROPONIN = {"ng/L": AS_IT_IS, "ng/mL": by(1000), "ug/L": by(1000)}
HEMOGLOBIN = {"g/L": AS_IT_IS, "g/dL": by(10), "mmol/L": Conversion(10 / Fraction("0.6206"))}
HBA1C = {"%": AS_IT_IS, "mmol/mol": Conversion(1 / Fraction("10.929"), Fraction("2.15"))}  # NGSP from IFCC
INR = {"{INR}": AS_IT_IS, "1": AS_IT_IS}
FLOW = {"L/min": AS_IT_IS, "L/s": by(60)}
VOLUME = {"L": AS_IT_IS, "mL": per("1000")}
DURATION = {"min": AS_IT_IS, "h": by(60)}

_TABLE = (
    Metric("hr", "/min", 20, 300, RATE, ("8867-4",), (147842,)),
    Metric("pulse_rate", "/min", 20, 300, RATE, ("8867-4",), (149530, 149546, 149522)),  # LOINC cannot tell it from hr
    Metric("spo2", "%", 50, 100, SATURATION, ("59408-5", "2708-6"), (150456,)),
    Metric("resp_rate", "/min", 2, 80, BREATHS, ("9279-1",), (151562, 151594)),
    Metric("sbp", "mm[Hg]", 40, 300, PRESSURE, ("8480-6",), (150021, 150301, 150033)),  # cuff, cuff, arterial line
    Metric("dbp", "mm[Hg]", 20, 200, PRESSURE, ("8462-4",), (150022, 150302, 150034)),
    Metric("map", "mm[Hg]", 30, 250, PRESSURE, ("8478-0",), (150023, 150303, 150035)),
    Metric("temp", "Cel", 30, 43, TEMPERATURE, ("8310-5", "8331-1", "8332-9", "8333-7", "8328-7"), (150344, 150364)),
    Metric("weight", "kg", 2, 400, MASS, ("29463-7",), (188736,)),
    Metric("height", "cm", 50, 250, LENGTH, ("8302-2",), (188740,)),
    Metric("bmi", "kg/m2", 8, 100, {"kg/m2": AS_IT_IS}, ("39156-5",), (188752,)),
    Metric("glucose", "mmol/L", 0.5, 60, GLUCOSE_METER, GLUCOSE_LOINC, (160184, 160188, 160020)),
    # from 39 mg/dL on, which sensors say for "low": what is lower is an error code of theirs
    Metric("glucose_isf", "mmol/L", 2.16, 27.8, GLUCOSE_METER, ("105272-9", "99504-3"), (160212,)),
    Metric("glucose_fasting", "mmol/L", 0.5, 60, GLUCOSE, ("14771-0", "1558-6")),
    Metric("glucose_pp2h", "mmol/L", 0.5, 60, GLUCOSE, ("1521-4",)),
    Metric("ketone", "mmol/L", 0, 15, KETONE, ("53060-9",)),
    Metric("inr", "{INR}", 0.5, 20, INR, ("34714-6", "6301-6"), (160260,)),
    Metric("hba1c", "%", 3, 20, HBA1C, ("4548-4", "59261-8"), (160220,)),
    Metric("cholesterol", "mmol/L", 1, 20, CHOLESTEROL, ("14647-2", "2093-3")),
    Metric("ldl", "mmol/L", 0.3, 15, CHOLESTEROL, ("22748-8", "13457-7", "18262-6")),
    Metric("hdl", "mmol/L", 0.2, 5, CHOLESTEROL, ("14646-4", "2085-9")),
    Metric("triglyceride", "mmol/L", 0.2, 60, TRIGLYCERIDE, ("14927-8", "2571-8")),
    Metric("creatinine", "umol/L", 10, 3000, CREATININE, ("14682-9", "2160-0", "38483-4")),
    Metric("crp", "mg/L", 0, 600, CRP, ("1988-5", "30522-7")),
    Metric("troponin_i_hs", "ng/L", 0, 100_000, TROPONIN, ("89579-7", "10839-9")),
    Metric("troponin_t_hs", "ng/L", 0, 100_000, TROPONIN, ("67151-1", "6598-7")),
    Metric("hemoglobin", "g/L", 20, 260, HEMOGLOBIN, ("718-7",)),
    Metric("lactate", "mmol/L", 0.1, 30, LACTATE, ("32693-4",)),
    Metric("potassium", "mmol/L", 0.5, 15, POTASSIUM, ("2823-3", "6298-4")),
    Metric("pef", "L/min", 30, 900, FLOW, ("33452-4",), (152584,)),
    Metric("fev1", "L", 0.2, 8, VOLUME, ("20150-9",), (152586,)),
    Metric("fvc", "L", 0.3, 10, VOLUME),  # public sources disagree about its LOINC
    Metric("steps", "{steps}", 0, 100_000, {"{steps}": AS_IT_IS}, ("55423-8", "41950-7")),
    Metric("sleep_duration", "min", 0, 1440, DURATION, ("93832-4",)),
    Metric("battery", "%", 0, 100, {"%": AS_IT_IS}, (), (67996,)),
)
METRICS: Mapping[str, Metric] = {metric.name: metric for metric in _TABLE}

CONTROL_MDC = frozenset({160208})  # MDC_CONC_GLU_CONTROL: the meter measured its control solution, not the patient

_BY_LOINC = {code: metric for metric in reversed(_TABLE) for code in metric.loinc}
_BY_MDC = {code: metric for metric in _TABLE for code in metric.mdc}


def by_loinc(code: str) -> Metric | None:
    """8867-4, which heart rate and pulse rate share, is ``hr``."""
    return _BY_LOINC.get(code)


def by_mdc(code: int) -> Metric | None:
    return _BY_MDC.get(code)
