"""What is not stored as it was sent is named."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from devices.readings import Body, Reading
from tests.faults.ledgers import Key
from tests.faults.sent import Kept, altered, key_of, unaccounted, unnamed
from tests.faults.verdict import Fault, Wrong

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = NOON + timedelta(seconds=1)
KEY = Key("ox-1", "e", 7)
SAID = [
    {"metric": "spo2", "value": 97, "unit": "%", "at": NOON},
    {"metric": "temp", "value": 98.6, "unit": "[degF]", "at": LATER},
]
PAYLOAD = msgspec.json.encode({"epoch": "e", "seq": 7, "readings": SAID})
SATURATION = Reading("spo2", 97.0, "%", NOON)
WARMTH = Reading("temp", 37.0, "Cel", LATER, sent_value=98.6, sent_unit="[degF]")


def changes(*readings: Reading) -> list[str]:
    return [fault.what for fault in altered({KEY: PAYLOAD}, Kept({KEY: Body(readings)}))]


def test_what_is_stored_as_it_was_sent_is_right_also_on_another_clock() -> None:
    assert changes(SATURATION, WARMTH) == []
    hour = timedelta(hours=1)
    assert changes(*(msgspec.structs.replace(one, at=one.at + hour) for one in (SATURATION, WARMTH))) == []


@pytest.mark.parametrize(
    "change",
    [{"value": 96.0}, {"unit": "/"}, {"metric": "hr"}, {"sent_value": 0.97}, {"at": NOON + timedelta(seconds=9)}],
)
def test_another_value_unit_metric_or_time_is_named(change: dict[str, object]) -> None:
    assert len(changes(msgspec.structs.replace(SATURATION, **change), WARMTH)) == 1


def test_a_reading_less_is_named() -> None:
    assert changes(WARMTH) == ["ox-1 e:7: 2 readings sent, 1 stored"]


def test_what_cannot_be_read_must_lie_in_quarantine_as_it_came() -> None:
    assert key_of("ox-1", PAYLOAD) == KEY
    assert key_of("ox-1", PAYLOAD[:-1]) is None
    kept = Kept({}, quarantined=frozenset({PAYLOAD[:-1]}))
    assert unaccounted([PAYLOAD[:-1]], kept) == []
    assert [fault.wrong for fault in unaccounted([PAYLOAD[:-2]], kept)] == [Wrong.LOST]


def test_what_was_never_sent_must_have_a_name() -> None:
    assert unnamed([KEY], Kept({}, gaps=frozenset({KEY}))) == []
    assert unnamed([KEY], Kept({})) == [Fault(Wrong.UNNAMED, "ox-1 e:7")]
