"""The sounder: what a quiet run would have raised, from readings that arrived late, bunched and out of order."""

import random
from datetime import UTC, datetime, timedelta

from devices.conditions import Care, Input, Worn
from devices.readings import Body, Reading
from tests.faults.replay import as_received, undisturbed
from tests.faults.rows import Told

BEGAN = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
CARES = {"p-1": Care("p-1", (Worn("ox-1", "adult-continuous", BEGAN - timedelta(hours=1)),))}
LOW = Told("p-1", "spo2.low", "spo2.low", "medium", "raised")
WORSE = Told("p-1", "spo2.low", "spo2.desaturation", "high", "worsened")


def message(second: int, spo2: int, received: int = 40) -> Input:
    at, received_at = (BEGAN + timedelta(seconds=moment) for moment in (second, received))
    return Input(f"m-{second}", "p-1", "ox-1", second, received_at, Body((Reading("spo2", spo2, "%", at),)))


FALLING = [message(second, 88 if second < 10 else 79) for second in range(25)]


def test_a_fall_is_raised_and_worsens_as_it_was_measured() -> None:
    assert undisturbed(FALLING, CARES) == {LOW, WORSE}
    shuffled = random.Random(1).sample(FALLING, len(FALLING))  # noqa: S311
    assert undisturbed(shuffled, CARES) == {LOW, WORSE}


def test_a_fall_that_is_too_short_raises_nothing() -> None:
    assert undisturbed([*FALLING[:14], message(14, 97)], CARES) == set()


def test_a_value_before_an_outage_stands_until_something_is_received() -> None:
    outage = [message(0, 88, received=0), message(1, 97, received=40)]
    assert undisturbed(outage, CARES) == set()
    assert as_received(outage, CARES, BEGAN + timedelta(seconds=40)) == {LOW}
    assert as_received(outage[:1], CARES, BEGAN + timedelta(seconds=40)) == {LOW}
    assert as_received(outage[:1], CARES, BEGAN + timedelta(seconds=10)) == set()
