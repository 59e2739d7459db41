"""A doctor looks at a patient's year: spans, gaps, alarms, a table, a file; and what is shown where nothing is."""

import asyncio
import json
import math
import random
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
import sqlalchemy as sa
from playwright.async_api import Route, expect

from devices.heartbeat import Beats
from devices.readings import Body, Message, Reading
from devices.waves import Block
from server.ids import new_id
from server.store.engine import connect
from server.store.journal import StoreJournal
from server.store.tables import alarms, associations, patients, users
from tests.e2e.conftest import OpenHospital, OpenPerson
from tests.e2e.hospital import Hospital
from tests.e2e.looking import look_at
from tests.e2e.people import PASSWORD, Person, book, enter_console
from tests.store.filled import plain

pytestmark = pytest.mark.e2e

DEVICE = "BM-1"
HOW_FAR = "SELECT issued, position FROM partitions LEFT JOIN rollup_progress ON id = partition"


def measured(now: datetime) -> Sequence[Message]:
    """Half a year, each two hours, but nothing for three weeks of it; the last day each two minutes."""
    chance = random.Random(7)  # noqa: S311 – the same picture each time
    long_ago = [now - timedelta(hours=2 * number) for number in range(12, 12 * 180) if not 600 < number < 850]
    lately = [now - timedelta(minutes=2 * number) for number in range(12 * 60) if not 150 < number < 200]
    found = []
    for seq, at in enumerate(sorted([*long_ago, *lately]), start=1):
        value = round(95.5 + 1.5 * math.sin(seq / 40) + chance.uniform(-2, 1.5))
        readings = (Reading("spo2", min(value, 100), "%", at), Reading("pulse_rate", 70 + value % 9, "/min", at))
        found.append(Message(DEVICE, f"e:{seq}", now, at, Body(readings=readings), epoch="e", seq=seq))
    return found


def recorded(now: datetime) -> Sequence[Message]:
    """The seconds of ten minutes of an ECG and of those in which it is looked at; before, one of each minute."""
    beats = Beats("ecg_ii", "7")
    ago = [*range(3600 * 8, 600, -60), *range(600, -400, -1)]
    seconds = [(number, now - timedelta(seconds=second)) for number, second in enumerate(ago) if not 200 < second < 260]
    blocks = [(n, Block("ecg_ii", at, beats.rate, beats.gain, 0.0, beats.second(72))) for n, at in seconds]
    return [Message(DEVICE, f"w:{n}/ecg_ii", now, now, Body(), epoch="w", seq=n, waves=(one,)) for n, one in blocks]


async def live_through(hospital: Hospital) -> None:
    """What a device has told, with an alarm of an hour ago."""
    store, now = connect(f"sqlite:///{hospital.data / 'bedside.sqlite'}"), datetime.now(UTC)
    async with store.write(plain) as connection:
        patient = await connection.scalar(sa.select(patients.c.id))
        doctor = await connection.scalar(sa.select(users.c.id).where(users.c.login == "dr.wei"))
        worn = {"device_id": DEVICE, "patient_id": patient, "responsible_id": doctor, "created_by": doctor}
        since = {"id": new_id(), "from_at": now - timedelta(days=300)}
        await connection.execute(sa.insert(associations), [{**worn, **since}])
        alarm = {"condition": "spo2.low", "kind": "physiological", "rule": "spo2.low", "priority": "medium"}
        past = {"raised_at": now - timedelta(minutes=50), "since": now - timedelta(minutes=50), "resolved_at": now}
        state = {"id": new_id(), "state": "resolved", "round": 1, "late": False, "metric": "spo2", "value": 88.0}
        await connection.execute(sa.insert(alarms), [{**alarm, **past, **state, "patient_id": patient}])
    for start in range(0, len(messages := [*measured(now), *recorded(now)]), 2_000):
        await StoreJournal(store).commit(messages[start : start + 2_000], [])
    await store.close()
    while any(row["issued"] > (row["position"] or 0) for row in hospital.rows(HOW_FAR)):
        await asyncio.sleep(0.2)  # the server sums it up at its own pace


@pytest_asyncio.fixture(loop_scope="session")
async def doctor(open_hospital: OpenHospital, doctor_at: OpenPerson) -> Person:
    hospital = await open_hospital()
    hospital.add_staff("doctor", "dr.wei", "Lin Wei", PASSWORD, "+8613800000001")
    hospital.add_session("dr.wei", "Cardiology")
    hospital.add_device(DEVICE)
    await hospital.start()
    doctor = await doctor_at(hospital)
    await enter_console(doctor, hospital, "dr.wei")
    await doctor.see("open-session").click()
    await book(doctor, "Zhao Min", "1957-03-14", "138 0013 8000")
    await live_through(hospital)
    await doctor.page.reload()
    await doctor.page.get_by_text("Zhao Min").first.click()
    return doctor


async def test_a_doctor_looks_back(doctor: Person) -> None:
    await doctor.see("open-history").click()
    await expect(doctor.see("history-chart")).to_be_visible()
    await _every_span(doctor)
    await _by_keys(doctor)
    await _into_the_year(doctor)
    await _the_table(doctor)
    await _the_files(doctor)
    await _a_waveform(doctor)
    await _nothing_and_no_answer(doctor)


