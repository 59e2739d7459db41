"""Every page at phone and desktop size in both languages: axe finds nothing, and a picture of each is kept."""

from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from tests.e2e.clinic_day import ClinicDay, begin
from tests.e2e.conftest import DESKTOP, PHONE, OpenHospital, OpenPerson
from tests.e2e.people import Person, book, newest_link, pass_second_check

pytestmark = pytest.mark.e2e

SCREENS = Path(__file__).parent / "screens"
SIZES = {"phone": PHONE["viewport"], "desktop": DESKTOP["viewport"]}
LANGUAGES = ("zh-CN", "en")


async def look_at(person: Person, name: str, shown: str) -> None:
    """Sizes × languages of the page as it stands: a picture of each, and no finding of axe."""
    SCREENS.mkdir(exist_ok=True)
    await expect(person.see(shown).first).to_be_attached()  # before that the page has not yet said its language
    for language in LANGUAGES:
        await _speak(person, language)
        for size, viewport in SIZES.items():
            await person.page.set_viewport_size(viewport)  # type: ignore[arg-type]
            await expect(person.see(shown).first).to_be_attached()
            await person.page.wait_for_timeout(150)  # a transition may still run, and axe reads colours
            await person.page.screenshot(path=SCREENS / f"{name}.{size}.{language}.png", full_page=True)
            found = await Axe().run(person.page)
            assert found.violations_count == 0, f"{name} {size} {language}:\n{found.generate_report()}"


async def _speak(person: Person, language: str) -> None:
    if await person.page.locator("html").get_attribute("lang") != language:
        await person.see("language").first.evaluate("button => button.click()")  # a dialog may lie over it
    await expect(person.page.locator("html")).to_have_attribute("lang", language)


async def test_the_patients_pages(open_hospital: OpenHospital, doctor_at: OpenPerson, patient_at: OpenPerson) -> None:
    day = await begin(open_hospital, doctor_at, patient_at)
    await look_at(day.patient, "waiting-room", "waiting-room")
    await day.patient.see("media-try").click()
    await expect(day.patient.see("preview")).to_be_visible()
    await look_at(day.patient, "waiting-room-tried", "meter")
    await _another_patient_before_the_waiting_room(day, patient_at)
    await day.doctor.see("call-next").click()
    await expect(day.patient.see("ringing")).to_be_visible()
    await look_at(day.patient, "ringing", "answer")
    await day.patient.see("answer").click()
    await day.patient.sees_and_hears()
    await look_at(day.patient, "call", "remote-video")
    await look_at(day.doctor, "console-in-visit", "remote-video")
    await day.doctor.see("end-visit").click()
    await look_at(day.doctor, "console-ending", "end-dialog")
    await day.doctor.see("end-confirm").click()
    await expect(day.patient.see("ended")).to_be_visible()
    await look_at(day.patient, "ended", "ended")


async def _another_patient_before_the_waiting_room(day: ClinicDay, patient_at: OpenPerson) -> None:
    await book(day.doctor, "Zhao Lei", "1983-07-02", "138 0013 8000")
    lei = await patient_at(day.hospital)
    await lei.page.goto(await newest_link(day.operator, day.hospital))
    await look_at(lei, "join", "look")
    await lei.see("look-continue").click()
    await look_at(lei, "birth-date", "birth")
    await pass_second_check(lei, ("1983", "7", "1"))
    await expect(lei.see("birth-wrong")).to_be_visible()
    await look_at(lei, "birth-date-wrong", "birth-wrong")
    await pass_second_check(lei, ("1983", "7", "2"))
    await look_at(lei, "notice", "agree")


async def test_the_desk_pages(open_hospital: OpenHospital, doctor_at: OpenPerson, patient_at: OpenPerson) -> None:
    day = await begin(open_hospital, doctor_at, patient_at)
    await look_at(day.doctor, "console", "call-next")
    await day.doctor.see("book-open").click()
    await look_at(day.doctor, "console-booking", "book-form")
    await day.operator.page.goto(f"{day.hospital.url}/outbox")
    await look_at(day.operator, "outbox", "delivery")
    for page in ("sign-in", "ca"):
        visitor = await doctor_at(day.hospital)
        await visitor.page.goto(f"{day.hospital.url}/{page}")
        await look_at(visitor, page, {"sign-in": "sign-in-form", "ca": "ca-download"}[page])
