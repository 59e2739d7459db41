"""Bytes → shapes: what is unclear is refused, and the field is named."""

from contextlib import suppress
from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.api.errors import FieldWrong, NotJson
from server.api.framework import Body
from server.api.json_body import decode_body, decode_query


class Contact(Body, frozen=True):
    phone: str
    priority: int = 1


class Form(Body, frozen=True):
    name: str
    contact: Contact | None = None
    others: tuple[Contact, ...] = ()
    weight: float = 0.0
    born: date | None = None


class Free(Body, frozen=True):
    anything: object


class Asked(Body, frozen=True):
    metrics: str
    minutes: int = 30


def field_refused(raw: str) -> str:
    with pytest.raises(FieldWrong) as refused:
        decode_body(raw.encode(), Form)
    return refused.value.field


def test_what_has_the_shape_is_taken() -> None:
    raw = '{"name": "赵敏", "contact": {"phone": "1"}, "born": "1950-03-14", "weight": -0.5}'
    assert decode_body(raw.encode(), Form) == Form("赵敏", Contact("1"), weight=-0.5, born=date(1950, 3, 14))


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ('{"name": "x", "role": "admin"}', "role"),
        ('{"name": "x", "contact": {"phone": "1", "serial_no": 1}}', "contact.serial_no"),
        ('{"name": "x", "others": [{"phone": "1"}, {"phone": "1", "x": 1}]}', "others[1].x"),
        ("{}", "name"),
        ('{"name": "x", "contact": {}}', "contact.phone"),
        ('{"name": 7}', "name"),
        ('{"name": null}', "name"),
        ('{"name": "x", "others": [{"phone": 7}]}', "others[0].phone"),
        ('{"name": "x", "contact": {"phone": "1", "priority": "1"}}', "contact.priority"),
        ('{"name": "x", "contact": {"phone": "1", "priority": 1.5}}', "contact.priority"),
        ('{"name": "x", "born": "1950-02-30"}', "born"),
        ('{"name": "x", "weight": 1e999}', "weight"),
        ('{"name": "x", "name": "y"}', "name"),
        ('{"name": "x", "contact": {"phone": "1", "phone": "1"}}', "phone"),
        ('{"name": "a\\u0000b"}', "name"),
        ('{"name": "x", "others": [{"phone": "\\u0000"}]}', "others[0].phone"),
        ("[]", ""),
        ("null", ""),
        ('"name"', ""),
    ],
)
def test_the_field_that_is_wrong_is_named(raw: str, field: str) -> None:
    assert field_refused(raw) == field


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"name=x",
        b'{"name": "x"',
        b'{"name": "x"} {}',
        b'{"name": "x", "weight": NaN}',
        b'{"name": "x", "weight": Infinity}',
        b'{"name": "x", "weight": -Infinity}',
        b'{"name": "\xff"}',
        b'{"name": "\\ud800"}',
        b"\x00",
        b'\xef\xbb\xbf{"name": "x"}',
    ],
)
def test_what_is_not_json_is_refused_as_such(raw: bytes) -> None:
    with pytest.raises(NotJson):
        decode_body(raw, Form)


@pytest.mark.parametrize(
    "raw", [b"[" * 60_000, b'{"name":' * 8_000, b'{"name": "x", "weight": ' + b"9" * 60_000 + b"}"]
)
def test_bombs_are_refused_like_anything_else(raw: bytes) -> None:
    with pytest.raises((NotJson, FieldWrong)):
        decode_body(raw, Form)


@pytest.mark.parametrize("raw", ['{"anything": ' + "[" * 50_000, '{"anything": ' + "[" * 30_000 + "]" * 30_000 + "}"])
def test_a_shape_that_takes_anything_is_not_dug_into_without_end(raw: str) -> None:
    with pytest.raises(NotJson):
        decode_body(raw.encode(), Free)


@given(
    st.binary(max_size=200) | st.text(alphabet='{}[]":,\\nametruefalsnul0123456789.eE-+ ', max_size=60).map(str.encode)
)
def test_no_bytes_bring_anything_but_a_form_or_a_named_refusal(raw: bytes) -> None:
    with suppress(NotJson, FieldWrong):
        assert isinstance(decode_body(raw, Form), Form)


@given(st.builds(Form, name=st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"))))
def test_what_is_sent_is_what_is_taken(form: Form) -> None:
    assert decode_body(msgspec.json.encode(form), Form) == form


def test_a_query_is_numbers_and_words() -> None:
    assert decode_query([("metrics", "spo2,pulse_rate"), ("minutes", "5")], Asked) == Asked("spo2,pulse_rate", 5)
    assert decode_query([], None) is None


@pytest.mark.parametrize(
    ("pairs", "field"),
    [
        ([("metrics", "spo2"), ("minutes", "soon")], "minutes"),
        ([("metrics", "spo2"), ("metrics", "hr")], "metrics"),
        ([("metrics", "spo2"), ("until", "1")], "until"),
        ([("metrics", "\0")], "metrics"),
        ([], "metrics"),
    ],
)
def test_a_wrong_query_is_named(pairs: list[tuple[str, str]], field: str) -> None:
    with pytest.raises(FieldWrong) as refused:
        decode_query(pairs, Asked)
    assert refused.value.field == field


def test_a_route_without_parameters_takes_none() -> None:
    with pytest.raises(FieldWrong):
        decode_query([("debug", "1")], None)
