"""What is seen of devices reaches the registry by the second, and strangers fill no memory."""

from datetime import timedelta
from functools import partial

import sqlalchemy as sa

from devices.arrivals import Arrival, Receipt
from devices.reader import Entry
from devices.readings import Body, Message, Quarantined, Reading, Reason, Refusal
from server.monitoring.sightings import Sightings
from server.store.devices import SightingQueries
from server.store.tables import devices
from tests.monitoring.house import DEVICE, NOON, STRANGER, House


def arrival(payload: bytes = b"{}", channel: str = "readings", *, retained: bool = False) -> Arrival:
    return Arrival(f"bedside/v1/{DEVICE}/{channel}", payload, retained, NOON, Receipt(0, 0))


def heard(second: int, *readings: Reading, refused: tuple[Refusal, ...] = (), device: str = DEVICE) -> Entry:
    at = NOON + timedelta(seconds=second)
    return Entry(arrival(), Message(device, f"e:{second}", at, at, Body(readings, refused)))


async def row(house: House) -> sa.Row[tuple[object]]:
    await house.sightings.tick(house.now)
    [found] = await house.rows(sa.select(devices).where(devices.c.id == DEVICE))
    return found


async def test_the_first_message_is_remembered_and_told(house: House) -> None:
    house.sightings.observed([heard(1), heard(2)])
    assert (await row(house)).first_received_at == NOON + timedelta(seconds=2)
    house.sightings.observed([heard(3)])
    before = await row(house)
    assert house.told == [DEVICE]  # that it speaks on is told now and then, and written nowhere else
    house.sightings.observed([heard(12)])
    assert await row(house) == before
    assert house.told == [DEVICE] * 2


async def test_a_battery_is_written_when_it_is_another(house: House) -> None:
    def at(second: int, percent: float) -> Entry:
        return heard(second, Reading("battery", percent, "%", NOON + timedelta(seconds=second)))

    seen = []
    for second, percent in ((1, 80.0), (2, 80.0), (3, 79.0), (603, 79.0)):
        house.sightings.observed([at(second, percent)])
        seen.append((await row(house)).battery_at)
    assert seen == [NOON + timedelta(seconds=second) for second in (1, 1, 3, 603)]


async def test_battery_and_firmware_come_by_reading_or_by_status(house: House) -> None:
    house.sightings.observed([heard(1, Reading("battery", 80.0, "%", NOON))])
    assert ((await row(house)).battery_percent, (await row(house)).battery_at) == (80.0, NOON)
    status = b'{"online": true, "battery": 41, "firmware": "1.4.2", "leads": []}'
    house.sightings.observed([Entry(arrival(status, "status")), heard(2)])
    found = await row(house)
    assert (found.battery_percent, found.firmware) == (41.0, "1.4.2")


async def test_a_status_that_is_none_or_past_changes_nothing(house: House) -> None:
    for payload in (
        b"\xff",
        b"[]",
        b'{"battery": 101}',
        b'{"battery": "x"}',
        b'{"firmware": "a\\u202eb"}',
        b"{" * 9999,
    ):
        house.sightings.observed([Entry(arrival(payload, "status"))])
    house.sightings.observed([Entry(arrival(b'{"battery": 5}', "status", retained=True))])
    found = await row(house)
    assert (found.battery_percent, found.firmware) == (None, None)


async def test_the_last_refusal_is_kept_with_its_name(house: House) -> None:
    early = Quarantined(NOON, "t", DEVICE, Reason.BAD_JSON, "at byte 1", b"{")
    unit = Refusal(Reason.UNKNOWN_UNIT, "spo2", None, "mmHg")
    control = Refusal(Reason.QUALITY_CONTROL, "glucose")
    house.sightings.observed([Entry(arrival(), quarantined=early), heard(1, refused=(unit, control)), heard(2)])
    found = await row(house)
    assert (found.refused_reason, found.refused_detail) == ("unknown_unit", "spo2: mmHg")
    assert found.refused_at == NOON + timedelta(seconds=1)


async def test_a_stranger_leaves_no_trace(house: House) -> None:
    house.sightings.refused(STRANGER, "credential", NOON)
    house.sightings.connected(STRANGER, NOON)
    house.sightings.observed([heard(1, device=STRANGER)])
    await house.sightings.tick(NOON)
    assert house.sightings.connection(STRANGER) is None
    assert house.told == []


async def test_who_comes_and_goes_is_told_without_a_write(house: House) -> None:
    before = await row(house)
    house.sightings.connected(DEVICE, NOON)
    assert await row(house) == before
    assert house.told == [DEVICE]


async def test_the_first_message_of_all_outlives_a_restart(house: House) -> None:
    house.sightings.observed([heard(1)])
    first = (await row(house)).first_received_at
    restarted = Sightings(partial(house.store.write, SightingQueries), lambda _id: True, house._tell)
    restarted.observed([heard(90)])
    await restarted.tick(house.now)
    assert (await row(house)).first_received_at == first


async def test_the_first_good_message_after_a_refusal_is_told_at_once(house: House) -> None:
    """Who mends a line and sends once more waits before the panel for this one message."""
    unit = Refusal(Reason.UNKNOWN_UNIT, "spo2", None, "furlong")
    house.sightings.observed([heard(1)])
    await row(house)
    house.sightings.observed([heard(2, refused=(unit,))])
    await row(house)
    house.sightings.observed([heard(3)])
    await row(house)
    assert house.told == [DEVICE] * 3
    house.sightings.observed([heard(4)])
    await row(house)
    assert house.told == [DEVICE] * 3
