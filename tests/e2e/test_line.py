"""A line that holds: a phone without network, a locked one, a missed call, and a second doctor who joins."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, expect

from tests.e2e.conftest import ARGUMENTS, CHROMIUM, PHONE, OpenHospital, OpenPerson
from tests.e2e.hospital import Hospital
from tests.e2e.people import PASSWORD, Person, book, join, newest_link, open_page, sign_in
from tests.ports import free_port

pytestmark = pytest.mark.e2e

WITHOUT_NETWORK = timedelta(minutes=2)
RING_S = 15
GIVEN_UP_MS = 60_000  # until the server takes a silent phone for gone
BACK_MS = 30_000


@dataclass
class Clinic:
    """Number 1 is Min's, number 2 Lei's; Wei owns the session, Sun comes to the same department."""

    hospital: Hospital
    operator: Person
    wei: Person
    sun: Person
    min: Person
    lei: Person

    def row(self, serial: int, within: str = "") -> Locator:
        """A ticket as Wei sees it."""
        return self.wei.page.locator(f"[data-serial='{serial}'] {within}")

    def tickets(self) -> list[dict[str, Any]]:
        kept = "serial, state, place, missed, cause, arrived_at"
        return self.hospital.rows(f"SELECT {kept} FROM tickets ORDER BY serial")  # noqa: S608 – no value of anybody's


@pytest_asyncio.fixture(loop_scope="session")
async def lockable_phone_at(browser: Browser) -> AsyncIterator[OpenPerson]:
    """A browser of its own: with its defaults Playwright keeps a page in view, and only a hidden one can be frozen."""
    port = free_port()
    chromium = browser.browser_type
    phone = await chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, f"--remote-debugging-port={port}"])
    bare = await chromium.connect_over_cdp(f"http://127.0.0.1:{port}", no_defaults=True)
    opened: list[Person] = []

    async def make(hospital: Hospital) -> Person:
        opened.append(await open_page(bare.contexts[0], hospital))
        await opened[-1].page.set_viewport_size(PHONE["viewport"])  # type: ignore[arg-type]
        return opened[-1]

    yield make
    await bare.close()
    await phone.close()
    for person in opened:
        assert not person.trouble, person.trouble


async def test_a_place_outlives_the_phone_and_two_doctors_never_call_one_person(
    open_hospital: OpenHospital, doctor_at: OpenPerson, patient_at: OpenPerson, lockable_phone_at: OpenPerson
) -> None:
    hospital = await open_hospital(CLINIC__RING_S=str(RING_S))
    operator, wei, sun = [await doctor_at(hospital) for _ in range(3)]
    clinic = Clinic(hospital, operator, wei, sun, await patient_at(hospital), await lockable_phone_at(hospital))
    await _consulting_hours(clinic)
    await _both_wait(clinic)
    before = clinic.tickets()
    await asyncio.gather(_two_minutes_without_network(clinic), _a_locked_phone(clinic), _a_colleague_joins(clinic))
    assert clinic.tickets() == before, "a phone that went away has cost something"
    assert len(clinic.hospital.rows("SELECT id FROM audit WHERE action = 'ticket.arrived'")) == 2
    await _a_missed_call(clinic)
    await _one_each(clinic)


async def _consulting_hours(clinic: Clinic) -> None:
    """The operator puts Wei into a department and on today's roster; Wei opens the session."""
    hospital, operator = clinic.hospital, clinic.operator
    hospital.add_staff("doctor", "dr.wei", "Lin Wei", PASSWORD, "+8613800000001")
    hospital.add_staff("operator", "desk", "Chen Jing", PASSWORD, "+8613800000003")
    await hospital.start()
    await sign_in(operator, hospital, "desk")
    roster = f"{hospital.url}/api/v1/roster"
    department = await _sent(operator, "POST", f"{roster}/departments", {"name": "心内科", "name_en": "Cardiology"})
    wei = await _of_the_department(clinic, "dr.wei")
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    of_the_day = {"first_day": today.isoformat(), "weekday": today.weekday(), "opens": "00:00", "closes": "23:59"}
    whose = {"doctor_id": wei, "department_id": department["id"], "title": "心内科"}
    await _sent(operator, "POST", f"{roster}/templates", {**whose, **of_the_day})
    await sign_in(clinic.wei, hospital, "dr.wei")
    await clinic.wei.see("open-session").click()


async def _of_the_department(clinic: Clinic, login: str) -> str:
    """The doctor's id."""
    [doctor] = clinic.hospital.rows("SELECT id FROM users WHERE login = ?", login)
    [department] = clinic.hospital.rows("SELECT id FROM departments")
    profile = f"{clinic.hospital.url}/api/v1/roster/doctors/{doctor['id']}"
    await _sent(clinic.operator, "PUT", profile, {"department_id": department["id"]})
    return str(doctor["id"])


async def _both_wait(clinic: Clinic) -> None:
    await book(clinic.wei, "Zhao Min", "1957-03-14", "138 0013 8000")
    first = await newest_link(clinic.operator, clinic.hospital)
    await book(clinic.wei, "Zhao Lei", "1983-07-02", "138 0013 8000")
    second = await newest_link(clinic.operator, clinic.hospital)
    await asyncio.gather(join(clinic.min, first, ("1957", "3", "14")), join(clinic.lei, second, ("1983", "7", "2")))
    await asyncio.gather(_stands(clinic.min, serial=1, ahead=0), _stands(clinic.lei, serial=2, ahead=1))


