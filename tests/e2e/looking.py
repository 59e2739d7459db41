"""A page as it stands, at every size and in every language: kept as pictures, judged by axe."""

from pathlib import Path

from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.async_api import Page, expect

from tests.e2e.conftest import DESKTOP, PHONE
from tests.e2e.people import Person
from tests.e2e.targets import too_small

SCREENS = Path(__file__).parent / "screens"
SIZES = {"phone": PHONE["viewport"], "desktop": DESKTOP["viewport"]}
LANGUAGES = ("zh-CN", "en")
AT_REST = """
() => Promise.allSettled(document.getAnimations()
  .filter((each) => each.effect?.getComputedTiming().endTime !== Infinity).map((each) => each.finished))
"""  # a transition may still run, and axe reads colours
JUDGE = "axe.run({ resultTypes: ['violations'] }).then(({ violations }) => ({ violations }))"


async def look_at(person: Person, name: str, shown: str) -> None:
    """Sizes × languages of the page as it stands: a picture of each, and no finding of axe in any."""
    SCREENS.mkdir(exist_ok=True)
    await expect(person.see(shown).first).to_be_attached()  # before that the page has not yet said its language
    for language in LANGUAGES:
        await _speak(person, language)
        for size, viewport in SIZES.items():
            await person.page.set_viewport_size(viewport)  # type: ignore[arg-type]
            await expect(person.see(shown).first).to_be_attached()
            if size == "phone":
                small = await too_small(person.page)
                assert not small, f"{name} {language}: too small for a finger: {small}"
            await person.page.screenshot(path=SCREENS / f"{name}.{size}.{language}.png", full_page=True)
            found = await _judged(person.page)
            assert found.violations_count == 0, f"{name} {size} {language}:\n{found.generate_report()}"


async def _judged(page: Page) -> AxeResults:
    await page.evaluate(AT_REST)
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE_SCRIPT)
    return AxeResults(await page.evaluate(JUDGE))


async def _speak(person: Person, language: str) -> None:
    if await person.page.locator("html").get_attribute("lang") != language:
        await person.see("language").first.evaluate("button => button.click()")  # a dialog may lie over it
    await expect(person.page.locator("html")).to_have_attribute("lang", language)
