"""Every page at phone and desktop size in both languages: axe finds nothing, and a picture of each is kept."""

from datetime import UTC, datetime, timedelta
from io import BytesIO
from zoneinfo import ZoneInfo

import pyotp
import pytest
from PIL import Image
from playwright.async_api import expect

from tests.e2e.clinic_day import ClinicDay, begin
from tests.e2e.conftest import DESKTOP, OpenHospital, OpenPerson
from tests.e2e.desk_work import (
    a_call_is_made,
    a_day_off,
    a_line_is_bounded,
    a_patient_is_moved,
    a_place_is_offered_and_taken,
    a_text_is_reworded,
)
from tests.e2e.hospital import Hospital
from tests.e2e.looking import look_at
from tests.e2e.people import (
    PASSWORD,
    Person,
    book,
    enter,
    enter_console,
    join,
    newest_link,
    pass_second_check,
)
from tests.e2e.wrong_turns import a_camera_that_is_not_allowed, wrong_turns

pytestmark = pytest.mark.e2e


async def test_the_patients_pages(open_hospital: OpenHospital, doctor_at: OpenPerson, patient_at: OpenPerson) -> None:
    day = await begin(open_hospital, doctor_at, patient_at)
    await look_at(day.patient, "waiting-room", "waiting-room")
    await _before_the_call(day)
    await _another_patient_before_the_waiting_room(day, patient_at)
    await day.doctor.see("call-next").click()
    await expect(day.patient.see("ringing")).to_be_visible()
    await look_at(day.patient, "ringing", "answer")
    await day.patient.see("answer").click()
    await day.patient.sees_and_hears()
    await look_at(day.patient, "call", "remote-video")
    await look_at(day.doctor, "console-in-visit", "remote-video")
    await day.doctor.see("end-visit").click()
    await look_at(day.doctor, "console-ending", "end-dialog")
    await day.doctor.see("end-confirm").click()
    await expect(day.patient.see("ended")).to_be_visible()
    await look_at(day.patient, "ended", "ended")


async def _before_the_call(day: ClinicDay) -> None:
    """The device test, what the doctor should know, a pause, and a cancelling thought better of."""
    patient = day.patient
    await a_camera_that_is_not_allowed(patient)
    await patient.see("media-try").click()
    await expect(patient.see("preview")).to_be_visible()
    await patient.see("speaker-yes").click()
    await expect(patient.see("test-result")).to_have_attribute("data-told", "yes", timeout=30_000)
    [measured] = day.hospital.rows("SELECT rtt_ms, kbps, kbps_up FROM device_tests")
    assert min(measured.values()) > 0, measured
    await patient.see("complaint").fill("咳嗽三天，昨晚开始发烧")
    await patient.see("complaint-send").click()
    await expect(patient.see("complaint-saved")).to_be_visible()
    await patient.see("upload").set_input_files({"name": "rash.jpg", "mimeType": "image/jpeg", "buffer": _photograph()})
    await expect(patient.see("document")).to_be_visible()
    await patient.see("cancel").click()
    await look_at(patient, "waiting-room-ready", "cancel-question")
    await patient.see("cancel-no").click()
    await _pause(day)
    await day.doctor.page.set_viewport_size(DESKTOP["viewport"])  # type: ignore[arg-type]
    await day.doctor.page.locator("[data-testid=ticket-row] .row-main").first.click()
    await expect(day.doctor.see("complaint")).to_contain_text("咳嗽三天")
    await expect(day.doctor.see("device-test")).to_contain_text("✓")


def _photograph() -> bytes:
    written = BytesIO()
    Image.new("RGB", (320, 240), "pink").save(written, "JPEG")
    return written.getvalue()


async def _pause(day: ClinicDay) -> None:
    await day.doctor.see("suspend-session").click()
    await day.doctor.see("suspend-message").fill("Back in 15 minutes")
    await day.doctor.see("suspend-submit").click()
    await expect(day.patient.see("suspended")).to_contain_text("Back in 15 minutes")
    await look_at(day.patient, "waiting-room-paused", "suspended")
    await day.doctor.see("resume-session").click()
    await expect(day.patient.see("suspended")).to_have_count(0)


