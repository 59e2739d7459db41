"""A patient moves the own visit and is told what becomes of the number; the browser's notifications, said plainly.

No push service is reached from here: what the worker does with a message is tried, subscribing to a real one is not.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import CDPSession, Worker, expect

from tests.e2e.conftest import OpenHospital, OpenPerson
from tests.e2e.hospital import Hospital
from tests.e2e.looking import look_at
from tests.e2e.people import PASSWORD, Person, enter, join, newest_link

pytestmark = pytest.mark.e2e

PUSH = {"GATEWAYS__PUSH": "webpush", "PUSH__CONTACT": "mailto:it@hospital.example"}
PERSON = {"name": "Zhao Min", "sex": "female", "birth_date": "1957-03-14", "phone": "138 0013 8000", "locale": "zh-CN"}
BORN = ("1957", "3", "14")


async def test_a_patient_moves_and_is_told_by_the_browser_or_why_not(
    open_hospital: OpenHospital, doctor_at: OpenPerson, patient_at: OpenPerson
) -> None:
    hospital = await open_hospital(**PUSH)
    hospital.add_staff("doctor", "dr.wei", "Lin Wei", PASSWORD, "+8613800000001")
    hospital.add_staff("operator", "desk", "Chen Jing", PASSWORD, "+8613800000003")
    await hospital.start()
    operator, patient = await doctor_at(hospital), await patient_at(hospital)
    await enter(operator, hospital, "desk")
    today, tomorrow = await _two_days(operator, hospital)
    await _sent(operator, "POST", f"{hospital.url}/api/v1/bookings", {**PERSON, "session_id": today})
    await join(patient, await newest_link(operator, hospital), BORN)
    await _notifications(patient, hospital)
    await _another_time(patient, hospital)
    assert hospital.rows("SELECT serial, state FROM tickets WHERE session_id = ?", tomorrow) == [
        {"serial": 1, "state": "booked"}
    ]
    await _back_to_today(patient)
    assert hospital.rows("SELECT serial, state FROM tickets WHERE session_id = ? ORDER BY serial", today) == [
        {"serial": 1, "state": "transferred"},
        {"serial": 2, "state": "arrived"},
    ]


async def _two_days(operator: Person, hospital: Hospital) -> tuple[str, str]:
    """Dr Wei's sessions of today and tomorrow, the department's, as the roster makes them."""
    of = f"{hospital.url}/api/v1/roster"
    department = await _sent(operator, "POST", f"{of}/departments", {"name": "心内科", "name_en": "Cardiology"})
    [doctor] = hospital.rows("SELECT id FROM users WHERE login = 'dr.wei'")
    await _sent(operator, "PUT", f"{of}/doctors/{doctor['id']}", {"department_id": department["id"]})
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    whose = {"doctor_id": doctor["id"], "department_id": department["id"], "title": "心内科", "capacity": 9}
    for day, opens in ((today, "00:00"), (today + timedelta(1), "12:00")):  # hours before it nobody checks in
        hours = {"first_day": str(day), "last_day": str(day), "weekday": day.weekday(), "opens": opens}
        await _sent(operator, "POST", f"{of}/templates", {**whose, **hours, "closes": "23:59"})
    sessions = hospital.rows("SELECT id FROM sessions ORDER BY opens_at")
    return str(sessions[0]["id"]), str(sessions[1]["id"])


async def _sent(operator: Person, method: str, address: str, body: object) -> dict[str, str]:
    reply = await operator.context.request.fetch(address, method=method, data=body)
    assert reply.ok, await reply.text()
    return dict(await reply.json()) if await reply.body() else {}


async def _notifications(patient: Person, hospital: Hospital) -> None:
    """Nothing is asked before the tap; without a push service it is said that SMS remains."""
    await patient.context.grant_permissions(["notifications"], origin=hospital.url)
    await patient.page.reload()
    await expect(patient.see("push")).to_have_attribute("data-state", "off")
    assert not patient.context.service_workers, "nothing is installed before the tap"
    await patient.see("push-start").click()
    await expect(patient.see("push")).to_have_attribute("data-state", "unreachable", timeout=30_000)
    await expect(patient.see("push")).to_contain_text("短信")
    await look_at(patient, "waiting-room-push", "push")
    await _a_message_comes(patient, hospital)


async def _a_message_comes(patient: Person, hospital: Hospital) -> None:
    """As the push service would hand it over: shown without its link, confirmed, and leading to this site alone."""
    [worker] = patient.context.service_workers
    devtools = await patient.context.new_cdp_session(patient.page)
    text = f"请立即打开： {hospital.url}/join#secret"
    message = {"id": "d" * 32, "title": "青山", "text": text, "url": f"{hospital.url}/join#secret"}
    await patient.page.evaluate("() => navigator.serviceWorker.ready.then(() => null)")  # before that nobody takes it
    await _deliver(devtools, hospital, json.dumps(message))
    # confirmed once it is shown; Chromium forgets a notification that is asked for while it is being put up
    await _until(lambda: asyncio.to_thread(lambda: "/v1/push/received" in hospital.log()))
    shown = (
        "async () => (await (await navigator.serviceWorker.ready).getNotifications())"
        ".map(({ title, body, tag, data }) => ({ title, body, tag, data }))"
    )
    told = await _until(lambda: patient.page.evaluate(shown))
    assert told == [{"title": "青山", "body": "请立即打开", "tag": "d" * 32, "data": "/join#secret"}]
    assert await worker.evaluate("caches.keys()") == []
    assert [await _place(worker, url) for url in ("https://evil.example/console", "https://evil.example/x", "")] == [
        "/console",
        None,
        None,
    ]


async def _place(worker: Worker, url: str) -> str | None:
    found: str | None = await worker.evaluate("url => place(url)", url)
    return found


async def _deliver(devtools: CDPSession, hospital: Hospital, data: str) -> None:
    known: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def heard(event: dict[str, list[dict[str, str]]]) -> None:
        for registration in event["registrations"]:
            if not known.done():
                known.set_result(registration["registrationId"])

    devtools.on("ServiceWorker.workerRegistrationUpdated", heard)
    await devtools.send("ServiceWorker.enable")
    message = {"origin": hospital.url, "registrationId": await asyncio.wait_for(known, 10), "data": data}
    await devtools.send("ServiceWorker.deliverPushMessage", message)


async def _until(ask: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ANN401 – what a page says, once it says something
    async with asyncio.timeout(15):
        while not (found := await ask()):
            await asyncio.sleep(0.1)
    return found


async def _another_time(patient: Person, hospital: Hospital) -> None:
    await patient.see("move").click()
    await expect(patient.see("move-to")).to_have_count(1)
    await look_at(patient, "move-choices", "move-to")
    await patient.see("move-to").click()
    await expect(patient.see("move-question")).to_contain_text("1")
    await look_at(patient, "move-question", "move-question")
    await patient.see("move-no").click()
    await expect(patient.see("move")).to_be_focused()
    assert hospital.rows("SELECT state FROM tickets") == [{"state": "arrived"}]
    await patient.see("move").click()
    await patient.see("move-to").click()
    await patient.see("move-yes").click()
    await expect(patient.see("moved")).to_contain_text("the new one is 1")
    await expect(patient.see("check-in-later")).to_be_visible()


async def _back_to_today(patient: Person) -> None:
    """Into hours that run: the patient is not in the line until having checked in anew."""
    await patient.see("move").click()
    await patient.see("move-to").click()
    await patient.see("move-yes").click()
    await expect(patient.see("moved")).to_contain_text("the new one is 2")
    await look_at(patient, "moved-today", "check-in")
    await patient.see("check-in").click()
    await expect(patient.see("waiting-room")).to_be_visible()
    await expect(patient.see("serial")).to_have_text("2")
    await expect(patient.see("ahead")).to_have_attribute("data-ahead", "0")