async def _every_span(doctor: Person) -> None:
    for span in ("year", "month", "week", "hour"):
        await doctor.see(f"history-{span}").click()
        await expect(doctor.see(f"history-{span}")).to_have_attribute("aria-pressed", "true")
        await expect(doctor.see("history-chart")).to_be_visible()
        await expect(doctor.see("history-point")).to_contain_text(" · ")
        await expect(doctor.see("history-alarm")).to_have_count(1)
        if span in {"year", "hour"}:
            await look_at(doctor, f"history-{span}", "history-chart")
    await _english(doctor)


async def _english(doctor: Person) -> None:
    await expect(doctor.page.locator("html")).to_have_attribute("lang", "en")
    await doctor.page.set_viewport_size({"width": 1440, "height": 900})


async def _by_keys(doctor: Person) -> None:
    """Earlier and later without a mouse; later than now there is nothing."""
    before = await doctor.see("history-bounds").inner_text()
    await doctor.see("history-earlier").focus()
    await doctor.page.keyboard.press("Enter")
    await expect(doctor.see("history-bounds")).not_to_have_text(before)
    await doctor.see("history-later").focus()
    await doctor.page.keyboard.press("Enter")
    await expect(doctor.see("history-later")).to_be_disabled()


async def _into_the_year(doctor: Person) -> None:
    """From the year by clicks to the hour of a dip months ago; the other spans stay there, and a button leads back."""
    await doctor.see("history-year").click()
    for span, across in (("month", 0.75), ("week", 0.52), ("day", 0.52)):
        chart = doctor.see("history-chart")
        await expect(chart).to_be_visible()
        box = await chart.bounding_box()
        assert box
        await chart.click(position={"x": box["width"] * across, "y": box["height"] / 2})
        await expect(doctor.see(f"history-{span}")).to_have_attribute("aria-pressed", "true")
    long_ago = await doctor.see("history-bounds").inner_text()
    await expect(doctor.see("history-chart")).to_be_visible()
    await look_at(doctor, "history-zoomed", "history-chart")
    await _english(doctor)
    await doctor.see("history-week").click()
    await doctor.see("history-day").click()
    await expect(doctor.see("history-bounds")).to_have_text(long_ago)
    await doctor.see("history-now").click()
    await expect(doctor.see("history-now")).to_be_disabled()
    await doctor.see("history-hour").click()
    await expect(doctor.see("history-hour")).to_have_attribute("aria-pressed", "true")
    await expect(doctor.see("history-chart")).to_be_visible()


async def _the_table(doctor: Person) -> None:
    table = doctor.see("history").locator("details")
    await table.locator("summary").click()
    rows = table.locator("tbody tr")
    assert 25 <= await rows.count() <= 31
    await expect(rows.first.locator("td")).to_have_count(4)


async def _the_files(doctor: Person) -> None:
    async with doctor.page.expect_download() as began:
        await doctor.see("export-fhir").click()
    download = await began.value
    assert download.suggested_filename.endswith(".json")
    bundle = json.loads((await download.path()).read_bytes())
    kinds = {entry["resource"]["resourceType"] for entry in bundle["entry"]}
    assert kinds == {"Patient", "Device", "Observation"}
    assert any("valueSampledData" in entry["resource"] for entry in bundle["entry"])
    await doctor.see("export-waves").uncheck()
    await expect(doctor.see("export-csv")).to_have_attribute("href", re.compile("waves=false$"))


async def _a_waveform(doctor: Person) -> None:
    """From the day down to the beat, by clicks and by keys; what was not recorded is said."""
    await doctor.see("history-metric").select_option("wave:ecg_ii")
    chart = doctor.see("wave-chart")
    await expect(chart).to_have_attribute("data-level", "envelope")
    await look_at(doctor, "history-wave-day", "wave-chart")
    await _english(doctor)
    box = await chart.bounding_box()
    assert box
    for _ in range(4):
        await chart.click(position={"x": box["width"] - 3, "y": 20})
    await doctor.see("wave-in").focus()
    await doctor.page.keyboard.press("Enter")
    await expect(chart).to_have_attribute("data-level", "samples")
    await expect(doctor.see("wave-in")).to_be_disabled()
    await look_at(doctor, "history-wave-seconds", "wave-chart")
    await _english(doctor)
    for _ in range(5):
        await doctor.see("wave-out").click()
    await doctor.see("wave-earlier").click()
    await expect(doctor.page.get_by_text("No ECG II was measured in this time.")).to_be_visible()


async def _nothing_and_no_answer(doctor: Person) -> None:
    await doctor.see("history-metric").select_option("glucose")
    await expect(doctor.page.get_by_text("No Glucose was measured in this time.")).to_be_visible()
    await look_at(doctor, "history-empty", "history")
    await _english(doctor)

    async def cut(route: Route) -> None:
        await route.abort()

    await doctor.page.route("**/history?*", cut)
    await doctor.see("history-metric").select_option("spo2")
    await expect(doctor.see("history").get_by_role("alert")).to_be_visible()
    await doctor.page.unroute("**/history?*")
    doctor.trouble.clear()  # the browser tells what was cut
    await doctor.see("history").get_by_role("button", name="Try again").click()
    await expect(doctor.see("history-chart")).to_be_visible()
    await doctor.page.keyboard.press("Escape")
    await expect(doctor.see("history")).not_to_be_attached()
