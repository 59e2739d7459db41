"""From published to the number on the doctor's page, in a real Chromium, while a hundred devices speak."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import msgspec
from playwright.async_api import Page, ViewportSize, async_playwright, expect

from bench.figures import Figure, Section
from bench.growth import PROMISES, WARM_UP_S
from bench.ward import BROKERS, DOCTOR, Broker, Ward, Wearer, open_ward, play
from devices import topics
from devices.mqtt import DeviceClient
from devices.mqtt_endpoint import Endpoint
from tests.e2e.conftest import ARGUMENTS, CHROMIUM
from tests.e2e.people import open_page, sign_in

DEVICES = 100
SCREEN: ViewportSize = {"width": 1440, "height": 900}
RATES = range(60, 100)  # /min: one after the other, so that a number on the page says which message it came with
WATCH = """
() => {
  window.__shown = [];
  let last = '';
  new MutationObserver(() => {
    const text = document.querySelector('[data-testid="vital-pulse"]')?.textContent ?? '';
    if (text !== last) window.__shown.push([text, performance.timeOrigin + performance.now()]);
    last = text;
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
}
"""
CLOCK_RUNS_APART_MS = "() => Math.abs(performance.timeOrigin + performance.now() - Date.now())"

Moment = tuple[int, float]  # a pulse rate, ms since 1970


async def measure(quick: bool) -> Section:
    seconds, rounds, size = (10.0, 1, 10) if quick else (60.0, 2, DEVICES)
    runs: dict[Broker, list[list[float]]] = {broker: [] for broker in Broker}
    sent = shown = 0
    for _ in range(rounds if CHROMIUM else 0):
        for broker in BROKERS:
            published, seen = await _run(size, broker, seconds)
            runs[broker].append(_late_ms(published, seen))
            sent, shown = sent + len(published), shown + len(runs[broker][-1])
    return Section(
        title="Published → on the doctor's page",
        command=".venv/bin/python -m bench latency",
        method="From the moment before a message is handed to MQTT to the change of the number in the page (by a "
        f"MutationObserver in Chromium, before the frame that paints it); {size} devices on {size} patients at 1 Hz "
        f"for {seconds:.0f} s after {WARM_UP_S:.0f} s of warming, one patient on the page, brokers by turns; server, "
        "broker, devices and browser on this machine. Every message is committed before it is shown.",
        figures=[
            Figure(name="published → on the page", against=broker.value, unit="ms", runs=done, promise=PROMISES[broker])
            for broker, done in runs.items()
        ],
        notes=[f"{shown} of {sent} messages of the watched patient were seen on the page."],
    )


async def _run(size: int, broker: Broker, seconds: float) -> tuple[list[Moment], list[Moment]]:
    async with open_ward(size, broker) as ward, _console(ward) as page:
        watched, *others = ward.wearers
        load = play(ward, others, WARM_UP_S + seconds)
        _, published = await asyncio.gather(load, _publish(ward, watched, seconds))
        assert await page.evaluate(CLOCK_RUNS_APART_MS) < 2, "the page's clock is not the machine's"
        shown = await page.evaluate("() => window.__shown")
    return published, [(int(text), at) for text, at in shown if text.isdigit()]


@asynccontextmanager
async def _console(ward: Ward) -> AsyncIterator[Page]:
    """The doctor's, with the first patient of the line beside it."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        context = await browser.new_context(locale="en-GB", viewport=SCREEN)
        doctor = await open_page(context, ward.hospital)
        await sign_in(doctor, ward.hospital, DOCTOR)
        await doctor.page.get_by_test_id("ticket-row").get_by_text("Patient 0,").click()
        await expect(doctor.see("patient-name")).to_have_text("Patient 0")
        await expect(doctor.see("vital-pulse")).to_be_visible()
        await doctor.page.evaluate(WATCH)
        yield doctor.page
        await browser.close()


async def _publish(ward: Ward, wearer: Wearer, seconds: float) -> list[Moment]:
    """1 Hz with a phase that wanders, so that it meets every moment of the others' beat."""
    client = DeviceClient(Endpoint("127.0.0.1", ward.mqtt_port, wearer.device_id, wearer.secret))
    up = asyncio.Event()
    client.on_up = up.set
    await asyncio.sleep(WARM_UP_S)
    await client.connect()
    await up.wait()
    published = []
    for seq in range(1, int(seconds) + 1):
        rate = RATES[seq % len(RATES)]
        published.append((rate, datetime.now(UTC).timestamp() * 1000))
        client.publish(topics.readings(wearer.device_id), _message(seq, rate))
        await asyncio.sleep(random.uniform(0.9, 1.1))  # noqa: S311 – not a secret
    client.disconnect()
    return published


def _message(seq: int, rate: int) -> bytes:
    now = datetime.now(UTC)
    reading = {"metric": "pulse_rate", "value": rate, "unit": "/min", "at": now}
    return msgspec.json.encode({"epoch": "bench", "seq": seq, "oldest": seq, "sent": now, "readings": [reading]})


def _late_ms(published: Sequence[Moment], shown: Sequence[Moment]) -> list[float]:
    """Of each message whose number came onto the page before the same number was sent again."""
    soon = len(RATES) * 0.9 * 1000
    found = (
        next((at - sent for number, at in shown if number == rate and 0 <= at - sent < soon), None)
        for rate, sent in published
    )
    return [late for late in found if late is not None]
