"""What was measured under limits and comes when the device is off: it is not judged, and somebody hears of it."""

import msgspec
import pytest

from devices.conditions import FAULT_HOLDS, Care, Worn
from devices.readings import Body
from devices.rules import Priority
from devices.unjudged import Wearing, unjudged
from tests.devices.test_conditions import ADULT, NOON, Bed, after, message, reading, spo2

HOUR = 3600
WORE = Wearing("BM-77", ADULT, NOON, after(HOUR))
HOLDS = FAULT_HOLDS.total_seconds()


def taken_off() -> Bed:
    bed = Bed()
    bed.care = Care("p1", (), (WORE,))
    return bed


@pytest.mark.parametrize(
    ("at_s", "received_s", "value", "metric", "expected"),
    [
        (600, 2 * HOUR, 97, "spo2", Priority.LOW),
        (600, 2 * HOUR, 70, "spo2", Priority.HIGH),
        (600, 2 * HOUR, 39, "temp", None),  # no rule would have looked at it
        (HOUR - 10, HOUR + 5, 70, "spo2", None),  # as it was taken off: somebody was there
        (HOUR, 2 * HOUR, 70, "spo2", None),  # from then on nobody wore it
        (-1, 2 * HOUR, 70, "spo2", None),
    ],
)
def test_what_should_have_been_judged_and_how_bad_it_may_have_been(
    at_s: float, received_s: float, value: float, metric: str, expected: Priority | None
) -> None:
    assert unjudged(Body((reading(value, at_s, metric),)), after(received_s), [WORE]) is expected


def test_without_limits_nothing_was_to_be_judged() -> None:
    body = Body((reading(70, 600),))
    assert unjudged(body, after(2 * HOUR), []) is None
    assert unjudged(body, after(2 * HOUR), [msgspec.structs.replace(WORE, profile="of another version")]) is None


def test_a_backlog_is_one_alarm_that_worsens_and_is_over_when_it_has_come() -> None:
    bed, late = taken_off(), 2 * HOUR
    assert bed.receives(spo2(late, 97, 600), spo2(late + 1, 97, 601)) == [f"{late} raised unjudged:BM-77 low"]
    assert bed.receives(spo2(late + 2, 70, 602)) == [f"{late + 2} worsened unjudged:BM-77 high"]
    assert bed.receives(spo2(late + 3, 97, 603)) == []
    assert bed.waits(late + 3 + HOLDS - 1) == []
    assert bed.waits(late + 3 + HOLDS) == [f"{late + 3 + HOLDS:.0f} ended unjudged:BM-77 high"]
    assert bed.state.active == {}


def test_another_device_is_watched_as_ever_meanwhile() -> None:
    bed = taken_off()
    bed.care = msgspec.structs.replace(bed.care, worn=(Worn("BM-78", ADULT, after(2 * HOUR)),))
    assert bed.receives(spo2(2 * HOUR, 97, 600)) == [f"{2 * HOUR} raised unjudged:BM-77 low"]
    fresh = message(2 * HOUR + 1, reading(97, 2 * HOUR + 1), device="BM-78")
    assert bed.receives(fresh) == []
    assert set(bed.state.devices) == {"BM-78"}


def test_what_is_remembered_survives_a_restart() -> None:
    bed = taken_off()
    bed.receives(spo2(2 * HOUR, 70, 600))
    again = msgspec.json.decode(msgspec.json.encode(bed.state), type=type(bed.state))
    assert again == bed.state