async def _sent(operator: Person, method: str, address: str, body: Mapping[str, object]) -> dict[str, Any]:
    reply = await operator.context.request.fetch(address, method=method, data={**body})
    assert reply.ok, await reply.text()
    answer: dict[str, Any] = await reply.json() if await reply.body() else {}
    return answer


async def _two_minutes_without_network(clinic: Clinic) -> None:
    """The page says so and the doctor sees it; then number, place and the live line are there again."""
    clock = asyncio.get_running_loop()
    back_at = clock.time() + WITHOUT_NETWORK.total_seconds()
    await clinic.min.context.set_offline(True)
    await expect(clinic.min.see("offline")).to_be_visible(timeout=GIVEN_UP_MS)
    await expect(clinic.row(1, ".dot.away")).to_be_visible(timeout=GIVEN_UP_MS)
    await asyncio.sleep(back_at - clock.time())
    await expect(clinic.min.see("offline")).to_be_visible()
    await expect(clinic.row(1)).to_have_attribute("data-state", "arrived")
    await clinic.min.context.set_offline(False)
    await expect(clinic.min.see("offline")).to_be_hidden(timeout=BACK_MS)
    await expect(clinic.row(1, ".dot.on")).to_be_visible(timeout=BACK_MS)
    await _stands(clinic.min, serial=1, ahead=0)


async def _a_locked_phone(clinic: Clinic) -> None:
    """Out of sight and frozen until the server has given it up; then awake, then refreshed."""
    lei = clinic.lei.page
    other = await lei.context.new_page()
    await other.bring_to_front()
    devtools = await lei.context.new_cdp_session(lei)
    await devtools.send("Page.setWebLifecycleState", {"state": "frozen"})
    await expect(clinic.row(2, ".dot.away")).to_be_visible(timeout=GIVEN_UP_MS)
    await devtools.send("Page.setWebLifecycleState", {"state": "active"})
    await lei.bring_to_front()
    await expect(clinic.row(2, ".dot.on")).to_be_visible(timeout=BACK_MS)
    await _stands(clinic.lei, serial=2, ahead=1)
    await lei.reload()
    await _stands(clinic.lei, serial=2, ahead=1)


async def _a_colleague_joins(clinic: Clinic) -> None:
    """New in the department, Sun finds Wei's line in the console and serves it too."""
    hospital = clinic.hospital
    await asyncio.to_thread(hospital.add_staff, "doctor", "dr.sun", "Sun Yue", PASSWORD, "+8613800000002")
    await _of_the_department(clinic, "dr.sun")
    await sign_in(clinic.sun, hospital, "dr.sun")
    await expect(clinic.sun.see("other-line")).to_be_visible()
    await expect(clinic.sun.see("call-next")).to_have_count(0)
    await clinic.sun.see("join-session").click()
    await expect(clinic.wei.see("serving")).to_contain_text("Sun Yue")
    await expect(clinic.sun.see("call-next")).to_contain_text("1")
    joined = "SELECT login FROM session_doctors JOIN users ON users.id = user_id"
    assert hospital.rows(joined) == [{"login": "dr.sun"}]


async def _a_missed_call(clinic: Clinic) -> None:
    """Min goes behind Lei, who is all there is, and reads why."""
    await clinic.wei.see("call-next").click()
    await expect(clinic.min.see("ringing")).to_be_visible()
    await expect(clinic.min.see("missed")).to_contain_text("呼叫过您", timeout=RING_S * 1000 + BACK_MS)
    await expect(clinic.min.see("missed")).to_contain_text("您的号已保留：前面还有 1 位")
    await asyncio.gather(_stands(clinic.min, serial=1, ahead=1), _stands(clinic.lei, serial=2, ahead=0))
    first, second = clinic.tickets()
    assert (first["state"], first["missed"], first["cause"]) == ("arrived", 1, "patient_absent")
    assert first["place"] > second["place"]
    assert clinic.hospital.rows("SELECT state FROM visits") == [{"state": "missed"}]


async def _one_each(clinic: Clinic) -> None:
    """Wei is with Lei when Sun calls the next number: Min, and nobody twice."""
    await clinic.wei.see("visit-done").click()
    await clinic.wei.see("call-next").click()
    await clinic.lei.see("answer").click()
    await expect(clinic.row(2)).to_have_attribute("data-state", "in_visit")
    await expect(clinic.sun.see("call-next")).to_contain_text("1")
    await clinic.sun.see("call-next").click()
    await expect(clinic.min.see("ringing")).to_contain_text("Sun Yue")
    await clinic.min.see("answer").click()
    await asyncio.gather(*(one.sees_and_hears() for one in (clinic.wei, clinic.lei, clinic.sun, clinic.min)))
    visits = (
        "SELECT login, serial FROM visits JOIN tickets ON tickets.id = ticket_id"
        " JOIN users ON users.id = visits.doctor_id WHERE visits.state = 'in_visit' ORDER BY serial"
    )
    assert clinic.hospital.rows(visits) == [{"login": "dr.sun", "serial": 1}, {"login": "dr.wei", "serial": 2}]
    assert [ticket["state"] for ticket in clinic.tickets()] == ["in_visit", "in_visit"]


async def _stands(patient: Person, serial: int, ahead: int) -> None:
    await expect(patient.see("serial")).to_have_text(str(serial))
    await expect(patient.see("ahead")).to_have_attribute("data-ahead", str(ahead))
