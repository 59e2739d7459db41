"""OBX-5 by the type in OBX-2: what of it is a number, and which numbers and texts mean that there is none."""

from collections.abc import Collection

from devices.codecs.decimal_text import SENTINELS, Amount, amount, number
from devices.codecs.flags import bounded
from devices.codecs.hl7v2_text import Segment
from devices.readings import Comparator, Reason

EXPLICIT_NULL = '""'
WAVEFORMS = {"NA", "MA"}
NO_RESULT = WAVEFORMS | {"ED", "RP", "DT", "TM", "TS", "DTM", "DR", "AD", "XCN", "XTN", "XPN", "EI", "CX", "PPN", "HD"}
COMPARATORS = {comparator.value: comparator for comparator in Comparator}


def measured(obx: Segment, flags: Collection[str]) -> Amount | Reason:
    """``flags``: OBX-8, where < and > say that the value lies off the instrument's scale (HL70078)."""
    kind, value = obx.field(2).upper(), obx.field(5)
    if value.strip() in {"", EXPLICIT_NULL}:
        return bounded(Reason.NO_VALUE, flags)
    if kind in NO_RESULT:
        return Reason.NO_READING
    if len(obx.repetitions(5)) > 1:
        return Reason.WRONG_SHAPE
    found = _structured(obx) if kind == "SN" else amount(obx.component(5, 1))  # a number in a text field is a number
    return bounded(found, flags)


def _structured(obx: Segment) -> Amount | Reason:
    """SN: comparator ^ number ^ separator ^ number. A range, a ratio and a step such as 1+ are no measurement."""
    sign, first, separator, second = (obx.component(5, part) for part in range(1, 5))
    value = number(first)
    if value is None:
        return Reason.NOT_A_NUMBER
    if separator or second:
        return Reason.NOT_A_NUMBER
    if value in SENTINELS:
        return Reason.NO_VALUE
    if sign in COMPARATORS:
        return Amount(value, COMPARATORS[sign])
    return Amount(value) if sign in {"", "="} else Reason.WRONG_SHAPE
