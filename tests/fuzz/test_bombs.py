"""What is made to take long, to fill memory, or to be evaluated: refused in every format, at a bounded price."""

import time
import tracemalloc

import pytest

from devices.codecs import CODECS
from devices.codecs.strict_json import MAX_BYTES
from devices.readings import Reason
from tests.fuzz import writers
from tests.fuzz.targets import MOST_REFUSALS

CPU_S = 10.0  # of one bomb in one format; most take some milliseconds, and a collection of garbage may fall among them
MEMORY = 48 * 1024 * 1024
DIGITS = b"9" * 100_000


def full_of(opening: bytes) -> bytes:
    return opening * (MAX_BYTES // len(opening))


NESTED = {
    "lists": full_of(b"["),
    "objects": full_of(b'{"a":'),
    "components": full_of(b'{"component":['),
    "bodies": full_of(b'{"body":'),
    "elements": full_of(b"<a>"),
    "observations": full_of(b"<OBS.R01><SVC>"),
    "cbor lists": full_of(b"\x81"),
    "cbor lists without end": full_of(b"\x9f"),
    "cbor maps without end": full_of(b"\xbf\x00"),
    "protobuf messages": full_of(b"\x12\x7f"),
    "HL7 subcomponents": b"MSH|^~\\&|" + full_of(b"&^~"),
}
DIGITS_OF = {
    "a list": b"[" + DIGITS[: MAX_BYTES - 2] + b"]",
    "more than a message": b'{"readings":[{"metric":"spo2","unit":"%","value":' + DIGITS + b"}]}",
    "a value": b'{"readings":[{"metric":"spo2","unit":"%","value":' + DIGITS[:60_000] + b"}]}",
    "a sequence": b'{"readings":[],"epoch":"e","seq":' + DIGITS[:60_000] + b"}",
    "an exponent": b'{"spo2":1e' + DIGITS[:60_000] + b"}",
    "SenML": b'[{"n":"spo2","u":"/","v":' + DIGITS[:60_000] + b"}]",
    "a gateway": b'{"spo2":' + DIGITS[:60_000] + b"}",
    "a time": b'{"UTCtime":"' + b"2" * 60_000 + b'","spo2":97}',
    "HL7": writers.hl7v2(writers.VITALS).replace(b"36.8", DIGITS[:60_000]),
    "ASTM": writers.astm(writers.VITALS).replace(b"36.8", DIGITS[:60_000]),
    "XML": writers.poct1a(writers.VITALS).replace(b"36.8", DIGITS),
    "a decimal fraction": b"\x81\xa3\x00\x64spo2\x01\x61/\x02\xc4\x82\x1b" + b"\xff" * 8 + b"\x1b" + b"\xff" * 8,
    "a varint": full_of(b"\xff"),
}
LONG = {
    "zeros": b"[" + b"0," * 30_000 + b"0]",
    "readings": b'{"readings":[' + b"{}," * 20_000 + b"{}]}",
    "entries": b'{"resourceType":"Bundle","entry":[' + b"{}," * 20_000 + b"{}]}",
    "data points": b"[" + b",".join([b'{"heart_rate":1}'] * 3000) + b"]",
    "a claim of 2^64 items": b"\x9b" + b"\xff" * 8,
    "a string of 2^64 bytes": b"\x81\x7b" + b"\xff" * 8,
    "metrics": b"\x12\x00" * (MAX_BYTES // 2),
    "segments": b"MSH|^~\\&|\r" + b"OBX|1\r" * 10_000,
    "fields": full_of(b"|"),
    "records": b"H|\\^&\r" + b"R|1\r" * 16_000,
    "blanks": b" " * MAX_BYTES,
    "line ends": b"\r" * MAX_BYTES,
    "a key": b'{"a' + b" " * 60_000 + b'":1}',
    "a megabyte": b"x" * (MAX_BYTES * 16),
    "attributes": b"<OBS.R01 " + b" ".join(b'a%d="1"' % n for n in range(8000)) + b"/>",
}
ENTITIES = b"".join(b'<!ENTITY e%d "%s">' % (n, b"&e%d;" % (n - 1) * 10) for n in range(1, 10))
EVALUATED = {
    "a billion laughs": b'<!DOCTYPE OBS.R01 [<!ENTITY e0 "ha">' + ENTITIES + b"]><OBS.R01>&e9;</OBS.R01>",
    "a quadratic entity": b'<!DOCTYPE a [<!ENTITY e "' + b"x" * 30_000 + b'">]><a>' + b"&e;" * 9000 + b"</a>",
    "an entity from a file": b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]><OBS.R01>&e;</OBS.R01>',
    "a DTD from elsewhere": b'<!DOCTYPE OBS.R01 SYSTEM "http://127.0.0.1:1/a.dtd"><OBS.R01/>',
    "an inclusion": b'<OBS.R01 xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="/etc/hostname"/></OBS.R01>',
    "a reference": b'{"$ref":"file:///etc/hostname","readings":[{"$ref":"#/readings/0","metric":{"$ref":"#"}}]}',
    "a reference to itself": b'{"resourceType":"Bundle","entry":[{"resource":{"$ref":"#"},"fullUrl":"http://127.0.0.1:1/"}]}',
    "a template": b'{"readings":[{"metric":"{{ 7*7 }}","value":"{{ 7*7 }}","unit":"{% for i in range(9**9) %}"}]}',
    "a gateway's template": b'{"unit_of_meas":"%","value_template":"{{ 7*7 }}","{{ 7*7 }}":"{{ 7*7 }}"}',
    "an HL7 template": writers.hl7v2(writers.VITALS[:1]).replace(b"|97|", b"|{{ 7*7 }}|"),
    "a tag of CBOR": b"\xc2\x58\x40" + b"\xff" * 64,
}  # fmt: skip


def disarmed(bomb: bytes) -> None:
    """In every format: refused, and no more said of it than a message may have."""
    for format_, decode in CODECS.items():
        began = time.process_time()
        decoded = decode(bomb)
        assert time.process_time() - began < CPU_S, format_
        assert decoded.refusals, format_
        assert not decoded.readings or bomb in DIGITS_OF.values(), format_  # the digits spoil their own reading alone
        assert len(decoded.refusals) <= MOST_REFUSALS, format_
        assert "49" not in "".join(refusal.detail for refusal in decoded.refusals), "evaluated"


@pytest.mark.parametrize("bomb", NESTED.values(), ids=NESTED)
def test_what_is_nested_too_deep_is_refused(bomb: bytes) -> None:
    disarmed(bomb)


@pytest.mark.parametrize("bomb", DIGITS_OF.values(), ids=DIGITS_OF)
def test_a_number_of_many_digits_is_refused(bomb: bytes) -> None:
    disarmed(bomb)


@pytest.mark.parametrize("bomb", LONG.values(), ids=LONG)
def test_a_list_that_is_too_long_is_refused(bomb: bytes) -> None:
    disarmed(bomb)


@pytest.mark.parametrize("bomb", EVALUATED.values(), ids=EVALUATED)
def test_what_asks_to_be_expanded_fetched_or_evaluated_is_refused(bomb: bytes) -> None:
    disarmed(bomb)


@pytest.mark.parametrize("name", [name for name in EVALUATED if "entity" in name or "DTD" in name or "laughs" in name])
def test_a_document_type_is_refused_by_that_name(name: str) -> None:
    assert [refusal.reason for refusal in CODECS["poct1a"](EVALUATED[name]).refusals] == [Reason.FORBIDDEN]


@pytest.mark.parametrize("format_", CODECS)
def test_more_than_a_message_may_have_is_refused_by_that_name(format_: str) -> None:
    assert [(r.reason, r.metric) for r in CODECS[format_](b" " * (1024 * 1024)).refusals] == [(Reason.TOO_LARGE, None)]


def test_no_bomb_takes_much_memory() -> None:
    """The first is decoded without being looked at, so that what is made once is not counted."""
    bombs = [bomb for kind in (NESTED, DIGITS_OF, LONG, EVALUATED) for bomb in list(kind.values())[:4]]
    disarmed(bombs[0])
    tracemalloc.start()
    try:
        for bomb in bombs:
            tracemalloc.reset_peak()
            disarmed(bomb)
            assert tracemalloc.get_traced_memory()[1] < MEMORY, bomb[:40]
    finally:
        tracemalloc.stop()
