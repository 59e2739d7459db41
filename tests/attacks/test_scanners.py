"""Six kinds of scanner open the link before the patient: nothing has happened, and the patient's link still works."""

import asyncio
from typing import Any

import pytest
from playwright.async_api import Browser

from tests.attacks.scanners import SCANNERS, Scanner
from tests.attacks.ward import NOBODY, Caller, Person, Ward, book, token_of
from tests.e2e.conftest import browser

__all__ = ["browser"]  # a fixture
pytestmark = pytest.mark.e2e

RECORD = ("join_links", "sign_ins", "tickets", "sessions", "patients", "visits", "consents", "deliveries")
REFUSED = "user.sign_in_refused"  # what is tried at the staff's door is on record, and nothing else is


async def record(ward: Ward) -> dict[str, list[dict[str, Any]]]:
    """All that a link could change, once the house has come to rest: a booking's own messages are sent by then."""
    seen = ward.record(*RECORD)
    async with asyncio.timeout(10):
        while True:
            await asyncio.sleep(0.5)
            before, seen = seen, ward.record(*RECORD)
            if before == seen:
                return {**seen, "audit": ward.rows("SELECT * FROM audit WHERE action <> ?", REFUSED)}


async def _link(caller: Caller, ward: Ward, person: Person) -> tuple[str, str]:
    """Ticket and token of a fresh booking in an open session."""
    doctor = await caller.sign_in("dr.a")
    session = (await caller.take(doctor, "GET", "/sessions"))[0]["id"]
    await caller.take(doctor, "POST", f"/sessions/{session}/open")
    ticket = await book(caller, doctor, session, person)
    return str(ticket["id"]), await token_of(caller, ward.operator, person.phone)


@pytest.mark.parametrize("scanner", SCANNERS, ids=lambda scanner: scanner.__name__)
async def test_whoever_opens_the_link_first_has_changed_nothing(
    open_house: Ward, browser: Browser, scanner: Scanner
) -> None:
    person = Person("Zhao Min", "1957-03-14", f"138001380{SCANNERS.index(scanner):02}")
    async with open_house.caller() as caller:
        ticket, token = await _link(caller, open_house, person)
        before = await record(open_house)
        await scanner(f"{open_house.hospital.url}/join#{token}", browser)
        assert await record(open_house) == before
        assert (await caller.take(NOBODY, "POST", "/join/look", {"token": token}))["tries_left"] == 5
        patient = await caller.join(token, person.birth_date)
        assert patient.owns["ticket"] == ticket
        assert (await caller.take(patient, "GET", "/ticket"))["state"] == "arrived"
    assert token not in open_house.hospital.log()
