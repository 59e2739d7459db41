"""What senders write for a unit → UCUM, and which unit a number without one may have. Conversion is ``metrics``'."""

import math
from collections.abc import Mapping
from enum import Enum

from devices.metrics import Metric

_SPELLED = {
    "mm[Hg]": ("mmHg", "mm Hg", "mm(Hg)", "MDC_DIM_MMHG", "266016"),
    "kPa": ("MDC_DIM_KILO_PASCAL", "265987"),
    "Pa": ("MDC_DIM_PASCAL",),
    "%": ("percent", "MDC_DIM_PERCENT", "262688"),
    "/min": (
        *("1/min", "min-1", "/minute", "bpm", "beat/min", "beats/min", "beats/minute", "{beat}/min", "{beats}/min"),
        *("breaths/min", "breaths/minute", "{breath}/min", "{breaths}/min", "rpm", "brpm", "{Pulse}/min", "{resp}/min"),
        *("MDC_DIM_BEAT_PER_MIN", "264864", "MDC_DIM_RESP_PER_MIN", "264928"),
    ),
    "Cel": ("°C", "℃", "C", "degC", "deg C", "celsius", "MDC_DIM_DEGC", "268192"),
    "[degF]": ("°F", "℉", "F", "degF", "deg F", "fahrenheit", "MDC_DIM_FAHR", "266560"),
    "K": ("kelvin", "MDC_DIM_KELVIN"),
    "kg": ("kgs", "kilogram", "MDC_DIM_KILO_G", "263875"),
    "g": ("gram", "MDC_DIM_X_G"),
    "[lb_av]": ("lb", "lbs", "pound", "pounds", "MDC_DIM_LB", "263904"),
    "jin": ("斤", "市斤"),
    "cm": ("MDC_DIM_CENTI_M",),
    "m": ("MDC_DIM_X_M",),
    "[in_i]": ("in", "inch", "inches", "MDC_DIM_INCH"),
    "kg/m2": ("kg/m²", "kg/m^2", "kg/m*2", "MDC_DIM_KG_PER_M_SQ"),
    "mmol/L": ("MDC_DIM_MILLI_MOLE_PER_L", "266866"),
    "umol/L": ("µmol/L", "μmol/L", "MDC_DIM_MICRO_MOLE_PER_L"),
    "mg/dL": ("mg/100mL", "MDC_DIM_MILLI_G_PER_DL", "264274"),
    "mg/L": ("ug/mL", "µg/mL", "μg/mL"),
    "g/L": (),
    "g/dL": ("MDC_DIM_X_G_PER_DL",),
    "ng/L": ("pg/mL",),
    "ng/mL": (),
    "ug/L": ("µg/L", "μg/L"),
    "meq/L": (),
    "mmol/mol": (),
    "{INR}": ("INR",),
    "L/min": ("MDC_DIM_X_L_PER_MIN", "MDC_DIM_L_PER_MIN"),
    "L/s": ("MDC_DIM_X_L_PER_SEC", "MDC_DIM_L_PER_SEC"),
    "L": ("MDC_DIM_X_L", "liter", "litre"),
    "mL": ("MDC_DIM_MILLI_L", "cc"),
    "min": ("minute", "minutes"),
    "h": ("hr", "hour", "hours"),
    "{steps}": ("steps", "step", "{step}", "MDC_DIM_STEP"),
}
_UCUM = {spelling.casefold(): code for code, spellings in _SPELLED.items() for spelling in (code, *spellings)}
LONGEST = 32  # no spelling is longer, and casefold is not asked about a megabyte


def ucum(text: str) -> str:
    """The UCUM code of a spelling that can mean only one unit; of any other, the text itself. "mmH" is no spelling."""
    return _UCUM.get(text.strip().casefold(), text) if len(text) <= LONGEST else text


class System(Enum):
    """What a gateway was set to show, where its messages name no units."""

    UNSAID = "unsaid"
    METRIC = "metric"
    IMPERIAL = "imperial"


_SET: Mapping[System, Mapping[str, str]] = {
    System.UNSAID: {},
    System.METRIC: {"weight": "kg", "height": "cm", "temp": "Cel"},
    System.IMPERIAL: {"weight": "[lb_av]", "height": "[in_i]", "temp": "[degF]"},
}


def assumed(metric: Metric, value: float, system: System = System.UNSAID) -> str:
    """The unit of a number that came without one; "" where it must not be guessed.

    What the gateway was not set to is the metric's own unit, and only where no other makes the same number possible
    too: 98 is no Celsius temperature; 54 may be mg/dL as well as mmol/L, the one a danger and the other death.
    """
    if not math.isfinite(value):
        return metric.unit
    if metric.name in _SET[system]:
        return _SET[system][metric.name]
    meanings = (conversion.apply(value) for conversion in metric.units.values())
    return metric.unit if all(meaning == value or not metric.possible(meaning) for meaning in meanings) else ""
