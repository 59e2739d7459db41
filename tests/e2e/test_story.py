"""The whole story in real Chromium on the embedded defaults, from the booking to the restored backup."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.async_api import expect

from devices.physiology import Episode, EpisodeKind
from devices.simulator import Plan, simulate
from tests.e2e.conftest import OpenHospital, OpenPerson
from tests.e2e.hospital import Hospital
from tests.e2e.looking import look_at
from tests.e2e.people import PASSWORD, Person, book, pass_second_check, sign_in

pytestmark = pytest.mark.e2e

BORN = ("1957", "3", "14")
DRAWN = "canvas => canvas.toDataURL()"
SILENCE = timedelta(seconds=120)  # devices/profiles.json, adult-continuous


async def test_a_visit_from_the_booking_to_the_restored_backup(
    open_hospital: OpenHospital, doctor_at: OpenPerson, patient_at: OpenPerson, tmp_path: Path
) -> None:
    hospital = await open_hospital()
    secret = _staff_and_oximeter(hospital)
    await hospital.start()
    doctor, operator, patient = await doctor_at(hospital), await doctor_at(hospital), await patient_at(hospital)
    await sign_in(doctor, hospital, "dr.wei")
    await sign_in(operator, hospital, "desk")
    await doctor.see("open-session").click()
    assert await book(doctor, "Zhao Min", "1957-03-14", "138 0013 8000") == 1
    assert await book(doctor, "Zhao Lei", "1983-07-02", "138 0013 8000") == 2  # telephone numbers are not unique

    await _the_first_patient_joins(patient, operator, hospital)
    await expect(doctor.see("call-next")).to_be_enabled()
    await doctor.page.keyboard.press("n")
    await patient.see("answer").click()
    await asyncio.gather(doctor.sees_and_hears(), patient.sees_and_hears())
    await doctor.see("identity-confirm").click()
    await expect(doctor.see("identity-confirmed")).to_be_visible()

    await expect(doctor.see("no-limits")).to_contain_text("未佩戴设备")
    await doctor.see("associate-device").select_option("BM-77")
    await doctor.see("associate-profile").select_option("adult-continuous")
    await doctor.see("associate-submit").click()
    await expect(doctor.see("worn-device")).to_be_visible()
    await expect(doctor.see("no-limits")).to_have_count(0)
    silent_since = await _the_oximeter_raises_an_alarm(doctor, hospital, secret)

    for person in (doctor, patient):
        await person.page.reload()
        await asyncio.gather(doctor.sees_and_hears(), patient.sees_and_hears())

    await _two_write_one_note(doctor, hospital)
    await doctor.see("end-visit").click()
    await doctor.see("end-confirm").click()
    await expect(patient.see("ended")).to_be_visible()
    await expect(doctor.see("visit-over")).to_be_visible()
    await patient.page.close()
    await _silence_is_an_alarm_too(doctor, hospital, silent_since)  # the oximeter is still worn

    assert await hospital.stop() == 0
    await hospital.start()
    _everything_is_there(hospital)
    archive = tmp_path / "hospital.bedside"
    hospital.bedside("backup", str(archive))
    elsewhere = await open_hospital("elsewhere")
    elsewhere.bedside("restore", str(archive))
    await elsewhere.start()
    _everything_is_there(elsewhere)
    assert [*hospital.rows("SELECT * FROM messages ORDER BY id")] == [
        *elsewhere.rows("SELECT * FROM messages ORDER BY id")
    ]


def _staff_and_oximeter(hospital: Hospital) -> str:
    hospital.add_staff("doctor", "dr.wei", "Lin Wei", PASSWORD, "+8613800000001")
    hospital.add_staff("operator", "desk", "Chen Jing", PASSWORD, "+8613800000003")
    hospital.add_session("dr.wei", "Cardiology")
    return hospital.add_device("BM-77")


async def _the_first_patient_joins(patient: Person, operator: Person, hospital: Hospital) -> None:
    reply = await operator.context.request.get(f"{hospital.url}/api/v1/outbox")
    first = next(letter for letter in await reply.json() if "1号" in letter["body"] or " 1," in letter["body"])
    link = next(word for word in first["body"].replace(":http", " http").split() if "/join#" in word)
    await patient.page.goto(link)
    await expect(patient.see("look")).to_be_visible()
    assert "Zhao" not in await patient.page.content(), "before the second check the page names nobody"
    await patient.see("look-continue").click()
    await pass_second_check(patient, ("1957", "3", "15"))
    await expect(patient.see("birth-wrong")).to_be_visible()
    await pass_second_check(patient, BORN)
    await patient.see("agree").click()
    await expect(patient.see("serial")).to_contain_text("1")
    await expect(patient.see("ahead")).to_have_attribute("data-ahead", "0")
    await patient.see("media-try").click()
    await expect(patient.see("preview")).to_be_visible()


async def _the_oximeter_raises_an_alarm(doctor: Person, hospital: Hospital, secret: str) -> datetime:
    """Plays 40 s of which SpO2 is below 80 for more than ten. Returns when the device said its last."""
    fall = Episode(EpisodeKind.DESATURATION, start_s=3, fall_s=6, hold_s=60)
    plan = Plan(
        "127.0.0.1",
        hospital.mqtt,
        [("BM-77", secret)],
        rate_hz=1,
        duration_s=36,
        episodes=(fall,),
        seed=3,
        waves=("ecg_ii", "pleth"),
    )
    playing = asyncio.ensure_future(simulate(plan))  # noqa: TID251 – a test's own task, awaited below
    await expect(doctor.see("vital-spo2")).to_have_text(re.compile(r"^(9\d|100)"), timeout=10_000)
    trend = doctor.see("tile-spo2").locator("canvas").first
    begun = await trend.evaluate(DRAWN)
    for channel in plan.waves:
        await expect(doctor.see(f"wave-{channel}")).to_have_attribute("data-silent", "false")
    alarm = doctor.page.locator('[data-testid="alarm"][data-condition="spo2.low"]').first
    await expect(alarm).to_have_attribute("data-priority", "high", timeout=40_000)
    await expect(alarm).to_contain_text("80")
    await expect(alarm).to_contain_text("BM-77")
    assert await trend.evaluate(DRAWN) != begun, "the trend stands still"
    await doctor.page.wait_for_function("window.__beeps > 0")  # the alarm sounds once it is drawn
    await look_at(doctor, "console-alarm", "alarm")
    await doctor.page.set_viewport_size({"width": 1440, "height": 900})
    await doctor.page.keyboard.press("a")
    await expect(alarm).to_have_attribute("data-acknowledged", "true")
    await expect(alarm.get_by_test_id("acknowledged-by")).to_contain_text("Lin Wei")
    report = await playing
    assert report.held == 0
    return datetime.now(UTC)


async def _two_write_one_note(doctor: Person, hospital: Hospital) -> None:
    """The same doctor at another screen; nothing that was written is lost without a word."""
    [visit] = hospital.rows("SELECT id FROM visits")
    elsewhere = f"{hospital.url}/api/v1/visits/{visit['id']}/note"
    reply = await doctor.context.request.put(elsewhere, data={"body": "Written at the ward's screen.", "version": 0})
    assert reply.ok, await reply.text()
    await doctor.see("note").fill("Breathless at rest since last night. SpO2 79 % at home; sent to emergency.")
    await doctor.see("note-save").click()
    await expect(doctor.see("note-conflict")).to_contain_text("changed elsewhere")
    await look_at(doctor, "console-note-conflict", "note-conflict")
    await doctor.see("note-conflict").get_by_role("button").last.click()
    await expect(doctor.see("note-state")).to_have_attribute("data-state", "saved")
    assert [row["version"] for row in hospital.rows("SELECT version FROM notes ORDER BY version")] == [1, 2]


async def _silence_is_an_alarm_too(doctor: Person, hospital: Hospital, silent_since: datetime) -> None:
    """On record when its time has come, and then on the page: which of the two was late is told apart."""
    silence = doctor.page.locator('[data-testid="alarm"][data-condition="silence:BM-77"]')
    assert await silence.count() == 0, "raised before its time"
    for trace in await doctor.page.locator("figure.wave").all():
        await expect(trace).to_have_attribute("data-silent", "true", timeout=10_000)
    left = silent_since + SILENCE - datetime.now(UTC)
    await asyncio.sleep(max(0.0, left.total_seconds() - 20))
    async with asyncio.timeout(20 + 15):
        while not hospital.rows("SELECT 1 FROM alarms WHERE condition = 'silence:BM-77'"):
            await asyncio.sleep(0.5)
    await expect(silence.first).to_be_visible(timeout=15_000)


def _everything_is_there(hospital: Hospital) -> None:
    rows = hospital.rows
    assert [row["serial"] for row in rows("SELECT serial FROM tickets ORDER BY serial")] == [1, 2]
    ticket = rows("SELECT * FROM tickets WHERE serial = 1")[0]
    assert ticket["state"] == "completed"
    visit = rows("SELECT * FROM visits")[0]
    assert visit["state"] == "ended"
    assert visit["identity_confirmed_by"]
    assert visit["media_at"]
    assert rows("SELECT * FROM consents WHERE ticket_id = ?", ticket["id"])
    assert "emergency" in rows("SELECT body FROM notes ORDER BY version DESC")[0]["body"]
    assert len(rows("SELECT * FROM messages WHERE patient_id = ?", ticket["patient_id"])) >= 25
    alarm = rows("SELECT * FROM alarms WHERE condition = 'spo2.low'")[0]
    assert alarm["acknowledged_by"]
    kinds = [
        row["kind"] for row in rows("SELECT kind FROM transitions WHERE alarm_id = ? ORDER BY number", alarm["id"])
    ]
    assert "raised" in kinds
    assert "acknowledged" in kinds
    told = rows("SELECT * FROM deliveries WHERE template = 'alarm'")
    assert told
    assert {row["state"] for row in told} == {"sent"}
    actions = {row["action"] for row in rows("SELECT action FROM audit")}
    assert {"ticket.booked", "ticket.arrived", "ticket.called", "visit.ended", "alarm.acknowledged"} <= actions
