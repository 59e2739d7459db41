"""HL7 v2 observations – ORU^R01, the point-of-care ORU^R30 to R32, and IHE PCD-01, which is an ORU^R01 with IEEE 11073
codes – as readings. How a message is taken apart is in ``hl7v2_text``, what goes back in ``hl7v2_ack``."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timezone

import msgspec

from devices.codecs.compact_time import moment, zone_of
from devices.codecs.flags import FLAGS
from devices.codecs.hl7v2_text import Hl7Error, Message, Segment, read
from devices.codecs.hl7v2_value import EXPLICIT_NULL, WAVEFORMS, measured
from devices.codecs.judging import Said, gathered, judge, named, printable, refused
from devices.codecs.units import assumed, ucum
from devices.metrics import CONTROL_MDC, Metric, by_loinc, by_mdc
from devices.readings import Decoded, Reason, Refusal, Reported

TRIGGERS = {"R01", "R30", "R31", "R32"}
LOINC = {"LN", "LOINC"}
STATUS = {"P": "preliminary", "C": "corrected", "R": "unverified", "S": "partial"}  # HL70085; F and the rest: no word
NOT_OBTAINED = {"X", "I", "N", "O"}
TAKEN_BACK = {"D", "W"}
QUALITY = {"QUES": "questionable", "EARLY": "early_estimate", "VALIDATED": "validated"}  # PCD TF-2: beside FLAGS
UNNAMED = {Reason.NOT_A_NUMBER: Reason.ORDINAL, Reason.NO_READING: Reason.NO_READING}
INVALID = {"INV", "NAV"}
NO_PATIENT = {"TEST", "DEMO", "CAL"}


@dataclass(frozen=True, slots=True)
class Around:
    """What holds for an observation until the next PID or OBR says otherwise."""

    subject: str | None = None
    at: str = ""
    zone: timezone | None = None  # of MSH-7: the default of the whole message (HL7 chapter 2, TM)


def decode(payload: bytes) -> Decoded:
    """At most 256 KiB and 1000 observations. Never raises."""
    try:
        message = read(payload)
    except Hl7Error as error:
        return refused(error.reason, error.detail)
    sent_at = moment(message.header.field(7))
    return msgspec.structs.replace(_decoded(message, sent_at), sent_at=sent_at, source=_source(message))


def _decoded(message: Message, sent_at: datetime | None) -> Decoded:
    if message.kind[0] != "ORU" or message.kind[1] not in TRIGGERS:
        return refused(Reason.WRONG_SHAPE, f"{'^'.join(message.kind)} is no observation")
    judged = list(_observations(message)) or [Refusal(Reason.NO_READING, "", detail="no observation in it")]
    once = message.fingerprint if sent_at is not None and message.header.field(10) else None
    return gathered(judged, otherwise=once)


def _observations(message: Message) -> Iterator[Reported | Refusal]:
    around = begun = Around(zone=zone_of(message.header.field(7)))
    practice = message.header.field(11)[:1] in {"T", "D"}  # HL70103: training, debugging
    for segment in message.segments:
        if segment.name == "PID":
            around = replace(begun, subject=named(segment.component(3, 1).removeprefix(EXPLICIT_NULL)))
        elif segment.name == "OBR":
            around = replace(around, at=segment.field(7))
        elif segment.name == "OBX" and not _structure(segment):
            judged = _judged(segment, around)
            yield _unreal(judged) if practice else judged


def _structure(obx: Segment) -> bool:
    """PCD-01 lists device, module and channel as observations without a value, for the others to hang on."""
    return not obx.field(2) and not obx.field(5) and _metric(obx) is None


def _unreal(judged: Reported | Refusal) -> Refusal:
    return Refusal(Reason.QUALITY_CONTROL, judged.metric, judged.value, "training or debugging")


def _judged(obx: Segment, around: Around) -> Reported | Refusal:
    metric, name = _metric(obx), printable(f"{obx.component(3, 1)} {obx.component(3, 2)}".strip())
    status, flags = obx.field(11), set(obx.repetitions(8))
    if _control(obx) or flags & NO_PATIENT:
        return Refusal(Reason.QUALITY_CONTROL, metric.name if metric else name)
    if status in TAKEN_BACK:
        return Refusal(Reason.WITHDRAWN, metric.name if metric else name, detail=printable(obx.field(5)))
    if metric is None:
        return _without_metric(obx, name)
    if status in NOT_OBTAINED or flags & INVALID:
        return Refusal(Reason.NO_VALUE, metric.name)
    found = measured(obx, flags)
    if isinstance(found, Reason):
        return Refusal(found, metric.name, detail=printable(obx.field(5)))
    at, wrong_at = _time(obx, around)
    said = Said(
        metric,
        found.value,
        _unit(obx, metric, found.value),
        at=at,
        comparator=found.comparator,
        context=_context(status, obx.repetitions(8)),
        subject=around.subject,
        wrong_at=wrong_at,
    )
    return judge(said)


def _without_metric(obx: Segment, name: str) -> Refusal:
    """A result in words stays as it was said, a waveform or a document is none; of a number nobody knows what it
    measures."""
    found = measured(obx, ())
    reason = UNNAMED.get(found, Reason.UNKNOWN_METRIC) if isinstance(found, Reason) else Reason.UNKNOWN_METRIC
    waveform = obx.field(2).upper() in WAVEFORMS
    return Refusal(reason, name, detail="a waveform" if waveform else printable(obx.field(5)))


def _metric(obx: Segment) -> Metric | None:
    """By the identifier or its alternative (CWE.1 to 3, 4 to 6)."""
    for code, system in ((1, 3), (4, 6)):
        if (metric := _coded(obx.component(3, code), obx.component(3, system).upper())) is not None:
            return metric
    return None


def _coded(code: str, system: str) -> Metric | None:
    if system in LOINC or (not system and "-" in code):
        return by_loinc(code)
    if system in {"MDC", ""}:
        return by_mdc(int(code)) if _short_digits(code) else None
    return None


def _control(obx: Segment) -> bool:
    code = obx.component(3, 1)
    return obx.component(3, 3).upper() == "MDC" and _short_digits(code) and int(code) in CONTROL_MDC


def _short_digits(code: str) -> bool:
    return code.isascii() and code.isdigit() and len(code) <= 10


def _unit(obx: Segment, metric: Metric, value: float) -> str:
    """By code or by name, whichever is understood; a code of MDC is a number."""
    said = [part for place in (1, 2, 4, 5) if (part := obx.component(6, place)) not in {"", EXPLICIT_NULL}]
    known = (ucum(part) for part in said)
    return next((unit for unit in known if unit in metric.units), said[0] if said else assumed(metric, value))


def _time(obx: Segment, around: Around) -> tuple[datetime | None, bool]:
    """The observation's own time, else its group's; whether one was given that is none."""
    text = next((given for given in (obx.field(14), around.at) if given and given != EXPLICIT_NULL), "")
    at = moment(text, around.zone)
    return at, bool(text) and at is None


def _context(status: str, flags: list[str]) -> tuple[str, ...]:
    words = (STATUS.get(status, ""), *(FLAGS.get(flag, "") or QUALITY.get(flag, "") for flag in flags))
    return tuple(word for word in words if word)


def _source(message: Message) -> str | None:
    """The equipment that an observation names (OBX-18), else the sending application: its EUI-64 or its name."""
    equipment = (segment.component(18, 1) for segment in message.segments if segment.name == "OBX")
    header = message.header
    return named(next(filter(None, equipment), "") or header.component(3, 2) or header.component(3, 1))