async def _another_patient_before_the_waiting_room(day: ClinicDay, patient_at: OpenPerson) -> None:
    await book(day.doctor, "Zhao Lei", "1983-07-02", "138 0013 8000")
    lei = await patient_at(day.hospital)
    await lei.page.goto(await newest_link(day.operator, day.hospital))
    await look_at(lei, "join", "look")
    await lei.see("look-continue").click()
    await look_at(lei, "birth-date", "birth")
    await pass_second_check(lei, ("1983", "7", "1"))
    await expect(lei.see("birth-wrong")).to_be_visible()
    await look_at(lei, "birth-date-wrong", "birth-wrong")
    await pass_second_check(lei, ("1983", "7", "2"))
    await look_at(lei, "notice", "agree")


async def test_the_desk_pages(open_hospital: OpenHospital, doctor_at: OpenPerson, patient_at: OpenPerson) -> None:
    day = await begin(open_hospital, doctor_at, patient_at)
    await look_at(day.doctor, "console", "call-next")
    await day.doctor.see("book-open").click()
    await look_at(day.doctor, "console-booking", "book-form")
    await _who_comes_again(day)
    await day.operator.page.goto(f"{day.hospital.url}/outbox")
    await look_at(day.operator, "outbox", "delivery")
    visitor = await doctor_at(day.hospital)
    for page in ("sign-in", "ca"):
        await visitor.page.goto(f"{day.hospital.url}/{page}")
        await look_at(visitor, page, {"sign-in": "sign-in-form", "ca": "ca-download"}[page])
    await wrong_turns(day, doctor_at)


async def _who_comes_again(day: ClinicDay) -> None:
    """Zhao Min with a new telephone: the desk is asked who it is, and answers by the keyboard alone."""
    doctor = day.doctor
    await doctor.see("book-name").fill("ZHAO  MIN")
    await doctor.see("book-birth-date").fill("1957-03-14")
    await doctor.see("book-phone").fill("139 0013 9000")
    await doctor.page.keyboard.press("Enter")
    await look_at(doctor, "console-known", "known-this")
    for key in ("Tab", "Enter"):
        await doctor.page.keyboard.press(key)
    await expect(doctor.see("booked-serial")).to_have_text("2")
    assert day.hospital.rows("SELECT name, phone FROM patients") == [{"name": "Zhao Min", "phone": "+8613900139000"}]
    await doctor.see("booked-close").click()


async def test_a_line_that_somebody_steps_out_of(
    open_hospital: OpenHospital, doctor_at: OpenPerson, patient_at: OpenPerson
) -> None:
    """Urgency, hold, and the board in the waiting room, which says when it is out of date. The one who is held is
    moved; the other's telephone has had its message of the day, and so the desk calls it."""
    day = await begin(open_hospital, doctor_at, patient_at, BUDGETS__PHONE="1")
    doctor = day.doctor
    await book(doctor, "Zhao Lei", "1983-07-02", "138 0013 8000")
    lei = await patient_at(day.hospital)
    await join(lei, await newest_link(day.operator, day.hospital), ("1983", "7", "2"))
    await _open_ticket(doctor, 2)
    await look_at(doctor, "console-ticket", "ticket-dialog")
    await doctor.see("act-urgency").click()
    await doctor.see("urgency-0").check()
    await doctor.see("reason").fill("chest pain")
    await doctor.see("reason-submit").click()
    await expect(lei.see("ahead")).to_have_attribute("data-ahead", "0")
    await _open_ticket(doctor, 1)
    await doctor.see("act-hold").click()
    await expect(day.patient.see("ahead")).to_have_count(0)
    await look_at(doctor, "console-urgent", "call-next")
    day.hospital.add_session("dr.wei", "Later")
    await _open_ticket(doctor, 1)
    await a_patient_is_moved(day.hospital, doctor)
    await expect(day.patient.see("check-in")).to_be_visible()
    await _board(day, doctor_at)
    await day.operator.page.goto(f"{day.hospital.url}/desk")
    await a_call_is_made(day.operator)
    await a_line_is_bounded(day.hospital, day.operator)


async def _open_ticket(doctor: Person, serial: int) -> None:
    await doctor.page.set_viewport_size(DESKTOP["viewport"])  # type: ignore[arg-type]
    await doctor.page.locator(f"[data-serial='{serial}']").get_by_test_id("row-more").click()


