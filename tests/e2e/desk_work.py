"""What an operator arranges and others notice: places, moves, a day off, a text reworded, a call that must be made."""

import asyncio
import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from playwright.async_api import expect

from tests.e2e.hospital import Hospital
from tests.e2e.looking import look_at
from tests.e2e.people import Person


async def a_place_is_offered_and_taken(hospital: Hospital, operator: Person, stranger: Person) -> None:
    """Who was put on the waiting list opens the link, mistypes the birth date once, and has number 2."""
    [full] = hospital.rows("SELECT DISTINCT session_id AS id FROM tickets")
    wider = f"{hospital.url}/api/v1/sessions/{full['id']}/capacity"
    assert (await operator.context.request.post(wider, data={"capacity": 2})).ok
    await stranger.page.goto(await _offered(operator, hospital))
    await stranger.see("offer-birth-date").fill("1961-05-05")
    await stranger.see("offer-accept").click()
    await expect(stranger.see("offer")).to_contain_text("4")
    await look_at(stranger, "book-offer", "offer")
    await stranger.see("offer-birth-date").fill("1961-05-04")
    await stranger.see("offer-accept").click()
    await expect(stranger.see("booked")).to_contain_text("2")
    assert hospital.rows("SELECT serial FROM tickets ORDER BY serial") == [{"serial": 1}, {"serial": 2}]


async def _offered(operator: Person, hospital: Hospital) -> str:
    async with asyncio.timeout(20):
        while True:
            letters = await (await operator.context.request.get(f"{hospital.url}/api/v1/outbox")).json()
            found = [re.search(r"https?://\S+/book#[A-Za-z0-9_-]+", letter["body"]) for letter in letters]
            if link := next(filter(None, found), None):
                return link[0]
            await asyncio.sleep(0.2)


async def a_patient_is_moved(hospital: Hospital, doctor: Person) -> None:
    """With the dialog of number 1 open: to the one other session, under its number 1."""
    await doctor.see("act-move").click()
    await doctor.see("target-session").select_option(index=1)
    await look_at(doctor, "console-move", "target-session")
    await expect(doctor.see("target-session")).to_be_visible()
    await doctor.see("reason-submit").click()
    await expect(doctor.see("ticket-dialog")).to_have_count(0)
    moved = "SELECT title, serial FROM tickets JOIN sessions ON sessions.id = session_id WHERE came_from IS NOT NULL"
    assert hospital.rows(moved) == [{"title": "Later", "serial": 1}]


async def a_call_is_made(operator: Person) -> None:
    """At the desk: whom no message has reached, is reached by a person and leaves the list."""
    waits = operator.see("not-reached").filter(has_text="Zhao Lei").filter(has=operator.see("call-reached")).first
    await expect(waits).to_be_visible()
    await look_at(operator, "desk-not-reached", "call-reached")
    before = await operator.see("not-reached").count()
    await waits.get_by_test_id("call-reached").click()
    await expect(operator.see("not-reached")).to_have_count(before - 1)


async def a_line_is_bounded(hospital: Hospital, operator: Person) -> None:
    await operator.see("capacity-open").first.click()
    await operator.see("capacity").fill("7")
    await look_at(operator, "desk-capacity", "capacity-dialog")
    await operator.see("capacity-submit").click()
    await expect(operator.see("capacity-dialog")).to_have_count(0)
    assert sorted(row["capacity"] or 0 for row in hospital.rows("SELECT capacity FROM sessions")) == [0, 7]


async def a_day_off(hospital: Hospital, operator: Person) -> None:
    """The window of the week after next is nobody's yet, and goes."""
    day = datetime.now(ZoneInfo("Asia/Shanghai")).date() + timedelta(days=8)
    await operator.page.goto(f"{hospital.url}/roster")
    await operator.see("holiday-day").fill(day.isoformat())
    await operator.see("holiday-name").fill("院庆")
    await operator.see("holiday-submit").click()
    await expect(operator.see("holiday-done")).to_contain_text("1")
    assert hospital.rows("SELECT day, name FROM holidays") == [{"day": day.isoformat(), "name": "院庆"}]


async def a_text_is_reworded(hospital: Hospital, operator: Person) -> None:
    """With its editor open: what is typed is shown as it will arrive, and then kept."""
    words = await operator.see("text-body").input_value()
    await operator.see("text-body").fill(f"{words} 院庆")
    await expect(operator.see("text-preview")).to_contain_text("院庆")
    await operator.see("text-save").click()
    await expect(operator.see("text-dialog")).to_have_count(0)
    assert [row["body"] for row in hospital.rows("SELECT body FROM message_templates")] == [f"{words} 院庆"]
