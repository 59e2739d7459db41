"""What goes wrong in a visit: nobody answers, no picture comes, the server is away, somebody guesses the birth date."""

import asyncio
import signal

import pytest
from playwright.async_api import expect

from tests.e2e.clinic_day import BORN, begin
from tests.e2e.conftest import OpenHospital, OpenPerson
from tests.e2e.people import join, newest_link

pytestmark = pytest.mark.e2e


async def test_who_does_not_answer_goes_back_into_the_line_and_is_told_why(
    open_hospital: OpenHospital, doctor_at: OpenPerson, patient_at: OpenPerson
) -> None:
    day = await begin(open_hospital, doctor_at, patient_at, CLINIC__RING_S="3")
    await day.doctor.see("call-next").click()
    await expect(day.patient.see("ringing")).to_be_visible()
    await expect(day.patient.see("missed")).to_be_visible(timeout=10_000)
    await expect(day.patient.see("serial")).to_contain_text("1")
    ticket = day.hospital.rows("SELECT * FROM tickets")[0]
    assert (ticket["state"], ticket["missed"]) == ("arrived", 1)
    assert day.hospital.rows("SELECT state FROM visits") == [{"state": "missed"}]
    await day.doctor.see("visit-done").click()
    await day.doctor.see("call-next").click()
    await day.patient.see("answer").click()
    await asyncio.gather(day.doctor.sees_and_hears(), day.patient.sees_and_hears())


async def test_without_a_picture_in_time_the_doctor_gets_the_telephone_number(
    open_hospital: OpenHospital, doctor_at: OpenPerson, patient_at: OpenPerson
) -> None:
    day = await begin(open_hospital, doctor_at, patient_at, CLINIC__MEDIA_S="4")
    await day.patient.context.add_init_script("RTCPeerConnection.prototype.setRemoteDescription = async () => {}")
    await day.patient.page.reload()
    await day.doctor.see("call-next").click()
    await day.patient.see("answer").click()
    await expect(day.doctor.see("telephone")).to_contain_text("+86 138 0013 8000".replace(" ", ""), timeout=15_000)
    assert day.hospital.rows("SELECT media_missing_at FROM visits")[0]["media_missing_at"]


async def test_a_page_that_lost_the_server_says_that_it_is_blind_and_recovers(
    open_hospital: OpenHospital, doctor_at: OpenPerson, patient_at: OpenPerson
) -> None:
    day = await begin(open_hospital, doctor_at, patient_at)
    await expect(day.doctor.see("blind-banner")).to_be_hidden()
    await day.hospital.stop(signal.SIGKILL)
    await expect(day.doctor.see("blind-banner")).to_be_visible(timeout=10_000)
    await expect(day.patient.see("offline")).to_be_visible(timeout=10_000)
    await day.hospital.start()
    await expect(day.doctor.see("blind-banner")).to_be_hidden(timeout=30_000)
    await expect(day.patient.see("offline")).to_be_hidden(timeout=30_000)
    await expect(day.patient.see("serial")).to_contain_text("1")
    assert day.hospital.rows("SELECT state FROM tickets") == [{"state": "arrived"}]


async def test_five_wrong_birth_dates_lock_the_link_and_an_operator_sends_another(
    open_hospital: OpenHospital, doctor_at: OpenPerson, patient_at: OpenPerson
) -> None:
    day = await begin(open_hospital, doctor_at, patient_at)
    guesser = await patient_at(day.hospital)
    token = day.link.partition("#")[2]
    url = f"{day.hospital.url}/api/v1/join/check"
    for day_of_month in range(1, 6):
        await guesser.context.request.post(url, data={"token": token, "birth_date": f"1990-01-0{day_of_month}"})
    right = await guesser.context.request.post(url, data={"token": token, "birth_date": "1957-03-14"})
    assert (right.status, (await right.json())["type"]) == (410, "/problems/link-locked")
    ticket = day.hospital.rows("SELECT id FROM tickets")[0]["id"]
    reset = await day.operator.context.request.post(f"{day.hospital.url}/api/v1/tickets/{ticket}/link")
    assert reset.status == 204
    await join(guesser, await newest_link(day.operator, day.hospital), BORN, agreed=True)