async def _board(day: ClinicDay, doctor_at: OpenPerson) -> None:
    [session] = day.hospital.rows("SELECT id FROM sessions WHERE title = 'Cardiology'")
    board = await doctor_at(day.hospital)
    await board.page.goto(f"{day.hospital.url}/display/{session['id']}")
    await expect(board.see("display-waiting")).to_contain_text("1")
    await day.doctor.see("call-next").click()
    await expect(board.see("calling")).to_have_text("2")
    await look_at(board, "display", "calling")
    await board.context.set_offline(True)
    await expect(board.see("out-of-date")).to_be_visible(timeout=30_000)
    await look_at(board, "display-out-of-date", "out-of-date")
    await board.context.set_offline(False)
    await expect(board.see("out-of-date")).to_have_count(0, timeout=30_000)


async def test_from_the_roster_to_a_strangers_booking(
    open_hospital: OpenHospital, doctor_at: OpenPerson, patient_at: OpenPerson
) -> None:
    hospital = await open_hospital()
    hospital.add_staff("doctor", "dr.wei", "Lin Wei", PASSWORD, "+8613800000001")
    hospital.add_staff("operator", "desk", "Chen Jing", PASSWORD, "+8613800000003")
    await hospital.start()
    operator = await doctor_at(hospital)
    await enter(operator, hospital, "desk")
    await operator.page.goto(f"{hospital.url}/roster")
    await _fill_roster(operator)
    stranger = await patient_at(hospital)
    await stranger.page.goto(f"{hospital.url}/book")
    await _book_as_stranger(stranger)
    await operator.page.goto(f"{hospital.url}/desk")
    await expect(operator.page.locator(".loading")).to_have_count(0)
    await look_at(operator, "desk", "lines")
    await operator.page.goto(f"{hospital.url}/texts")
    await look_at(operator, "texts", "text")
    await operator.see("text-edit").first.click()
    await look_at(operator, "texts-editing", "text-preview")
    await a_text_is_reworded(hospital, operator)
    await a_day_off(hospital, operator)
    await a_place_is_offered_and_taken(hospital, operator, stranger)


async def _fill_roster(operator: Person) -> None:
    """A department, the doctor on record, a weekly window for tomorrow's weekday."""
    await operator.see("department-add").click()
    await operator.see("department-name").fill("心内科")
    await operator.see("department-name-en").fill("Cardiology")
    await operator.see("department-submit").click()
    await expect(operator.see("department")).to_be_visible()
    await _put_on_record(operator, "心内科")
    tomorrow = datetime.now(ZoneInfo("Asia/Shanghai")) + timedelta(days=1)
    await operator.see("template-add").nth(tomorrow.weekday()).click()
    await operator.see("template-title").fill("心内科 上午")
    await operator.see("template-capacity").fill("1")
    await look_at(operator, "roster-window", "template-dialog")
    await operator.see("template-submit").click()
    await expect(operator.see("template")).to_be_visible()
    await look_at(operator, "roster", "template")


async def _put_on_record(operator: Person, department: str | None = None) -> None:
    await operator.see("profile-edit").click()
    if department:
        await operator.see("profile-department").select_option(label=department)
    await operator.see("profile-licence").fill("110310000012345")
    await operator.see("profile-since").fill("2009-07-01")
    await operator.see("profile-until").fill("2040-12-31")
    await operator.see("profile-consent").check()
    await operator.see("profile-submit").click()
    await expect(operator.see("profile-dialog")).to_have_count(0)


async def _book_as_stranger(stranger: Person) -> None:
    """The one place; whoever comes next is put on the waiting list."""
    await look_at(stranger, "book", "department")
    for name, phone, end in (("Wang Wu", "138 0013 8001", "booked"), ("Zhao Liu", "138 0013 8002", "listed")):
        await stranger.see("department").click()
        await stranger.see("doctor").click()
        await look_at(stranger, f"book-session-{end}", "session")
        await stranger.see("session").first.click()
        await stranger.see("person-name").fill(name)
        await stranger.see("person-birth-date").fill("1961-05-04")
        await stranger.see("person-phone").fill(phone)
        await look_at(stranger, f"book-person-{end}", "person-form")
        await stranger.see("person-submit").click()
        await look_at(stranger, f"book-{end}", end)
        await stranger.see("book-again").click()


