"""Lists of devices: pages, filters, whose patients are named, and what is told of a connection."""

from datetime import timedelta
from functools import partial

import sqlalchemy as sa

from devices.arrivals import Arrival, Receipt
from devices.reader import Entry
from devices.readings import Body, Message, Reading
from server.access.principal import Principal
from server.monitoring.device_list import Attention, DeviceReader, Wanted
from server.monitoring.device_state import DeviceState
from server.monitoring.plate import Plate
from server.store.devices import DeviceQueries
from server.store.tables import devices
from tests.monitoring.house import ADMIN, DEVICE, DOCTOR, FOREIGN, NOON, OPERATOR, House


async def test_only_who_may_know_the_patient_reads_who_wears_it(house: House) -> None:
    named = {}
    for who in (DOCTOR, FOREIGN, OPERATOR, ADMIN):
        [device] = (await house.device_reader.page(who, Wanted())).devices
        assert device.worn
        assert (await house.device_reader.detail(who, DEVICE)).device == device
        named[who.id] = device.patient.id if device.patient else None
    assert named == {"doctor": "patient", "foreign": None, "operator": "patient", "admin": None}


async def test_a_list_comes_in_pages_and_every_device_once(house: House) -> None:
    for number in range(5):
        await house.devices.add(OPERATOR.actor, f"ox-{number}", None, NOON)
    seen, after = list[str](), ""
    while True:
        page = await house.device_reader.page(OPERATOR, Wanted(after=after, limit=2))
        assert page.total == 6
        seen += [device.id for device in page.devices]
        if page.next is None:
            break
        after = page.next
    assert seen == [DEVICE, *(f"ox-{number}" for number in range(5))]


async def test_a_list_is_searched_in_what_is_printed_and_filtered_by_state(house: House) -> None:
    await house.devices.add(OPERATOR.actor, None, None, NOON, plate=Plate("Contec", "PM10", "50%_A"))
    await house.devices.add(OPERATOR.actor, "old", "旧血氧仪", NOON)
    await house.devices.revoke(OPERATOR.actor, "old", NOON)
    assert await ids(house, Wanted("contec")) == ["PM10-50-A"]
    assert await ids(house, Wanted("旧血")) == ["old"]
    assert await ids(house, Wanted("%_")) == ["PM10-50-A"]  # no pattern: what was typed
    assert await ids(house, Wanted(state=DeviceState.REVOKED)) == ["old"]
    assert await ids(house, Wanted(state=DeviceState.NEW, worn=False)) == ["PM10-50-A"]
    assert await ids(house, Wanted(worn=True)) == [DEVICE]


async def test_a_device_is_found_by_who_wears_it_where_the_asker_may_know(house: House) -> None:
    """A stranger to the patient learns nothing by searching, not even that there is one."""
    found = {}
    for who in (DOCTOR, FOREIGN, OPERATOR, ADMIN):
        page = await house.device_reader.page(who, Wanted("王 小明"))
        found[who.id] = ([device.id for device in page.devices], page.total)
    assert found == {"doctor": ([DEVICE], 1), "foreign": ([], 0), "operator": ([DEVICE], 1), "admin": ([], 0)}


async def test_what_needs_somebody_is_found_at_once(house: House) -> None:
    day = timedelta(days=1)
    for name in ("flat", "wrong", "dead"):
        await house.devices.add(OPERATOR.actor, name, None, NOON)
        house.sightings.refused(name, "credential", NOON)
    await house.devices.revoke(OPERATOR.actor, "dead", NOON)
    house.sightings.observed([heard("flat", 20.0), heard(DEVICE, 21.0)])
    await house.sightings.tick(NOON)
    speak_on = sa.update(devices).where(devices.c.id.in_(["flat", DEVICE]))
    await house.execute(speak_on.values(last_received_at=NOON + day))
    assert await ids(house, Wanted(attention=Attention.BATTERY)) == ["flat"]
    assert await ids(house, Wanted(attention=Attention.REFUSED)) == ["wrong"]
    assert await ids(house, Wanted(attention=Attention.QUIET, quiet_since=NOON + day)) == []
    assert await ids(house, Wanted(attention=Attention.QUIET, quiet_since=NOON + 2 * day)) == [DEVICE]


def heard(device: str, battery: float) -> Entry:
    arrival = Arrival(f"bedside/v1/{device}/readings", b"{}", False, NOON, Receipt(0, 0))
    return Entry(arrival, Message(device, "e:1", NOON, NOON, Body((Reading("battery", battery, "%", NOON),), ())))


async def test_a_device_tells_its_connection_and_its_history(house: House) -> None:
    house.sightings.refused(DEVICE, "credential", NOON, "twice")
    await house.sightings.tick(NOON)
    detail = await house.device_reader.detail(OPERATOR, DEVICE)
    refusal = detail.connectivity.last_refusal
    assert refusal is not None
    assert (detail.connectivity.state, refusal.reason, refusal.detail) == ("refused", "credential", "twice")
    assert [(step.action, step.by) for step in detail.history] == [
        ("device.associated", DOCTOR.name),
        ("device.added", OPERATOR.name),
    ]
    house.sightings.connected(DEVICE, NOON + timedelta(seconds=1))
    assert (await house.device_reader.detail(OPERATOR, DEVICE)).connectivity.state == "connected"
    house.sightings.disconnected(DEVICE, NOON + timedelta(seconds=2))
    assert (await house.device_reader.detail(OPERATOR, DEVICE)).connectivity.state == "disconnected"


async def test_a_device_that_is_out_of_service_is_never_connected(house: House) -> None:
    house.sightings.connected(DEVICE, NOON)
    await house.devices.lose(OPERATOR.actor, DEVICE, NOON)
    assert (await house.device_reader.detail(OPERATOR, DEVICE)).connectivity.state == "disconnected"


async def test_of_a_broker_outside_nobody_knows_who_is_connected(house: House) -> None:
    outside = DeviceReader(
        partial(house.store.read, DeviceQueries), house.sightings, outside_broker=True, tells_accounts=True
    )
    detail = await outside.detail(OPERATOR, DEVICE)
    assert (detail.connectivity.state, detail.device.credential_pending) == ("unknown", True)


async def test_the_live_topics_name_nobody(house: House) -> None:
    topic = await house.device_reader.topic(DEVICE)
    assert "patient" not in str(topic["connectivity"])
    assert topic["device"] | {"patient": None, "worn": True} == topic["device"]  # type: ignore[operator]
    before = await house.device_reader.topic("")
    assert (before["total"], before["states"]["new"]) == (1, 1)  # type: ignore[index]
    await house.devices.rotate(OPERATOR.actor, DEVICE, NOON)
    assert (await house.device_reader.topic(""))["revision"] != before["revision"]
    assert await house.device_reader.topic("none") == {}


async def ids(house: House, wanted: Wanted, who: Principal = OPERATOR) -> list[str]:
    return [device.id for device in (await house.device_reader.page(who, wanted)).devices]
