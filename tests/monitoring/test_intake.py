"""Messages over HTTP: what was taken, refused or put into quarantine is told."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from devices.arrivals import Arrival, KnownDevice
from devices.handover import NotTaken
from devices.reader import Entry, Reader
from devices.readings import Reason
from server.monitoring.errors import DeviceNotLetIn, MessageRefused, NotTakenNow, UnknownFormat
from server.monitoring.intake import Credential, Intake
from server.monitoring.views import ReadingsTaken, RefusalView

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
OX1 = Credential("OX-1", "secret")
SPO2 = b'{"readings": [{"metric": "spo2", "value": 79, "unit": "%"}, {"metric": "temp", "value": NaN, "unit": "Cel"}]}'


class Door:
    """The registry and the database in one: what was let in is read as ingest reads it."""

    def __init__(self) -> None:
        self.delivered: list[Arrival] = []
        self.closed = self.slow = False

    def known(self, device_id: str) -> KnownDevice | None:
        return KnownDevice(device_id, timedelta(0)) if device_id == "OX-1" else None

    def check(self, device_id: str, secret: str) -> bool:
        return (device_id, secret) == ("OX-1", "secret")

    async def deliver(self, arrival: Arrival) -> Entry:
        if self.closed:
            raise NotTaken
        await asyncio.sleep(10 if self.slow else 0)
        self.delivered.append(arrival)
        return Reader(self).read(arrival)

    async def post(self, payload: bytes, format_: str = "readings", credential: Credential = OX1) -> ReadingsTaken:
        intake = Intake(self.check, self.deliver, patience_s=0.05)
        return await intake.take(intake.let_in(credential), format_, payload, NOON)


@pytest.fixture
def door() -> Door:
    return Door()


async def test_what_was_taken_and_what_was_refused_is_told(door: Door) -> None:
    assert await door.post(SPO2) == ReadingsTaken(1, [RefusalView("temp", Reason.NOT_A_NUMBER, "")])
    assert [(one.topic, one.received_at) for one in door.delivered] == [("bedside/v1/OX-1/readings", NOON)]


async def test_a_format_is_read_as_on_its_topic(door: Door) -> None:
    taken = await door.post(b'[{"n": "spo2", "u": "%", "v": 0.79}]', "senml")
    assert (taken.taken, door.delivered[0].topic) == (1, "bedside/v1/OX-1/senml")


@pytest.mark.parametrize("credential", [Credential("OX-1", "wrong"), Credential("OX-2", "secret"), Credential("", "")])
async def test_nobody_else_is_let_in(door: Door, credential: Credential) -> None:
    with pytest.raises(DeviceNotLetIn):
        await door.post(SPO2, credential=credential)
    assert door.delivered == []


@pytest.mark.parametrize("format_", ["", "morse", "status", "ack", "readings/senml", "../OX-2/readings"])
async def test_a_format_that_is_not_read_is_said_to_be_none(door: Door, format_: str) -> None:
    with pytest.raises(UnknownFormat):
        await door.post(SPO2, format_)
    assert door.delivered == []


async def test_a_message_that_cannot_be_read_is_told_to_be_in_quarantine(door: Door) -> None:
    with pytest.raises(MessageRefused) as refused:
        await door.post(b"{")
    assert refused.value.reason is Reason.BAD_JSON
    assert len(door.delivered) == 1


async def test_a_wrong_envelope_does_not_hide_what_was_taken(door: Door) -> None:
    taken = await door.post(b'{"seq": -1, "readings": [{"metric": "spo2", "value": 79, "unit": "%"}]}')
    assert taken == ReadingsTaken(1, [RefusalView(None, Reason.WRONG_SHAPE, "seq")])


async def test_what_is_not_stored_in_time_is_never_said_to_be(door: Door) -> None:
    door.slow = True
    with pytest.raises(NotTakenNow):
        await door.post(SPO2)
    door.slow, door.closed = False, True
    with pytest.raises(NotTakenNow):
        await door.post(SPO2)
