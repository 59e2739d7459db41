"""Real Chromium with a fake camera, one for all tests of a worker; people and hospitals end with their test."""

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from tests.e2e.hospital import Hospital
from tests.e2e.people import Person, open_page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--use-fake-device-for-media-stream=fps=10",  # every frame is encoded and drawn by the processor
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",  # with nothing but loopback there are no candidates without it
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-gpu",
]
SPARING = [*ARGUMENTS, "--use-fake-device-for-media-stream=fps=5"]  # every page of a call draws and codes each frame
expect.set_options(timeout=20_000)  # how soon is measured in bench/; a busy machine is no fault
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}
DESKTOP = {"viewport": {"width": 1440, "height": 900}}

OpenHospital = Callable[..., Awaitable[Hospital]]
OpenPerson = Callable[..., Awaitable[Person]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no Chromium found; tests/system-packages.sh installs it on Debian")
        pytest.skip("no Chromium found; install it to run the browser tests")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=SPARING)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def open_hospital(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[OpenHospital]:
    """Make a hospital in a folder of its own: ``await open_hospital("name", CLINIC__RING_S="5")``; not started."""
    opened: list[Hospital] = []

    async def make(name: str = "hospital", **settings: str) -> Hospital:
        hospital = Hospital(tmp_path / name, settings, preloaded=True, template=sqlite_template)
        opened.append(hospital)
        return hospital

    yield make
    for hospital in opened:
        await hospital.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def doctor_at(browser: Browser) -> AsyncIterator[OpenPerson]:
    """Somebody at a desk: ``await doctor_at(hospital, locale="en")``."""
    async with _people(browser, "en-GB", DESKTOP) as make:
        yield make


@pytest_asyncio.fixture(loop_scope="session")
async def patient_at(browser: Browser) -> AsyncIterator[OpenPerson]:
    """Somebody with a phone."""
    async with _people(browser, "zh-CN", PHONE) as make:
        yield make


@asynccontextmanager
async def _people(browser: Browser, usual: str, screen: Mapping[str, Any]) -> AsyncIterator[OpenPerson]:
    """Nobody may leave with anything in the page's console that should not be there."""
    opened: list[Person] = []

    async def make(hospital: Hospital, locale: str = usual, **options: object) -> Person:
        context = await browser.new_context(locale=locale, **{**screen, **options})
        opened.append(await open_page(context, hospital))
        return opened[-1]

    yield make
    for person in opened:
        await person.context.close()
        assert not person.trouble, person.trouble
