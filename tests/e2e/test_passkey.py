"""A doctor opens a session with a passkey: enrolled with the password, then shown. Chromium has the authenticator."""

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import OpenHospital, OpenPerson
from tests.e2e.hospital import Hospital
from tests.e2e.people import PASSWORD, Person, enter, sign_in

pytestmark = pytest.mark.e2e

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
}
RECORD = {
    "licence_no": "110310000012345",
    "practice_since": "2009-07-01",
    "licence_until": "2040-12-31",
    "institution_consent": True,
}


async def test_a_passkey_of_this_device_opens_a_session(open_hospital: OpenHospital, doctor_at: OpenPerson) -> None:
    hospital = await open_hospital(CLINIC__POLICY="cn-2022")
    hospital.add_staff("doctor", "dr.wei", "Lin Wei", PASSWORD, "+8613800000001")
    hospital.add_staff("operator", "desk", "Chen Jing", PASSWORD, "+8613800000003")
    hospital.add_session("dr.wei", "Cardiology")
    await hospital.start()
    doctor, operator = await doctor_at(hospital), await doctor_at(hospital)
    await _put_on_record(operator, hospital)
    devtools = await doctor.context.new_cdp_session(doctor.page)
    await devtools.send("WebAuthn.enable")
    await devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    await sign_in(doctor, hospital, "dr.wei")
    await doctor.see("open-session").click()
    await doctor.see("enrol-password").fill(PASSWORD)
    await doctor.see("enrol-passkey").click()
    await doctor.see("passkey-use").click()
    await expect(doctor.see("suspend-session")).to_be_visible()
    assert hospital.rows("SELECT state FROM sessions") == [{"state": "open"}]


async def _put_on_record(operator: Person, hospital: Hospital) -> None:
    await enter(operator, hospital, "desk")
    [doctor] = hospital.rows("SELECT id FROM users WHERE login = 'dr.wei'")
    address = f"{hospital.url}/api/v1/roster/doctors/{doctor['id']}"
    reply = await operator.context.request.put(address, data=RECORD)
    assert reply.ok, await reply.text()
