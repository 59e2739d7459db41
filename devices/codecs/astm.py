"""ASTM E1394 / CLSI LIS2-A2 records as analysers and glucose meters send them, in frames or bare, as readings."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import msgspec

from devices.codecs.astm_frames import ENQ, EOT, STX, FrameError, text_of
from devices.codecs.compact_time import moment
from devices.codecs.decimal_text import Amount, amount
from devices.codecs.flags import FLAGS, bounded
from devices.codecs.judging import Said, gathered, judge, named, printable, refused
from devices.codecs.names import metric_named
from devices.codecs.units import assumed, ucum
from devices.metrics import METRICS, Metric, by_loinc
from devices.readings import Decoded, Reason, Refusal, Reported

MAX_BYTES = 64 * 1024
MAX_RECORDS = 4000
MAX_RESULTS = 1000
STATUS = {"P": "preliminary", "C": "corrected", "S": "partial", "W": "questionable"}
NOT_OBTAINED = {"X", "I", "N"}  # Q is the answer to a query, and a result like any other
METER_MARKS = {"B": "before_food", "A": "after_food", "F": "fasting", "X": "user_X"}  # Contour meters, see _meter
ASSAYS = {  # as analysers abbreviate; elsewhere a letter may mean something else
    "glu": "glucose",
    "k": "potassium",
    "k+": "potassium",
    "pt-inr": "inr",
    "crea": "creatinine",
    "cre": "creatinine",
    "lac": "lactate",
    "hgb": "hemoglobin",
    "hb": "hemoglobin",
    "a1c": "hba1c",
    "chol": "cholesterol",
    "trig": "triglyceride",
    "tg": "triglyceride",
    "ket": "ketone",
    "hs-crp": "crp",
}


@dataclass(frozen=True, slots=True)
class Record:
    """Fields by their number in the standard, the record's letter being the first. What is not there is empty."""

    fields: list[str]
    repeat: str
    component: str

    @property
    def kind(self) -> str:
        return self.fields[0][:1].upper()

    def field(self, place: int) -> str:
        return self.fields[place - 1].strip() if place <= len(self.fields) else ""

    def component_of(self, place: int, part: int) -> str:
        """Of the field's first repetition."""
        parts = self.field(place).partition(self.repeat)[0].split(self.component)
        return parts[part - 1].strip() if part <= len(parts) else ""


@dataclass(frozen=True, slots=True)
class Around:
    """What holds for a result until the next patient or order says otherwise."""

    subject: str | None = None
    at: str = ""
    control: bool = False
    practice: bool = False  # the whole message


def decode(payload: bytes) -> Decoded:
    """At most 64 KiB and 1000 results. Never raises."""
    if len(payload) > MAX_BYTES:
        return refused(Reason.TOO_LARGE, f"more than {MAX_BYTES} bytes")
    try:
        records = _records(payload)
    except FrameError as error:
        return refused(error.reason, error.detail)
    judged = list(_results(records)) or [Refusal(Reason.NO_READING, "", detail="no result in it")]
    sent_at = moment(records[0].field(14))
    return msgspec.structs.replace(gathered(judged), sent_at=sent_at, source=_source(records[0]))


def _source(header: Record) -> str | None:
    """The sender's name, or what stands third in it: there meters that tell product and versions have their serial."""
    parts = header.field(5).split(header.component)
    return named(parts[2] if len(parts) > 2 and parts[2] else parts[0])


def _records(payload: bytes) -> list[Record]:
    """Raises FrameError, also where the text is not records."""
    framed = STX in payload or payload[:1] in {ENQ, EOT}
    text = text_of(payload) if framed else payload
    lines = [line for line in _text(text).replace("\n", "\r").split("\r") if line]
    if not lines or lines[0][:1] != "H" or len(lines[0]) < 5:
        raise FrameError(Reason.MALFORMED, "no header record")
    if len(lines) > MAX_RECORDS or sum(line[:1] == "R" for line in lines) > MAX_RESULTS:
        raise FrameError(Reason.TOO_LARGE, f"more than {MAX_RESULTS} results")
    return list(_split(lines))


