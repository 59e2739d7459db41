"""A list of devices as CSV: read row by row with what is wrong by name, and the credentials written back. Pure."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from server.monitoring.errors import CsvRefused, DeviceRefused
from server.monitoring.plate import Plate, checked_id, checked_label, checked_plate
from server.monitoring.views import RowError

MAX_BYTES: Final = 1024 * 1024
MAX_ROWS: Final = 2000
ENCODINGS: Final = ("utf-8-sig", "gb18030")  # the second is what a Chinese Excel writes where it says "CSV"
MUST: Final = ("model", "serial")
COLUMNS: Final = ("maker", *MUST, "label", "id")
WRITTEN: Final = ("id", "maker", *MUST, "label", "result", "secret", "claim_code", "topic", "claim_url")
_CALCULATED: Final = tuple("=+-@\t\r")  # what a spreadsheet takes for a formula


@dataclass(frozen=True, slots=True)
class ListedDevice:
    """A row that can be taken. ``number`` is its line in the file, the header being 1."""

    number: int
    id: str
    label: str
    plate: Plate


@dataclass(frozen=True, slots=True)
class Sheet:
    devices: Sequence[ListedDevice]
    errors: Sequence[RowError]


def read_sheet(content: bytes) -> Sheet:
    """Raises CsvRefused."""
    rows = _rows(_text(content))
    header = _header(rows[0])
    if len(rows) - 1 > MAX_ROWS:
        raise CsvRefused("too_many_rows", f"At most {MAX_ROWS} devices at a time.")
    errors: list[RowError] = []
    listed = [
        device
        for number, cells in enumerate(rows[1:], start=2)
        if any(cells) and (device := _listed(number, header, cells, errors)) is not None
    ]
    if not listed and not errors:
        raise CsvRefused("empty", "There is no device in the file.")
    return Sheet(_each_once(listed, errors), sorted(errors, key=lambda error: error.row))


def write_credentials(rows: Iterable[Sequence[str]]) -> bytes:
    """With a byte order mark: without it a spreadsheet reads no UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(WRITTEN)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _text(content: bytes) -> str:
    if len(content) > MAX_BYTES:
        raise CsvRefused("too_large", f"At most {MAX_BYTES // 1024} KiB.")
    for encoding in ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise CsvRefused("not_utf8", "Save the file as CSV in UTF-8.")


def _rows(text: str) -> list[list[str]]:
    first = text.partition("\n")[0]
    separator = ";" if first.count(";") > first.count(",") else ","
    try:
        rows = _without_margin(list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)))
    except csv.Error:
        raise CsvRefused("malformed", "The file cannot be read: is a quotation mark open?") from None
    if not rows or not any(rows[0]):
        raise CsvRefused("no_header", f"The first line names the columns: {', '.join(COLUMNS)}.")
    return rows


def _without_margin(rows: list[list[str]]) -> list[list[str]]:
    """Columns to the right that have no name and hold nothing: a spreadsheet writes those that were emptied, too."""
    if not rows:
        return rows
    named = max((number for number, cell in enumerate(rows[0], start=1) if cell.strip()), default=0)
    return [row[:named] if len(row) == len(rows[0]) and not any(row[named:]) else row for row in rows]


def _header(cells: Sequence[str]) -> Sequence[str]:
    named = [cell.strip().lower() for cell in cells]
    unknown = [name for name in named if name not in COLUMNS]
    if unknown or len(set(named)) < len(named):
        raise CsvRefused("unknown_column", f"Columns are {', '.join(COLUMNS)}, each once.")
    if not set(MUST) <= set(named):
        raise CsvRefused("no_header", f"The columns {' and '.join(MUST)} must be there.")
    return named


def _listed(number: int, header: Sequence[str], cells: Sequence[str], errors: list[RowError]) -> ListedDevice | None:
    """None, and why in ``errors``."""
    if len(cells) != len(header):
        errors.append(RowError(number, "", "wrong_columns", f"{len(cells)} cells, {len(header)} columns"))
        return None
    said = {name: cell.strip() or None for name, cell in zip(header, cells, strict=True)}
    missing = [name for name in MUST if said[name] is None]
    errors.extend(RowError(number, name, "missing", "must be there") for name in missing)
    if missing:
        return None
    try:
        plate = checked_plate(Plate(said.get("maker"), said["model"], said["serial"]))
        id_ = checked_id(said.get("id"), plate)
        return ListedDevice(number, id_, checked_label(said.get("label"), id_, plate), plate)
    except DeviceRefused as refused:
        errors.append(RowError(number, refused.field, refused.reason, str(refused)))
        return None


def _each_once(listed: Sequence[ListedDevice], errors: list[RowError]) -> list[ListedDevice]:
    """Ids without case too: two topics that differ in case alone are one to whoever reads a label."""
    first: dict[tuple[str, str], int] = {}
    once = []
    for device in listed:
        keys = (("serial", device.plate.key or ""), ("id", device.id.casefold()))
        twice = next(((name, first[name, key]) for name, key in keys if (name, key) in first), None)
        if twice is not None:
            errors.append(RowError(device.number, twice[0], "twice_in_file", f"also in row {twice[1]}"))
            continue
        first.update(dict.fromkeys(keys, device.number))
        once.append(device)
    return once


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_CALCULATED) else cell
