"""What people meet when something is wrong: the wrong browser, no camera, a lost link, an address that leads nowhere.

Steps of the browser tests; the browser's own refusals are played by the page's own script, everything else is real."""

import asyncio
import re
from pathlib import Path

from playwright.async_api import expect

from tests.children import ROOT
from tests.e2e.clinic_day import ClinicDay
from tests.e2e.conftest import OpenPerson
from tests.e2e.looking import look_at
from tests.e2e.people import PASSWORD, Person

INSECURE = Path(ROOT) / "web" / "dist" / "insecure.html"
WECHAT = (
    "Mozilla/5.0 (Linux; Android 12) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/107.0.0.0 "
    "Mobile Safari/537.36 MicroMessenger/8.0.44"
)
KNOWN = "139 0013 9000"  # as Zhao Min's telephone is by then
NO_MODULES = "delete HTMLScriptElement.prototype.noModule"
REFUSE_CAMERA = """
() => {
  const media = navigator.mediaDevices, open = media.getUserMedia;
  media.getUserMedia = async () => { throw new DOMException('', 'NotAllowedError'); };
  window.__allowCamera = () => { media.getUserMedia = open; };
}
"""
KEEP_QUIET = """
const context = AudioContext.prototype, resume = context.resume;
const state = Object.getOwnPropertyDescriptor(BaseAudioContext.prototype, 'state').get;
let clicked = false;
addEventListener('click', (event) => (clicked ||= event.isTrusted), { capture: true });
Object.defineProperty(context, 'state', { get() { return clicked ? state.call(this) : 'suspended'; } });
context.resume = async function () { if (clicked) await resume.call(this); };
"""  # as a browser does that gives sound only after a click


async def a_camera_that_is_not_allowed(patient: Person) -> None:
    """The page says so, and where in this browser it is allowed; it asks again, and then all is well."""
    await patient.page.evaluate(REFUSE_CAMERA)
    await patient.see("media-try").click()
    await expect(patient.see("media-trouble")).to_have_attribute("data-trouble", "denied")
    await expect(patient.see("media-trouble")).to_contain_text(re.compile("点地址左侧的图标|left of the address"))
    await look_at(patient, "waiting-room-refused", "media-trouble")
    await patient.page.evaluate("window.__allowCamera()")


async def wrong_turns(day: ClinicDay, visitor_at: OpenPerson) -> None:
    await _inside_wechat(day, await visitor_at(day.hospital, "zh-CN", user_agent=WECHAT))
    await _with_an_old_browser(day, await visitor_at(day.hospital, "zh-CN"))
    await _without_the_link(day, await visitor_at(day.hospital, "zh-CN"))
    await _without_https(day, await visitor_at(day.hospital))
    await _to_no_page(day, await visitor_at(day.hospital))
    await _by_keyboard_to_the_page_that_was_asked_for(day, await visitor_at(day.hospital))
    await _without_a_click(day, await visitor_at(day.hospital))


async def _inside_wechat(day: ClinicDay, patient: Person) -> None:
    await patient.page.goto(day.link)
    await expect(patient.see("other-browser")).to_have_attribute("data-fitness", "wechat")
    await expect(patient.see("own-link")).to_have_value(day.link)
    await look_at(patient, "join-wechat", "other-browser")


async def _with_an_old_browser(day: ClinicDay, patient: Person) -> None:
    """One that knows no modules, and so runs nothing of the page's own."""
    await patient.context.add_init_script(NO_MODULES)
    await patient.page.route("**/assets/join-*.js", lambda route: route.abort())
    await patient.page.goto(day.link)
    await expect(patient.page.locator("#page")).to_contain_text("此浏览器太旧")
    await expect(patient.page.locator("#page input")).to_have_value(day.link)


async def _without_the_link(day: ClinicDay, patient: Person) -> None:
    """Known or not, the answer is the same words; who is known gets the link, and may open it in this window."""
    said = []
    for phone in ("137 9999 0000", KNOWN):
        await patient.page.goto(f"{day.hospital.url}/join")
        await expect(patient.see("link-missing")).to_be_visible()
        await patient.see("recover-phone").fill(phone)
        await patient.see("recover-send").click()
        said.append(await patient.see("recover-asked").inner_text())
    assert said[0] == said[1]
    async with asyncio.timeout(20):
        while not (sent := day.hospital.rows("SELECT address FROM deliveries WHERE template = 'link_recovered'")):
            await asyncio.sleep(0.1)
    assert {letter["address"] for letter in sent} == {f"+86{KNOWN.replace(' ', '')}"}
    await look_at(patient, "join-lost", "recover-asked")
    await patient.page.goto(day.link)  # into the same window: nothing but the fragment is new
    await expect(patient.see("look")).to_be_visible()


async def _without_https(day: ClinicDay, visitor: Person) -> None:
    """What a phone on plain HTTP gets in place of every page; this machine's own browser would not."""
    address = f"{day.hospital.url}/insecure"
    await visitor.page.route(address, lambda route: route.fulfill(path=INSECURE))
    await visitor.page.goto(f"{address}#{'x' * 22}")
    await look_at(visitor, "insecure", "secure-link")
    leads_to = await visitor.see("secure-link").get_attribute("href")
    assert leads_to
    assert leads_to.startswith("https://")
    assert leads_to.endswith("x" * 22), "the key of the link is lost on the way"


async def _to_no_page(day: ClinicDay, visitor: Person) -> None:
    reply = await visitor.page.goto(f"{day.hospital.url}/display")
    assert reply
    assert reply.status == 404
    await look_at(visitor, "not-found", "not-found")


async def _by_keyboard_to_the_page_that_was_asked_for(day: ClinicDay, operator: Person) -> None:
    """Sent to sign in and once refused, and then where the way led; from the console back to the desk."""
    keyboard = operator.page.keyboard
    await operator.page.goto(f"{day.hospital.url}/devices")
    await expect(operator.see("login")).to_be_focused()
    for password in ("not-the-password", PASSWORD):
        await operator.see("login").fill("desk")
        await keyboard.press("Tab")
        await keyboard.press("ControlOrMeta+a")
        await keyboard.type(password)
        await keyboard.press("Enter")
        if password is not PASSWORD:
            await expect(operator.see("sign-in-problem")).to_be_visible()
            await look_at(operator, "sign-in-refused", "sign-in-problem")
    await operator.page.wait_for_url("**/devices")
    await operator.page.goto(f"{day.hospital.url}/console")
    await operator.see("to-desk").click()
    await look_at(operator, "desk-today", "desk-line")


async def _without_a_click(day: ClinicDay, doctor: Person) -> None:
    """A browser that keeps quiet until somebody clicks: an alarm would not be heard, and the console says so."""
    await doctor.context.add_cookies(await day.doctor.context.cookies())  # type: ignore[arg-type]
    await doctor.context.add_init_script(KEEP_QUIET)
    await doctor.page.goto(f"{day.hospital.url}/console")
    await look_at(doctor, "console-quiet", "sound-blocked")
    await doctor.see("sound-blocked").click()
    await expect(doctor.see("test-sound")).to_be_visible()
