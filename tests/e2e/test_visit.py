"""What goes wrong in a visit: nobody answers, no picture comes, the server is away, somebody guesses the birth date."""

import asyncio
import signal

import pytest
from playwright.async_api import expect

from tests.e2e.clinic_day import BORN, ClinicDay, begin
from tests.e2e.conftest import OpenHospital, OpenPerson
from tests.e2e.people import join, newest_link

pytestmark = pytest.mark.e2e

BUSY_MACHINE = """
() => {
  const send = WebSocket.prototype.send, media = navigator.mediaDevices, open = media.getUserMedia.bind(media);
  window.__loseOffers = 0;
  WebSocket.prototype.send = function (data) {
    if (!window.__loseOffers || typeof data !== 'string' || !data.includes('"type":"offer"')) send.call(this, data);
    else window.__loseOffers -= 1;
  };
  const held = new Promise((go) => { window.__openFirstCamera = go; });
  let asked = 0;
  media.getUserMedia = async (wish) => { if (asked++ === 0) await held; return open(wish); };
}
"""  # offers of this page that get lost, and a camera that opens late the first time


async def test_who_does_not_answer_goes_back_into_the_line_and_is_told_why(
    open_hospital: OpenHospital, doctor_at: OpenPerson, patient_at: OpenPerson
) -> None:
    day = await begin(open_hospital, doctor_at, patient_at, CLINIC__RING_S="6")
    await day.doctor.page.evaluate(BUSY_MACHINE)
    await day.doctor.see("call-next").click()
    await expect(day.patient.see("ringing")).to_be_visible()
    await expect(day.patient.see("missed")).to_be_visible(timeout=30_000)
    await expect(day.patient.see("serial")).to_contain_text("1")
    ticket = day.hospital.rows("SELECT * FROM tickets")[0]
    assert (ticket["state"], ticket["missed"]) == ("arrived", 1)
    assert day.hospital.rows("SELECT state FROM visits") == [{"state": "missed"}]
    await _called_again(day)


async def _called_again(day: ClinicDay) -> None:
    """What a busy machine does to a recall: the first offer is lost on the way, and the camera that was asked for in
    the missed call opens only now."""
    doctor, patient = day.doctor, day.patient
    await doctor.see("visit-done").click()
    await doctor.page.evaluate("window.__loseOffers = 1")
    await doctor.see("row-more").click()
    await doctor.see("act-recall").click()
    await doctor.see("reason").fill("was in the lift")
    await doctor.see("reason-submit").click()
    await patient.see("answer").click()
    await asyncio.gather(doctor.sees_and_hears(), patient.sees_and_hears())
    assert await doctor.page.evaluate("window.__loseOffers") == 0
    await doctor.page.evaluate("window.__openFirstCamera()")
    await asyncio.gather(doctor.sees_and_hears(), patient.sees_and_hears())


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
