"""A list of devices: what is wrong has a row and a name, and what is written back no spreadsheet calculates."""

import csv
import io

import pytest

from server.monitoring.device_csv import MAX_BYTES, MAX_ROWS, read_sheet, write_credentials
from server.monitoring.errors import CsvRefused

HEADER = "maker,model,serial,label,id\n"


def test_a_list_is_read_whatever_its_order_separator_and_mark() -> None:
    for text in (
        "model,serial\nPM10,A1\n\nPM10,A2\n",
        "\ufeffSerial;Model;Label\r\nA1;PM10;\r\nA2;PM10;\r\n",
    ):
        sheet = read_sheet(text.encode())
        assert sheet.errors == []
        assert [(device.id, device.plate.serial) for device in sheet.devices] == [("PM10-A1", "A1"), ("PM10-A2", "A2")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no_header"),
        (b"model\nPM10\n", "no_header"),
        (b"model,serial,price\nPM10,1,9\n", "unknown_column"),
        (b"model,model,serial\n", "unknown_column"),
        (b"model,serial\n", "empty"),
        ("型号,序列号\n".encode("gb18030"), "unknown_column"),
        (b"\xff\xfem\0o\0d\0e\0l\0", "not_utf8"),
        (b'model,serial\n"PM10,1\n', "malformed"),
        (b"model,serial\n" + b"a,b\n" * (MAX_ROWS + 1), "too_many_rows"),
        (b"x" * (MAX_BYTES + 1), "too_large"),
    ],
)
def test_what_is_no_list_is_refused_by_name(content: bytes, reason: str) -> None:
    with pytest.raises(CsvRefused) as refused:
        read_sheet(content)
    assert refused.value.reason == reason


def test_what_a_chinese_spreadsheet_saves_is_read_as_it_stands() -> None:
    """In its own encoding, with the columns that were emptied behind the last."""
    [device] = read_sheet("model,serial,label,,\nPM10,A1,血氧仪一号,,\n".encode("gb18030")).devices
    assert (device.id, device.label) == ("PM10-A1", "血氧仪一号")
    assert [error.reason for error in read_sheet(b"model,serial,\nPM10,A1,x\nPM10,A2,\n").errors] == ["wrong_columns"]


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("Contec,,A1,,", "model", "missing"),
        ("Contec,PM10,,,", "serial", "missing"),
        (f"Contec,PM10,{'9' * 81},,", "serial", "too_long"),
        ("Contec,PM\u202e10,A1,,", "model", "not_printable"),
        ("Contec,PM10,A1,,a/b", "id", "bad_id"),
        ("Contec,PM10,A1,,bedside-server", "id", "reserved"),
        ("Contec,脉搏仪,甲,,", "id", "missing"),
        ("PM10,A1", "", "wrong_columns"),
        ("Contec,pm10,a0,,other", "serial", "twice_in_file"),
        ("Contec,PM10,A9,,pm10-a0", "id", "twice_in_file"),
    ],
)
def test_a_row_that_cannot_be_taken_is_named(row: str, column: str, reason: str) -> None:
    sheet = read_sheet(f"{HEADER}Contec,PM10,A0,,\n{row}\n".encode())
    assert [(error.row, error.column, error.reason) for error in sheet.errors] == [(3, column, reason)]
    assert len(sheet.devices) == 1


@pytest.mark.parametrize("label", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_no_cell_is_a_formula(label: str) -> None:
    written = write_credentials([["OX-1", "", "PM10", "1", label, "added", "s", "c", "t", "u"]])
    [_, row] = csv.reader(io.StringIO(written.decode("utf-8-sig"), newline=""))
    assert row[4] == f"'{label}"
    assert row[0] == "OX-1"
