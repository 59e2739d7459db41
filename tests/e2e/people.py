"""A doctor and a patient in front of their screens, as tests speak of them."""

import asyncio
import re
from dataclasses import dataclass
from typing import Any

from playwright.async_api import BrowserContext, Locator, Page, expect

from tests.e2e.hospital import Hospital

PASSWORD = "correct-horse-battery"
WATCH_CALLS = """
window.__calls = [];
const Original = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Original {
  constructor(...given) { super(...given); window.__calls.push(this); }
};
window.__beeps = 0;
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...given) { window.__beeps += 1; return start.apply(this, given); };
"""  # the page's own connections, kept where a test can ask them for their statistics; the tones that it plays
MEDIA = """
async () => {
  const sums = { framesDecoded: 0, audioPackets: 0, audioEnergy: 0, types: [] };
  for (const call of window.__calls.filter((c) => c.connectionState === 'connected')) {
    const report = await call.getStats();
    for (const stat of report.values()) {
      if (stat.type === 'inbound-rtp' && stat.kind === 'video') sums.framesDecoded += stat.framesDecoded ?? 0;
      if (stat.type === 'inbound-rtp' && stat.kind === 'audio') {
        sums.audioPackets += stat.packetsReceived ?? 0; sums.audioEnergy += stat.totalAudioEnergy ?? 0;
      }
      if (stat.type === 'local-candidate') sums.types.push(stat.candidateType);
    }
  }
  return sums;
}
"""


@dataclass
class Person:
    """Somebody with a page open. ``trouble`` collects what a page must never do: errors and foreign requests."""

    page: Page
    context: BrowserContext
    trouble: list[str]

    def see(self, testid: str) -> Locator:
        return self.page.get_by_test_id(testid)

    async def media(self) -> dict[str, Any]:
        heard: dict[str, Any] = await self.page.evaluate(MEDIA)
        return heard

    async def sees_and_hears(self) -> None:
        """Frames are decoded and sound comes, and both go on."""
        before = after = await self.media()
        deadline = asyncio.get_running_loop().time() + 30
        while after["framesDecoded"] < before["framesDecoded"] + 20:
            assert asyncio.get_running_loop().time() < deadline, f"no picture: {before} → {after}"
            await asyncio.sleep(0.2)
            after = await self.media()
            if after["framesDecoded"] < before["framesDecoded"]:
                before = after  # the connection was made anew
        assert after["audioPackets"] > before["audioPackets"]
        assert after["audioEnergy"] > 0, "packets without sound"
        assert "relay" not in after["types"], "two people talk directly"


async def open_page(context: BrowserContext, hospital: Hospital) -> Person:
    await context.add_init_script(WATCH_CALLS)
    page = await context.new_page()
    trouble: list[str] = []
    page.on("pageerror", lambda error: trouble.append(f"error: {error}"))
    page.on("console", lambda line: trouble.append(line.text) if "Content Security Policy" in line.text else None)
    page.on("request", lambda request: _foreign(request.url, hospital, trouble))
    return Person(page, context, trouble)


def _foreign(url: str, hospital: Hospital, trouble: list[str]) -> None:
    if not re.match(rf"(https?|wss?|blob:https?)://localhost:{hospital.http}/|blob:", url):
        trouble.append(f"foreign request: {url}")


async def sign_in(person: Person, hospital: Hospital, login: str, password: str = PASSWORD) -> None:
    await person.page.goto(f"{hospital.url}/console")
    await person.see("login").fill(login)
    await person.see("password").fill(password)
    await person.see("sign-in").click()
    await expect(person.see("who")).to_be_visible()


async def enter(person: Person, hospital: Hospital, login: str, password: str = PASSWORD) -> None:
    """Signed in as the form does it, which has tests of its own, and on no page yet."""
    told = {"login": login, "password": password}
    reply = await person.context.request.post(f"{hospital.url}/api/v1/sign-in", data=told)
    assert reply.ok, await reply.text()


async def enter_console(person: Person, hospital: Hospital, login: str) -> None:
    await enter(person, hospital, login)
    await person.page.goto(f"{hospital.url}/console")
    await expect(person.see("who")).to_be_visible()


async def book(doctor: Person, name: str, birth_date: str, phone: str) -> int:
    """Through the form; the serial number that it shows."""
    await doctor.see("book-open").click()
    await doctor.see("book-name").fill(name)
    await doctor.see("book-sex").select_option("female")
    await doctor.see("book-birth-date").fill(birth_date)
    await doctor.see("book-phone").fill(phone)
    await doctor.see("book-submit").click()
    serial = int(await doctor.see("booked-serial").inner_text())
    await doctor.see("booked-close").click()
    return serial


async def newest_link(operator: Person, hospital: Hospital) -> str:
    """The join link as the outbox shows it."""
    reply = await operator.context.request.get(f"{hospital.url}/api/v1/outbox")
    letters = [letter for letter in await reply.json() if "/join#" in letter["body"]]
    found = re.search(r"https?://\S+/join#[A-Za-z0-9_-]{22}", letters[0]["body"])
    assert found, letters[0]
    return found[0]


async def join(patient: Person, link: str, birth_date: tuple[str, str, str], *, agreed: bool = False) -> None:
    """From the link to the waiting room: a tap, the birth date, and the notice unless it is agreed to already."""
    await patient.page.goto(link)
    await patient.see("look-continue").click()
    await pass_second_check(patient, birth_date)
    if not agreed:
        await patient.see("agree").click()
    await expect(patient.see("waiting-room")).to_be_visible()


async def pass_second_check(patient: Person, birth_date: tuple[str, str, str]) -> None:
    for part, value in zip(("year", "month", "day"), birth_date, strict=True):
        await patient.see(f"birth-{part}").fill(value)
    await patient.see("birth-submit").click()