async def test_a_session_and_a_childs_visit_under_the_rules(
    open_hospital: OpenHospital, doctor_at: OpenPerson, patient_at: OpenPerson
) -> None:
    """First refused by rule and article; then on record, with a second factor set up on the way. Then a child of four:
    advice only, until the doctor attests what was seen and who is there."""
    hospital = await open_hospital(CLINIC__POLICY="cn-2022")
    hospital.add_staff("doctor", "dr.wei", "Lin Wei", PASSWORD, "+8613800000001")
    hospital.add_staff("operator", "desk", "Chen Jing", PASSWORD, "+8613800000003")
    hospital.add_session("dr.wei", "Cardiology")
    await hospital.start()
    doctor, operator = await doctor_at(hospital), await doctor_at(hospital)
    await enter_console(doctor, hospital, "dr.wei")
    await doctor.see("open-session").click()
    await expect(doctor.see("refusal-rule").first).to_contain_text("Art. 25")
    await look_at(doctor, "console-refused", "refusal-rule")
    await _record_of_the_doctor(operator, hospital)
    await doctor.page.set_viewport_size(DESKTOP["viewport"])  # type: ignore[arg-type]
    await doctor.see("open-session").click()
    await _set_up_totp(doctor)
    await expect(doctor.see("suspend-session")).to_be_visible()
    day = ClinicDay(hospital, doctor, operator, await patient_at(hospital), "")
    await _a_child_is_called(day)
    await _attested(day)


async def _a_child_is_called(day: ClinicDay) -> None:
    born = datetime.now(UTC).date().replace(day=1) - timedelta(days=4 * 366)
    doctor, patient = day.doctor, day.patient
    await doctor.see("book-open").click()
    await doctor.see("book-name").fill("Zhao Tong")
    await doctor.see("book-phone").fill("138 0013 8000")
    await doctor.see("book-birth-date").fill(born.isoformat())
    await doctor.see("book-guardian").fill("Zhao Lei")  # comes with the birth date, and leaves the telephone alone
    await doctor.see("book-submit").click()
    await doctor.see("booked-close").click()
    await join(patient, await newest_link(day.operator, day.hospital), (f"{born.year}", f"{born.month}", f"{born.day}"))
    await patient.see("upload").set_input_files(
        {"name": "paper.jpg", "mimeType": "image/jpeg", "buffer": _photograph()}
    )
    await expect(patient.see("document")).to_be_visible()
    await doctor.see("call-next").click()
    await patient.see("answer").click()
    await expect(doctor.see("care")).to_have_attribute("data-level", "advice_only")


async def _attested(day: ClinicDay) -> None:
    """The paper that was handed in, and the guardian who was named at the booking."""
    doctor = day.doctor
    await doctor.see("attest-diagnosis").click()
    await look_at(doctor, "console-diagnosis", "diagnosis-dialog")
    await doctor.see("diagnosis-submit").click()
    await expect(doctor.see("attest-diagnosis")).to_have_count(0)
    await doctor.see("attest-guardian").click()
    await expect(doctor.see("guardian-name")).to_have_value("Zhao Lei")
    await look_at(doctor, "console-guardian", "guardian-dialog")
    await doctor.see("guardian-submit").click()
    await expect(doctor.see("care")).to_have_attribute("data-level", "treatment")
    await look_at(doctor, "console-attested", "care")
    [seen] = day.hospital.rows("SELECT document_sha256, note, policy FROM prior_diagnoses")
    [document] = day.hospital.rows("SELECT sha256 FROM documents")
    assert (seen["document_sha256"], seen["note"], seen["policy"]) == (document["sha256"], None, "cn-2022/1")
    assert day.hospital.rows("SELECT name, present FROM guardians") == [{"name": "Zhao Lei", "present": 1}]


async def _record_of_the_doctor(operator: Person, hospital: Hospital) -> None:
    await enter(operator, hospital, "desk")
    children = {"name": "儿科", "name_en": "Paediatrics", "childrens": True}
    reply = await operator.context.request.post(f"{hospital.url}/api/v1/roster/departments", data=children)
    assert reply.ok, await reply.text()
    await operator.page.goto(f"{hospital.url}/roster")
    await _put_on_record(operator, "儿科")


async def _set_up_totp(doctor: Person) -> None:
    await doctor.see("enrol-password").fill(PASSWORD)
    await doctor.see("enrol-totp").click()
    app = pyotp.TOTP((await doctor.see("totp-secret").inner_text()).replace(" ", ""))
    await look_at(doctor, "console-step-up", "step-up-dialog")
    now = datetime.now(UTC)
    await doctor.see("enrol-code").fill(app.at(now))
    await doctor.see("enrol-submit").click()
    await doctor.see("totp-code").fill(app.at(now + timedelta(seconds=30)))  # each code counts once
    await doctor.see("totp-submit").click()
