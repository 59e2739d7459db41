"""How large what can be pressed is: nothing on a phone is smaller than a fingertip."""

from playwright.async_api import Page

FINGERTIP_PX = 44
SMALL = """
(least) => {
  const pressed = 'button, a[href], input:not([type=hidden]), select, textarea, summary, [role=button]';
  const named = (one) => `${one.tagName} ${one.dataset.testid ?? one.className} “${one.textContent.slice(0, 24)}”`;
  const inSentence = (one, style) => style.display === 'inline' && one.closest('p, li');
  const small = [];
  for (const one of document.querySelectorAll(pressed)) {
    const style = getComputedStyle(one);
    if (style.visibility === 'hidden' || inSentence(one, style)) continue;
    const box = (one.closest('label') ?? one).getBoundingClientRect();
    if (!box.width || !box.height || box.width >= least - 0.5 && box.height >= least - 0.5) continue;
    small.push(`${named(one)} ${Math.round(box.width)}×${Math.round(box.height)}`);
  }
  return small;
}
"""  # a label is pressed with the box that it names; a link within a sentence is exempt (WCAG 2.5.8)


async def too_small(page: Page) -> list[str]:
    """What a finger would miss on the page as it stands, by name and size."""
    found: list[str] = await page.evaluate(SMALL, FINGERTIP_PX)
    return found
