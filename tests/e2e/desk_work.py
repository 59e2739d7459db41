"""What an operator arranges and a stranger notices: a place more and its offer, a day off, a text reworded."""

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