def _text(payload: bytes) -> str:
    """The standard knows ASCII only; what is beyond is in names, which no decision depends on."""
    try:
        return payload.decode("utf-8")
    except UnicodeDecodeError:
        return payload.decode("latin-1")


def _split(lines: list[str]) -> Iterator[Record]:
    """By the delimiters of the header before it: field, repeat, component, escape."""
    field = repeat = component = ""
    for line in lines:
        if line[0] == "H":
            field, repeat, component = (line[place : place + 1] for place in (1, 2, 3))
            if len(set(line[1:4])) < 3 or any(sign.isalnum() for sign in line[1:4]):
                raise FrameError(Reason.MALFORMED, "the header's delimiters")
        yield Record(line.split(field), repeat, component)


def _results(records: list[Record]) -> Iterator[Reported | Refusal]:
    around = Around()
    for record in records:
        if record.kind == "H":
            around = Around(practice=record.field(12)[:1] in {"T", "D", "Q"})  # training, debugging, quality control
        elif record.kind == "P":
            around = Around(_patient(record), practice=around.practice)
        elif record.kind == "O":
            at = record.field(8) or record.field(7)
            around = Around(around.subject, at, record.field(12).upper() == "Q", around.practice)
        elif record.kind == "R":
            yield _judged(record, around)


def _patient(record: Record) -> str | None:
    """The first of the practice's, the laboratory's and the third number that is given."""
    return named(next((given for place in (3, 4, 5) if (given := record.component_of(place, 1))), ""))


def _judged(record: Record, around: Around) -> Reported | Refusal:
    metric, name = _metric(record)
    flags, status = _flags(record), "" if _meter(record) else record.field(9).upper()
    if around.control or around.practice or (_meter(record) and "C" in flags):
        return Refusal(Reason.QUALITY_CONTROL, metric.name if metric else name, detail=printable(record.field(4)))
    found = _measured(record, flags)
    if metric is None:
        reason = Reason.ORDINAL if found is Reason.NOT_A_NUMBER else Reason.UNKNOWN_METRIC
        return Refusal(reason, name, detail=printable(record.field(4)))
    if status in NOT_OBTAINED:
        return Refusal(Reason.NO_VALUE, metric.name)
    if isinstance(found, Reason):
        return Refusal(found, metric.name, detail=printable(record.field(4)))
    at, wrong_at = _time(record, around)
    said = Said(
        metric,
        found.value,
        ucum(record.component_of(5, 1)) or assumed(metric, found.value),
        at=at,
        comparator=found.comparator,
        context=_context(record, status, flags),
        subject=around.subject,
        wrong_at=wrong_at,
    )
    return judge(said)


def _metric(record: Record) -> tuple[Metric | None, str]:
    """Universal test id: a LOINC code in its first part, or the maker's own name in its fourth."""
    code, name, maker = (record.component_of(3, part) for part in (1, 2, 4))
    metric = by_loinc(code) if code else None
    return metric or _assay(maker) or _assay(name), printable(f"{code} {maker or name}".strip())


def _assay(name: str) -> Metric | None:
    short = ASSAYS.get(name.casefold())
    return METRICS[short] if short else metric_named(name)


def _measured(record: Record, flags: list[str]) -> Amount | Reason:
    value = record.component_of(4, 1)
    return bounded(amount(value) if value else Reason.NO_VALUE, flags)


def _meter(record: Record) -> bool:
    """Contour and meters like it put the time where the status belongs, and marks of their own among the flags."""
    return len(record.field(9)) >= len("YYYYMMDDHHMM") and moment(record.field(9)) is not None


def _flags(record: Record) -> list[str]:
    return record.field(7).upper().replace(record.repeat, "/").split("/")


def _context(record: Record, status: str, flags: list[str]) -> tuple[str, ...]:
    meaning = METER_MARKS if _meter(record) else FLAGS
    words = (STATUS.get(status, ""), *(meaning.get(flag, "") for flag in flags))
    return tuple(word for word in words if word)


def _time(record: Record, around: Around) -> tuple[datetime | None, bool]:
    """Completed, started, a meter's own place, the order's; whether one was given that is none."""
    own = (record.field(13), record.field(12), record.field(9) if _meter(record) else "", around.at)
    text = next(filter(None, own), "")
    at = moment(text)
    return at, bool(text) and at is None
