"""An operator looks through what could not be read, corrects a message, replays it, and dismisses another."""

import base64
import json
import urllib.error
import urllib.request

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import DESKTOP, OpenHospital, OpenPerson
from tests.e2e.hospital import Hospital
from tests.e2e.looking import look_at
from tests.e2e.people import PASSWORD, Person, enter

pytestmark = pytest.mark.e2e

BROKEN = '{"readings": [{"metric": "spo2", "value": 91, "unit": "%"]} \u202e<img src=x onerror=alert(1)>'
GOOD = '{"readings": [{"metric": "spo2", "value": 91, "unit": "%"}]}'


def post(hospital: Hospital, device_id: str, secret: str, payload: bytes, format_: str = "readings") -> int:
    """As the device would; the status."""
    request = urllib.request.Request(  # noqa: S310 – our own server
        f"{hospital.url}/api/v1/readings?format={format_}",
        payload,
        {"Authorization": "Basic " + base64.b64encode(f"{device_id}:{secret}".encode()).decode()},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:  # noqa: S310
            return int(reply.status)
    except urllib.error.HTTPError as error:
        return error.code


async def opened(open_hospital: OpenHospital, doctor_at: OpenPerson) -> tuple[Hospital, Person]:
    """A hospital with three messages in quarantine, before an operator."""
    hospital = await open_hospital()
    hospital.add_staff("operator", "desk", "Chen Jing", PASSWORD, "+8613800000003")
    secret = hospital.add_device("OX-1")
    await hospital.start()
    for payload in (b"\xff\xfe\x00" + bytes(range(40)), b'{"readings": 91}', BROKEN.encode()):
        assert post(hospital, "OX-1", secret, payload) == 422
    operator = await doctor_at(hospital)
    await enter(operator, hospital, "desk")
    await operator.page.goto(f"{hospital.url}/quarantine")
    return hospital, operator


async def test_a_message_is_corrected_and_replayed(open_hospital: OpenHospital, doctor_at: OpenPerson) -> None:
    hospital, operator = await opened(open_hospital, doctor_at)
    await expect(operator.see("quarantine-row")).to_have_count(3)
    await look_at(operator, "quarantine", "quarantine-rows")
    await operator.page.set_viewport_size(DESKTOP["viewport"])  # type: ignore[arg-type]
    await operator.see("quarantine-open").first.click()
    await expect(operator.see("bytes").first).to_contain_text("U+202E<img src=x onerror=alert(1)>")
    await _correct(operator)
    [copy] = hospital.rows("SELECT payload FROM quarantine_copies")
    assert bytes(copy["payload"]).decode() == GOOD
    [message] = hospital.rows("SELECT body FROM messages WHERE identity LIKE 'replay:%'")
    [reading] = json.loads(message["body"])["readings"]
    assert (reading["value"], reading["context"]) == (91, ["corrected"])
    await operator.see("quarantine-close").click()
    await _dismiss(operator)
    assert await operator.page.evaluate("document.querySelectorAll('img').length") == 0


async def _correct(operator: Person) -> None:
    await operator.see("correct-section").locator("summary").click()
    await operator.see("draft").fill(GOOD[:-1])
    await operator.see("check").click()
    await expect(operator.see("refusal")).to_be_visible()
    await operator.see("draft").fill(GOOD)
    await operator.see("check").click()
    await expect(operator.see("reread")).to_contain_text("91")
    await look_at(operator, "quarantine-correcting", "reread")
    await operator.page.set_viewport_size(DESKTOP["viewport"])  # type: ignore[arg-type]
    await operator.see("replay").click()
    await expect(operator.see("replayed")).to_be_visible()
    await look_at(operator, "quarantine-replayed", "settled")


async def _dismiss(operator: Person) -> None:
    await expect(operator.see("quarantine-row")).to_have_count(2)
    await operator.see("quarantine-reason").select_option("bad_utf8")
    await expect(operator.see("quarantine-row")).to_have_count(1)
    await operator.see("quarantine-open").first.click()
    await expect(operator.see("bytes")).to_contain_text("0000  ff fe 00")
    await look_at(operator, "quarantine-bytes", "bytes")
    await operator.see("dismiss-section").locator("summary").click()
    await operator.see("dismiss-why").fill("a test of the cable")
    await operator.see("dismiss").click()
    await expect(operator.see("quarantine-empty")).to_be_visible()
    await look_at(operator, "quarantine-empty", "quarantine-empty")
