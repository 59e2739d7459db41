"""An operator adds a device with nothing more than the page shows, sees it green, puts it on a patient: the doctor sees
the reading. Then what else a registry is for: refusing, rotating, replacing, revoking, adding many, claiming."""

import asyncio
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.devices.authority import Authority
from tests.e2e.conftest import DESKTOP, PHONE, OpenHospital, OpenPerson
from tests.e2e.hospital import Hospital
from tests.e2e.looking import look_at
from tests.e2e.people import PASSWORD, Person, book, enter, enter_console, join, newest_link

pytestmark = pytest.mark.e2e

TABLE = "maker,model,serial,label\nContec,PM10,C1,\nContec,PM10,C2,Oximeter two\n"
WRONG = "maker,model,serial,label\nContec,PM10,C1,\nContec,PM10,C1,\nContec,,C3,\n"


async def opened(open_hospital: OpenHospital, doctor_at: OpenPerson) -> tuple[Hospital, Person, Person]:
    """A hospital with one booked patient: a doctor in the console, an operator before the devices."""
    hospital = await open_hospital()
    hospital.add_staff("doctor", "dr.wei", "Lin Wei", PASSWORD, "+8613800000001")
    hospital.add_staff("operator", "desk", "Chen Jing", PASSWORD, "+8613800000003")
    hospital.add_session("dr.wei", "Cardiology")
    await hospital.start()
    doctor, operator = await doctor_at(hospital), await doctor_at(hospital)
    await enter_console(doctor, hospital, "dr.wei")
    await doctor.see("open-session").click()
    await book(doctor, "Zhao Min", "1957-03-14", "138 0013 8001")
    await enter(operator, hospital, "desk")
    await operator.page.goto(f"{hospital.url}/devices")
    return hospital, doctor, operator


async def at_desk(person: Person) -> None:
    await person.page.set_viewport_size(DESKTOP["viewport"])  # type: ignore[arg-type]


