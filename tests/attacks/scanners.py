"""What opens a join link before the patient does: mail gateways, messengers' previews, sandboxes that click."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Final
from urllib.parse import urljoin

import aiohttp
from playwright.async_api import Browser

Scanner = Callable[[str, Browser], Awaitable[None]]

AGENTS: Final = (
    "WhatsApp/2.23.20.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 MicroMessenger/8.0.44 NetType/WIFI",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "TelegramBot (like TwitterBot)",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.1; BingPreview/1.0b)",
    "",
    "() { :; }; echo scanned",
)
ODDITIES: Final[tuple[Mapping[str, str], ...]] = (
    {"Range": "bytes=0-1023"},
    {"Range": "bytes=-500"},
    {"Range": "bytes=5-2,9-9"},
    {"Accept": "image/*"},
    {"Sec-Purpose": "prefetch;prerender", "Purpose": "prefetch"},
    {"If-None-Match": "*", "If-Modified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
    {"X-Forwarded-Host": "scanner.example", "Via": "1.1 gateway"},
)
FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
JSON: Final = {"Content-Type": "application/json"}
BODIES: Final[tuple[tuple[bytes, Mapping[str, str]], ...]] = (
    (b"", {}),
    (b"", FORM),
    (b"token=&birth_date=1980-01-01&phone=&name=", FORM),
    (b"{}", JSON),
    (b'{"token":"","birth_date":"1980-01-01"}', JSON),
    (b'{"token":"AAAAAAAAAAAAAAAAAAAAAA","birth_date":"1980-01-01"}', JSON),
)
NOWHERE: Final = "0" * 32


async def gets(link: str, _browser: Browser) -> None:
    await _asks(link, "GET")


async def asks_for_the_head(link: str, _browser: Browser) -> None:
    await _asks(link, "HEAD")


async def gets_five_at_once(link: str, _browser: Browser) -> None:
    await asyncio.gather(*(_asks(link, "GET") for _ in range(5)))


async def previews(link: str, _browser: Browser) -> None:
    """Every agent in every odd way, the fragment spelled into the path as well, and whatever the page refers to."""
    async with _client() as client:
        for agent in AGENTS:
            for oddity in ODDITIES:
                for address in (link, link.replace("#", "%23"), link.replace("#", "?t=")):
                    await _read(client, "GET", address, {"User-Agent": agent, **oddity})
        for address in await _referred(client, link):
            await _read(client, "GET", address)


async def posts(link: str, _browser: Browser) -> None:
    """Every form of the page, every address in its scripts and in the API's description, without the token."""
    async with _client() as client:
        html = await _read(client, "GET", link)
        found = {link, *(urljoin(link, action) for action in re.findall(r'<form[^>]*action="([^"]*)"', html))}
        for script in await _referred(client, link):
            source = await _read(client, "GET", script)
            found |= {urljoin(link, path) for path in re.findall(r'["`](/(?:api/v1/)?[a-z/-]+)["`]', source)}
        described = await _read(client, "GET", urljoin(link, "/api/openapi.json"))
        paths = re.findall(r'"(/api/v1/[^"]+)":\{', described)
        found |= {urljoin(link, re.sub(r"{\w+}", NOWHERE, path)) for path in paths}
        assert len(found) > 20, "the scanner has found the API"
        for address in sorted(found):
            for body, headers in BODIES:
                await _read(client, "POST", address, headers, body)


async def runs_the_page_and_clicks(link: str, browser: Browser) -> None:
    """A sandbox with a real browser: it waits, presses Enter and clicks whatever can be clicked, three times over."""
    context = await browser.new_context(locale="en-GB")
    try:
        page = await context.new_page()
        await page.goto(link)
        for _ in range(3):
            await page.wait_for_timeout(300)
            for button in await page.get_by_role("button").all():
                if await button.is_visible() and await button.is_enabled():
                    await button.click(timeout=2000)
            await page.keyboard.press("Enter")
        assert await page.get_by_test_id("birth").is_visible(), "it came as far as the second check"
    finally:
        await context.close()


SCANNERS: Final[tuple[Scanner, ...]] = (
    gets,
    asks_for_the_head,
    gets_five_at_once,
    previews,
    posts,
    runs_the_page_and_clicks,
)


def _client() -> aiohttp.ClientSession:
    """From an address of its own: a limit that the scanner uses up is not the patient's."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(local_addr=("127.0.0.7", 0)))


async def _asks(link: str, method: str) -> None:
    async with _client() as client:
        await _read(client, method, link)


async def _read(
    client: aiohttp.ClientSession,
    method: str,
    address: str,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> str:
    async with client.request(method, address.replace("localhost", "127.0.0.1"), headers=headers, data=body) as reply:
        return (await reply.read()).decode(errors="replace")


async def _referred(client: aiohttp.ClientSession, link: str) -> list[str]:
    """What the page loads: scripts, styles, pictures."""
    html = await _read(client, "GET", link)
    return [urljoin(link, path) for path in re.findall(r'(?:src|href)="(/[^"]+)"', html)]
