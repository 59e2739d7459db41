"""Polyglot names, notes, titles and labels in real Chromium, and what is left in a browser after signing out."""

import re

import pytest
from playwright.async_api import expect

from tests.attacks.polyglots import POLYGLOTS
from tests.attacks.ward import PASSWORD, Caller, Person, Ward, Who, agree, open_ward, token_of
from tests.e2e.conftest import OpenHospital, OpenPerson, browser, doctor_at, open_hospital, patient_at
from tests.e2e.people import Person as AtScreen
from tests.e2e.people import sign_in

__all__ = ["browser", "doctor_at", "open_hospital", "patient_at"]  # fixtures
pytestmark = pytest.mark.e2e

CANARY = "window.__sung = []; window.canary = (n) => window.__sung.push(n);"
NOTE = "\n".join(POLYGLOTS)


async def _poisoned(ward: Ward) -> str:
    """Every text that anybody may type is a polyglot. The first patient's token."""
    async with ward.caller() as caller:
        doctor = await caller.sign_in("dr.a")
        session = (await caller.take(doctor, "GET", "/sessions"))[0]["id"]
        await caller.take(doctor, "POST", f"/sessions/{session}/open")
        tickets = [await _book(caller, doctor, session, name, n) for n, name in enumerate(POLYGLOTS)]
        token = await token_of(caller, ward.operator, "13800138100")
        patient = await caller.join(token, "1957-03-14")
        await agree(caller, patient)
        for name in POLYGLOTS[:6]:
            wish = {"id": f"ox-{POLYGLOTS.index(name)}", "label": name}
            await caller.take(ward.operator, "POST", "/devices", wish)
        first = tickets[0]["patient"]["id"]
        await caller.take(
            doctor, "POST", f"/patients/{first}/devices", {"device_id": "ox-1", "profile": "adult-continuous"}
        )
        visit = (await caller.take(doctor, "POST", f"/sessions/{session}/call-next"))["visit"]["id"]
        await caller.take(patient, "POST", "/ticket/answer")
        await caller.take(doctor, "PUT", f"/visits/{visit}/note", {"body": NOTE, "version": 0})
    return token


async def _book(caller: Caller, doctor: Who, session: str, name: str, number: int) -> dict[str, dict[str, str]]:
    person = Person(name, "1957-03-14", f"138001381{number:02d}")
    reply = await caller.ask(doctor, "POST", f"/sessions/{session}/tickets", person.booking)
    assert reply.status == 201, (name, reply.body)
    ticket: dict[str, dict[str, str]] = reply.body["ticket"]
    return ticket


async def _nothing_sang(person: AtScreen) -> None:
    await person.page.wait_for_timeout(150)
    assert await person.page.evaluate("window.__sung") == []
    inline = (
        "document.querySelectorAll('script:not([src]), [onload], [onerror], [onclick], iframe, base, style').length"
    )
    assert await person.page.evaluate(inline) == 0, "nothing inline, no frame, no base"
    assert not person.trouble, person.trouble


async def test_polyglots_are_text_on_every_page(
    open_hospital: OpenHospital, doctor_at: OpenPerson, patient_at: OpenPerson
) -> None:
    hospital = await open_hospital()
    token = await _poisoned(await open_ward(hospital, POLYGLOTS[1]))
    doctor, operator, patient = await doctor_at(hospital), await doctor_at(hospital), await patient_at(hospital)
    for person in (doctor, operator, patient):
        await person.context.add_init_script(CANARY)
    await sign_in(doctor, hospital, "dr.a")
    await expect(doctor.page.get_by_text(POLYGLOTS[0]).first).to_be_visible()
    await expect(doctor.see("note")).to_have_value(NOTE)
    await expect(doctor.page.get_by_text(POLYGLOTS[1]).first).to_be_attached()
    await _nothing_sang(doctor)
    await _signed_out_leaves_nothing_behind(doctor)
    await sign_in(operator, hospital, "desk")
    await operator.page.goto(f"{hospital.url}/outbox")
    await expect(operator.see("delivery").first).to_be_visible()
    await _nothing_sang(operator)
    for hostile in (
        f"#{token}",
        "#<img src=x onerror=canary(31)>",
        "#javascript:canary(32)",
        "?next=javascript:canary(33)",
    ):
        await patient.page.goto("about:blank")
        await patient.page.goto(f"{hospital.url}/join{hostile}")
        await patient.page.wait_for_timeout(200)
        assert patient.page.url.endswith(("/join", "/join?next=javascript:canary(33)")), (
            "the token is not in the address bar"
        )
        await _nothing_sang(patient)
    await _next_leads_nowhere_else(operator, hospital.url)


async def _next_leads_nowhere_else(person: AtScreen, url: str) -> None:
    """Where the sign-in page leads to is ours, whatever ``next`` says."""
    for target in ("//evil.example/", "javascript:canary(34)", "/\\evil.example"):
        await person.context.clear_cookies()
        await person.page.goto(f"{url}/sign-in?next={target}")
        await person.see("login").fill("desk")
        await person.see("password").fill(PASSWORD)
        await person.see("sign-in").click()
        await expect(person.page).to_have_url(re.compile(rf"{url}/(console|desk)"))
        await _nothing_sang(person)


async def _signed_out_leaves_nothing_behind(person: AtScreen) -> None:
    """The way back, the back-forward cache included, shows no patient."""
    await person.see("sign-out").click()
    await expect(person.see("sign-in-form")).to_be_visible()
    await person.page.go_back()
    await person.page.wait_for_timeout(500)
    assert POLYGLOTS[0] not in await person.page.locator("body").inner_text()
    await expect(person.see("sign-in-form")).to_be_visible()