async def run(line: str) -> None:
    """What the page shows, as it is, in a shell."""
    done = await asyncio.to_thread(subprocess.run, ["sh", "-c", line], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"


async def run_python(lines: str) -> None:
    done = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", lines], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


async def test_from_the_box_to_the_doctors_screen(
    open_hospital: OpenHospital, doctor_at: OpenPerson, patient_at: OpenPerson, tmp_path: Path
) -> None:
    hospital, doctor, operator = await opened(open_hospital, doctor_at)
    await expect(operator.see("devices-empty")).to_be_visible()
    await look_at(operator, "devices-empty", "devices-empty")
    await _add(operator, "AB12", "Finger oximeter")
    await _is_refused_with_a_wrong_secret(operator)
    await _is_not_green_for_what_cannot_be_read(operator)
    await _turns_green(operator)
    await _goes_on_the_patient(operator)
    await _the_doctor_sees_it(hospital, doctor, operator)
    await operator.see("added-close").click()
    await _is_looked_at(operator)
    await _shows_a_certificate(operator, Authority(tmp_path / "authority"))
    await _gets_a_new_secret(operator)
    await _many_more(operator, tmp_path)
    await _is_replaced_and_another_revoked(operator)
    await _a_doctor_only_looks(hospital, doctor)
    phone = await patient_at(hospital)
    await _another_is_claimed_by_its_code(operator, phone, doctor)
    await _the_patient_claims_one(hospital, operator, phone)
    await _the_doctor_leaves(hospital, operator)


async def _add(operator: Person, serial: str, label: str) -> None:
    await at_desk(operator)
    await operator.see("add-open").click()
    await operator.see("add-model").fill("PM10")
    await operator.see("add-serial").fill(serial)
    await operator.see("add-dialog").locator("summary").click()
    await operator.see("add-label").fill(label)
    await look_at(operator, "devices-add", "add-model")
    await at_desk(operator)
    await operator.see("add-submit").click()
    await expect(operator.see("secret")).to_have_text(re.compile(r"^[A-Za-z0-9_-]{43}\s*$"))
    await expect(operator.see("connectivity")).to_have_attribute("data-state", "waiting")
    await look_at(operator, "devices-added", "secret")


async def _is_refused_with_a_wrong_secret(operator: Person) -> None:
    await operator.see("tab-curl").click()
    line, secret = await operator.see("line").inner_text(), (await operator.see("secret").inner_text()).strip()
    assert secret in line
    await run(line.replace(secret, "x" * 43))
    await expect(operator.see("connectivity")).to_have_attribute("data-state", "refused")
    await look_at(operator, "devices-refused", "connectivity")


async def _is_not_green_for_what_cannot_be_read(operator: Person) -> None:
    """Its first message of all has arrived, and is in quarantine; of the next one a reading is refused."""
    line = await operator.see("line").inner_text()
    await run(line.replace('{"readings"', "{readings"))
    await expect(operator.see("connectivity")).to_contain_text(re.compile("not JSON|不是有效的 JSON"))
    await expect(operator.see("connectivity")).to_have_attribute("data-state", "refused")
    await run(line.replace('"unit": "%"', '"unit": "furlong"'))
    await expect(operator.see("connectivity")).to_have_attribute("data-state", "partly")
    await expect(operator.see("connectivity")).to_contain_text("furlong")


async def _turns_green(operator: Person) -> None:
    """By MQTT, with the lines of Python; and with mosquitto_pub, where this machine has it."""
    await operator.see("tab-curl").focus()
    await operator.page.keyboard.press("ArrowRight")
    await expect(operator.see("line")).to_contain_text("publish.single(")
    await run_python(await operator.see("line").inner_text())
    await expect(operator.see("connectivity")).to_have_attribute("data-state", "heard")
    await operator.see("tab-mosquitto_pub").click()
    if shutil.which("mosquitto_pub"):
        await run(await operator.see("line").inner_text())
    await look_at(operator, "devices-green", "connectivity")


async def _goes_on_the_patient(operator: Person) -> None:
    await at_desk(operator)
    option = operator.see("choose-patient").locator("option", has_text="Zhao Min")
    await operator.see("choose-patient").select_option(value=await option.get_attribute("value"))
    await operator.see("wear-submit").click()
    await expect(operator.see("worn-by")).to_contain_text("Zhao Min")
    await look_at(operator, "devices-worn", "worn-by")


async def _the_doctor_sees_it(hospital: Hospital, doctor: Person, operator: Person) -> None:
    await doctor.page.locator("[data-testid=ticket-row] .row-main").first.click()
    await operator.see("tab-curl").click()
    line = await operator.see("line").inner_text()
    await run(line)
    await expect(doctor.see("vital-spo2")).to_have_text("97")
    await run(_of_many_metrics(line))
    await expect(doctor.see("vital-sbp")).to_have_text("148/92")
    await expect(doctor.see("result-creatinine")).to_have_text("88")
    await look_at(doctor, "console-many-metrics", "group-lab")
    await doctor.page.set_viewport_size(PHONE["viewport"])  # type: ignore[arg-type]
    await doctor.page.get_by_role("button", name=re.compile("Patient|患者")).last.click()
    await doctor.page.screenshot(path="tests/e2e/screens/console-many-metrics.phone.patient.png")
    await at_desk(doctor)
    assert [row["reason"] for row in hospital.rows("SELECT reason FROM quarantine")] == ["bad_json"]
    for seq, oldest in ((1, 1), (9, 9)):
        await run(line.replace('{"readings"', f'{{"epoch": "e", "seq": {seq}, "oldest": {oldest}, "readings"'))


def _of_many_metrics(line: str) -> str:
    """The same line with a whole morning's readings."""
    said = {
        "spo2": (97, "%"), "pulse_rate": (71, "/min"), "resp_rate": (16, "/min"), "sbp": (148, "mm[Hg]"),
        "dbp": (92, "mm[Hg]"), "map": (111, "mm[Hg]"), "temp": (37.6, "Cel"), "glucose": (7.8, "mmol/L"),
        "lactate": (1.4, "mmol/L"), "potassium": (4.1, "mmol/L"), "creatinine": (88, "umol/L"), "crp": (12, "mg/L"),
        "troponin_i_hs": (0.4, "ng/L"), "hemoglobin": (134, "g/L"), "inr": (1.1, "{INR}"), "hba1c": (6.1, "%"),
        "cholesterol": (4.9, "mmol/L"), "pef": (410, "L/min"), "weight": (71.4, "kg"), "height": (171, "cm"),
        "bmi": (24.4, "kg/m2"), "steps": (4120, "{steps}"), "sleep_duration": (445, "min"),
    }  # fmt: skip
    readings = ", ".join(
        f'{{"metric": "{name}", "value": {value}, "unit": "{unit}"}}' for name, (value, unit) in said.items()
    )
    return re.sub(r"\{\"readings\": .*?\]\}", f'{{"readings": [{readings}]}}', line)


async def _is_looked_at(operator: Person) -> None:
    await expect(operator.see("device-row")).to_have_attribute("data-state", "active")
    await look_at(operator, "devices", "device-row")
    await operator.see("losses").locator("summary").click()
    await expect(operator.see("gaps")).to_contain_text(re.compile("7 messages|7 条消息"))
    await expect(operator.see("no-drops")).to_be_visible()
    await look_at(operator, "devices-losses", "losses")
    await at_desk(operator)
    await operator.see("device-open").first.click()
    await expect(operator.see("connectivity")).to_have_attribute("data-state", "heard")
    await expect(operator.see("line")).to_contain_text("$SECRET")
    await expect(operator.see("line")).not_to_contain_text("spo2")  # it would be the wearer's
    await look_at(operator, "devices-detail", "device-facts")
    await at_desk(operator)
    await operator.see("do-edit").click()
    await operator.see("edit-label").fill("Finger oximeter, ward 3")
    await look_at(operator, "devices-edit", "edit-form")
    await at_desk(operator)
    await operator.see("edit-save").click()
    await expect(operator.see("edit-form")).to_have_count(0)
    await expect(operator.see("device-dialog")).to_have_attribute("aria-label", "Finger oximeter, ward 3")


async def _shows_a_certificate(operator: Person, authority: Authority) -> None:
    await operator.see("certificates").locator("summary").click()
    await operator.see("certificate-file").set_input_files(authority.signs("another").certificate)
    await expect(operator.see("refusal")).to_have_attribute("data-problem", "certificate-refused")
    await operator.see("certificate-file").set_input_files(authority.signs("PM10-AB12").certificate)
    await expect(operator.see("certificate-end")).to_have_count(1)
    await look_at(operator, "devices-certificates", "certificates")
    await at_desk(operator)


async def _gets_a_new_secret(operator: Person) -> None:
    await operator.see("do-rotate").click()
    await look_at(operator, "devices-rotating", "rotate-form")
    await at_desk(operator)
    await operator.see("rotate-sure").click()
    await expect(operator.see("secret")).to_be_visible()
    await operator.page.keyboard.press("Escape")
    await expect(operator.see("secret")).to_be_visible()  # what is shown once is not closed by a slip
    await operator.see("added-close").click()
    await operator.see("device-close").click()


async def _many_more(operator: Person, folder: Path) -> None:
    wrong, good = folder / "wrong.csv", folder / "good.csv"
    wrong.write_text(WRONG)
    good.write_text(TABLE)
    await operator.see("import-open").click()
    await operator.see("import-file").set_input_files(wrong)
    await expect(operator.see("import-errors")).to_be_visible()
    await expect(operator.see("import-submit")).to_be_disabled()
    await look_at(operator, "devices-import-wrong", "import-errors")
    await at_desk(operator)
    await operator.see("import-file").set_input_files(good)
    await expect(operator.see("import-report")).to_contain_text("2")
    async with operator.page.expect_download() as coming:
        await operator.see("import-submit").click()
    await (await coming.value).save_as(folder / "credentials.csv")
    kept = (folder / "credentials.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(kept) == 3
    await look_at(operator, "devices-imported", "import-saved")
    await operator.see("import-close").click()
    await expect(operator.see("device-row")).to_have_count(3)
    await _the_file_was_lost(operator, folder, kept)


async def _the_file_was_lost(operator: Person, folder: Path, kept: list[str]) -> None:
    """A download that nobody finds again: the devices that were never heard get new credentials."""
    await operator.see("import-open").click()
    await operator.see("import-file").set_input_files(folder / "good.csv")
    await expect(operator.see("import-submit")).to_be_disabled()
    await operator.see("import-reissue").check()
    async with operator.page.expect_download() as coming:
        await operator.see("import-submit").click()
    await (await coming.value).save_as(folder / "again.csv")
    again = (folder / "again.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(again) == 3
    assert not set(again[1:]) & set(kept)
    await operator.see("import-close").click()


async def _is_replaced_and_another_revoked(operator: Person) -> None:
    await at_desk(operator)
    await operator.see("devices-search").fill("zhao min")  # by who wears it: what comes back has no other name
    await expect(operator.see("device-row")).to_have_count(1)
    await operator.see("device-open").click()
    await operator.see("do-replace").click()
    await operator.see("replace-search").fill("no such device")
    await expect(operator.see("replace-none")).to_be_visible()
    await operator.see("replace-search").fill("C1")
    await operator.see("replace-by").select_option("PM10-C1")
    await look_at(operator, "devices-replacing", "replace-form")
    await at_desk(operator)
    await operator.see("replace-sure").click()
    await expect(operator.see("device-state").last).to_have_text(re.compile("Replaced|已更换"))
    await look_at(operator, "devices-replaced", "device-facts")
    await operator.see("device-close").click()
    await operator.see("devices-search").fill("")
    await operator.see("devices-attention").select_option("battery")
    await expect(operator.see("device-row")).to_have_count(0)
    await operator.see("devices-attention").select_option("")
    await operator.see("devices-worn").select_option("false")
    await expect(operator.see("device-row")).to_have_count(2)
    await operator.see("devices-state").select_option("new")
    await expect(operator.see("device-row")).to_have_count(1)
    await operator.see("device-open").click()
    await operator.see("do-revoke").click()
    await look_at(operator, "devices-revoking", "revoke-form")
    await at_desk(operator)
    await operator.see("revoke-sure").click()
    await expect(operator.see("device-steps")).to_be_empty()
    await operator.see("device-close").click()
    await expect(operator.page.get_by_text(re.compile("No device matches|没有符合的设备"))).to_be_visible()


async def _a_doctor_only_looks(hospital: Hospital, doctor: Person) -> None:
    await doctor.page.goto(f"{hospital.url}/devices")
    await expect(doctor.see("device-row")).to_have_count(3)
    await expect(doctor.see("add-open")).to_have_count(0)
    await doctor.see("device-open").last.click()
    await expect(doctor.see("device-facts")).to_be_visible()
    await expect(doctor.see("device-steps")).to_have_count(0)


async def _another_is_claimed_by_its_code(operator: Person, stranger: Person, doctor: Person) -> None:
    """By whoever is signed in on the phone that scans it; a stranger learns nothing of the device."""
    await _add(operator, "S9", "Home oximeter")
    code = await operator.see("claim-code").inner_text()
    address = f"{operator.page.url.removesuffix('/devices')}/claim#{code}"
    await stranger.page.goto(address)
    await expect(stranger.see("claim-sign-in")).to_be_visible()
    await look_at(stranger, "claim-nobody", "claim-sign-in")
    await doctor.page.goto(address)
    await expect(doctor.see("claim-code")).to_have_value(code)
    await doctor.see("find-patient").fill("nobody at all")
    await expect(doctor.see("no-patients")).to_be_visible()
    await doctor.see("find-patient").fill("0013 8001")
    await expect(doctor.see("choose-patient")).to_contain_text("…8001")
    option = doctor.see("choose-patient").locator("option", has_text="Zhao Min")
    await doctor.see("choose-patient").select_option(value=await option.get_attribute("value"))
    await look_at(doctor, "claim", "claim-form")
    await doctor.see("claim-submit").click()
    await expect(doctor.see("claimed")).to_contain_text("Home oximeter")
    await look_at(doctor, "claimed", "claimed")
    await doctor.page.goto("about:blank")
    await doctor.page.goto(address)
    await doctor.see("choose-patient").select_option(value=await option.get_attribute("value"))
    await doctor.see("claim-submit").click()
    await expect(doctor.see("refusal")).to_have_attribute("data-problem", "claim-refused")


async def _the_doctor_leaves(hospital: Hospital, operator: Person) -> None:
    """Whose alarms reach nobody then is said on a page that is open already, without being asked for again."""
    await operator.page.goto(f"{hospital.url}/desk")
    await expect(operator.see("who")).to_be_visible()
    await expect(operator.see("unattended")).to_have_count(0)
    hospital.disable("dr.wei")
    await expect(operator.see("unattended")).to_contain_text("Lin Wei")
    await look_at(operator, "desk-unattended", "unattended")


async def _the_patient_claims_one(hospital: Hospital, operator: Person, patient: Person) -> None:
    """On the phone that holds the ticket, for nobody else, and without limits."""
    for device in ("SCALE-1", "BP-1"):
        hospital.add_device(device)
    code = hospital.claim_code("SCALE-1")
    await join(patient, await newest_link(operator, hospital), ("1957", "3", "14"))
    await _in_the_waiting_room(patient, hospital.claim_code("BP-1"))
    await patient.page.goto(f"{hospital.url}/claim#{code}")
    await expect(patient.see("claim-code")).to_have_value(code)
    await expect(patient.see("claim-whose")).to_contain_text("1")
    await look_at(patient, "claim-own", "claim-form")
    await patient.see("claim-submit").click()
    await expect(patient.see("claimed")).to_contain_text("SCALE-1")
    worn = hospital.rows("SELECT name, profile FROM associations JOIN patients ON patients.id = patient_id "
                         "WHERE device_id IN ('SCALE-1', 'BP-1')")  # fmt: skip
    assert [(row["name"], row["profile"]) for row in worn] == [("Zhao Min", None)] * 2


async def _in_the_waiting_room(patient: Person, code: str) -> None:
    """By the code alone, without leaving the page that rings."""
    await patient.see("claim-device").locator("summary").click()
    await patient.see("claim-code").fill("0000-0000")
    await patient.see("claim-send").click()
    await expect(patient.see("claim-refused")).to_be_visible()
    await look_at(patient, "claim-waiting", "claim-device")
    await patient.see("claim-code").fill(code.lower())
    await patient.see("claim-send").click()
    await expect(patient.see("claim-done")).to_contain_text("BP-1")
