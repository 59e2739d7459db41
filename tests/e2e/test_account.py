"""A doctor's own account: second factors, the last one kept; this browser's notifications; and signing out of all."""

from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from playwright.async_api import expect

from tests.e2e.conftest import OpenHospital, OpenPerson
from tests.e2e.hospital import Hospital
from tests.e2e.looking import look_at
from tests.e2e.people import PASSWORD, Person, sign_in
from tests.e2e.push_service import ENDPOINT, reach_push_service, subscribed
from tests.e2e.test_moving import PUSH
from tests.e2e.test_passkey import AUTHENTICATOR

pytestmark = pytest.mark.e2e


async def test_second_factors_come_and_go_and_the_last_one_stays(
    open_hospital: OpenHospital, doctor_at: OpenPerson
) -> None:
    hospital = await open_hospital(CLINIC__POLICY="cn-2022", **PUSH)
    hospital.add_staff("doctor", "dr.wei", "Lin Wei", PASSWORD, "+8613800000001")
    hospital.add_session("dr.wei", "Cardiology")
    await hospital.start()
    doctor = await doctor_at(hospital)
    devtools = await doctor.context.new_cdp_session(doctor.page)
    await devtools.send("WebAuthn.enable")
    await devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    await reach_push_service(doctor, hospital.url)
    await sign_in(doctor, hospital, "dr.wei")
    await _notifications_at_the_desk(doctor, hospital)
    await doctor.page.goto(f"{hospital.url}/account")
    await expect(doctor.see("push")).to_have_attribute("data-state", "on")
    await expect(doctor.see("factors-none")).to_be_visible()
    app = await _an_app_by_its_code(doctor)
    await _the_last_one_stays(doctor, app)
    await _a_passkey_beside_it(doctor)
    await _the_app_goes(doctor)
    audit = "SELECT action FROM audit WHERE action IN ('factor.added', 'factor.removed') ORDER BY id"
    assert [row["action"] for row in hospital.rows(audit)] == ["factor.added", "factor.added", "factor.removed"]
    await _signs_out_of_all(doctor, hospital)


async def _notifications_at_the_desk(doctor: Person, hospital: Hospital) -> None:
    await expect(doctor.see("push")).to_have_attribute("data-state", "off")
    await doctor.see("push-start").click()
    await expect(doctor.see("push")).to_have_attribute("data-state", "on")
    [kept] = hospital.rows("SELECT recipient, endpoint FROM push_subscriptions")
    [user] = hospital.rows("SELECT id FROM users")
    assert kept == {"recipient": f"user:{user['id']}", "endpoint": ENDPOINT}
    await doctor.see("push-stop").click()
    await expect(doctor.see("push")).to_have_attribute("data-state", "off")
    assert not await subscribed(doctor)
    await doctor.see("push-start").click()
    await expect(doctor.see("push")).to_have_attribute("data-state", "on")


async def _signs_out_of_all(doctor: Person, hospital: Hospital) -> None:
    """The cookie is worth nothing, an open page of it leaves, and nobody is told in this browser any more."""
    console = await doctor.context.new_page()
    await console.goto(f"{hospital.url}/console")
    await expect(console.get_by_test_id("who")).to_be_visible()
    cookies = {each["name"]: each["value"] for each in await doctor.context.cookies(hospital.url)}
    assert await subscribed(doctor)
    await doctor.see("sign-out").click()
    await expect(doctor.see("sign-in")).to_be_visible()
    await expect(console.get_by_test_id("sign-in")).to_be_visible()
    assert not await subscribed(doctor)
    old = {"Cookie": f"bedside={cookies['bedside']}"}
    assert (await doctor.context.request.get(f"{hospital.url}/api/v1/me", headers=old)).status == 401
    left = {each["name"] for each in await doctor.context.cookies(hospital.url)}
    assert left == {"bedside-known"}


async def _an_app_by_its_code(doctor: Person) -> pyotp.TOTP:
    """What the camera sees is drawn from what the server said, and asked of nobody else: foreign requests fail."""
    await doctor.see("factor-add").click()
    await doctor.see("enrol-password").fill(PASSWORD)
    await doctor.see("enrol-totp").click()
    await expect(doctor.see("qr")).to_be_visible()
    await look_at(doctor, "account-qr", "qr")
    app = pyotp.TOTP((await doctor.see("totp-secret").inner_text()).replace(" ", ""))
    await doctor.see("enrol-code").fill(app.at(datetime.now(UTC)))
    await doctor.see("enrol-submit").click()
    await expect(doctor.see("factor")).to_have_count(1)
    return app


async def _the_last_one_stays(doctor: Person, app: pyotp.TOTP) -> None:
    await doctor.see("factor-remove").click()
    await doctor.see("totp-code").fill(app.at(datetime.now(UTC) + timedelta(seconds=30)))  # each code counts once
    await doctor.see("totp-submit").click()
    await doctor.see("remove-yes").click()
    await expect(doctor.see("refusal")).to_have_attribute("data-problem", "last-factor")
    await look_at(doctor, "account-last", "refusal")
    await doctor.see("remove-no").click()
    await expect(doctor.see("remove-dialog")).to_have_count(0)


async def _a_passkey_beside_it(doctor: Person) -> None:
    await doctor.see("factor-add").click()
    await doctor.see("enrol-password").fill(PASSWORD)
    await doctor.see("enrol-passkey").click()
    await expect(doctor.see("factor")).to_have_count(2)
    await look_at(doctor, "account", "factor")


async def _the_app_goes(doctor: Person) -> None:
    await doctor.see("factor-remove").first.click()
    await doctor.see("remove-yes").click()
    await expect(doctor.see("factor")).to_have_count(1)
