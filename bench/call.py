"""From a click to the first picture of the other: the doctor's on Call next, the patient's on Answer."""

import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import randbelow, token_hex
from typing import Any

from playwright.async_api import Browser, async_playwright, expect

from bench.figures import Figure, Section
from tests.e2e.conftest import ARGUMENTS, CHROMIUM, DESKTOP, PHONE
from tests.e2e.hospital import Hospital
from tests.e2e.people import PASSWORD, Person, book, join, newest_link, open_page, sign_in

BORN = ("1957", "3", "14")
FRAME_S = 30.0
MARKS = """
window.__marks = {};
const now = () => performance.timeOrigin + performance.now();
const mark = (name) => { window.__marks[name] ??= now(); };
document.addEventListener('click', (event) => {
  const button = event.target.closest?.('[data-testid]')?.dataset.testid;
  if (button === 'call-next' || button === 'answer') mark(button);
}, true);
const seen = new WeakSet();
new MutationObserver(() => {
  const video = document.querySelector('[data-testid="remote-video"]');
  if (!video || seen.has(video)) return;
  seen.add(video);
  video.requestVideoFrameCallback(() => mark('frame'));
}).observe(document, { subtree: true, childList: true });
"""  # the video element is made anew with every visit
ANSWER_AT_ONCE = """
() => new MutationObserver((_, observer) => {
  const button = document.querySelector('[data-testid="answer"]');
  if (!button) return;
  observer.disconnect();
  button.click();
}).observe(document.body, { subtree: true, childList: true })
"""


@dataclass(frozen=True)
class Marks:
    """Milliseconds since 1970, on the one clock that all pages of a machine share."""

    called: float
    answered: float
    doctor_saw: float
    patient_saw: float


FIGURES: Mapping[tuple[str, str], Callable[[Marks], float]] = {
    ("click on Call next → first picture", "doctor's page"): lambda marks: marks.doctor_saw - marks.called,
    ("click on Call next → first picture", "patient's page"): lambda marks: marks.patient_saw - marks.called,
    ("click on Answer → first picture", "doctor's page"): lambda marks: marks.doctor_saw - marks.answered,
    ("click on Answer → first picture", "patient's page"): lambda marks: marks.patient_saw - marks.answered,
}


async def measure(quick: bool) -> Section:
    rounds = await _rounds(2 if quick else 10) if CHROMIUM else []
    return Section(
        title="Click → first remote picture",
        command=".venv/bin/python -m bench call",
        method="Doctor and patient in one real Chromium with its fake camera and microphone, on a quiet loopback; the "
        "patient's page answers as soon as the button appears. The end is the first decoded frame of the other that is "
        "given to the compositor (`requestVideoFrameCallback`); camera and microphone are opened on the way.",
        figures=[
            Figure(name=name, against=side, unit="ms", runs=[list(map(between, rounds))] if rounds else [])
            for (name, side), between in FIGURES.items()
        ],
    )


async def _rounds(times: int) -> list[Marks]:
    with tempfile.TemporaryDirectory(prefix="bedside-bench-") as name:
        hospital = Hospital(Path(name))
        hospital.add_staff("doctor", "dr.wei", "Lin Wei", PASSWORD)
        hospital.add_staff("operator", "desk", "Chen Jing", PASSWORD)
        hospital.add_session("dr.wei", "Cardiology")
        await hospital.start()
        try:
            async with _clinic(hospital) as clinic:
                return [await clinic.round() for _ in range(times)]
        finally:
            await hospital.stop()


@asynccontextmanager
async def _clinic(hospital: Hospital) -> AsyncIterator["_Clinic"]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        clinic = _Clinic(hospital, browser, *[await _person(browser, hospital, DESKTOP) for _ in range(2)])
        await sign_in(clinic.doctor, hospital, "dr.wei")
        await sign_in(clinic.operator, hospital, "desk")
        await clinic.doctor.see("open-session").click()
        yield clinic
        await browser.close()


async def _person(browser: Browser, hospital: Hospital, screen: Mapping[str, Any]) -> Person:
    context = await browser.new_context(locale="en-GB", **screen)
    await context.add_init_script(MARKS)
    return await open_page(context, hospital)


@dataclass(frozen=True)
class _Clinic:
    hospital: Hospital
    browser: Browser
    doctor: Person
    operator: Person

    async def round(self) -> Marks:
        """A new patient: booked, joined, called, seen by and seeing the doctor, and sent home."""
        doctor, patient = self.doctor, await _person(self.browser, self.hospital, PHONE)
        # Another person each time: the desk would be asked whether it is the one before.
        await book(doctor, f"Zhao {token_hex(3)}", "1957-03-14", f"138{randbelow(10**8):08d}")
        await join(patient, await newest_link(self.operator, self.hospital), BORN)
        await patient.page.evaluate(ANSWER_AT_ONCE)
        await doctor.page.evaluate("() => { window.__marks = {} }")
        await doctor.see("call-next").click()
        marks = [await _until_frame(person) for person in (doctor, patient)]
        await doctor.see("end-visit").click()
        await doctor.see("end-confirm").click()
        await expect(doctor.see("visit-over")).to_be_visible()
        await patient.context.close()
        return Marks(marks[0]["call-next"], marks[1]["answer"], marks[0]["frame"], marks[1]["frame"])


async def _until_frame(person: Person) -> dict[str, float]:
    await person.page.wait_for_function("() => window.__marks.frame", timeout=FRAME_S * 1000)
    marks: dict[str, float] = await person.page.evaluate("() => window.__marks")
    return marks
