"""A whole small day with planted names, numbers, notes and vital values: no line of the log knows any of them."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.attacks.oximeter import Oximeter, message, reading
from tests.attacks.ward import NOBODY, PASSWORD, Person, Ward, agree, book, people, put_on, token_of
from tests.e2e.hospital import Hospital

PLANTED = Person("Ouyang Xuefeng", "1949-10-03", "13977712345")
NOTE = "planted-note-haemoptysis"
LABEL = "planted-label-of-room-12"
WRONG_PASSWORD = "planted-wrong-password"
VALUES = (61.77, 173.31)  # SpO2 and pulse
NUMBER = "13977712345"


@dataclass
class Split(Hospital):
    """Standard output and the log apart, as a service manager can tell them apart."""

    preloaded: bool = True

    @property
    def out_file(self) -> Path:
        return self.data / "stdout"


@pytest.fixture
async def split_ward(tmp_path: Path) -> AsyncIterator[Ward]:
    hospital = Split(tmp_path, {"LOG__LEVEL": "debug"})
    await people(tmp_path)
    await hospital.start()
    yield Ward(hospital)
    await hospital.stop()


async def _a_small_day(ward: Ward) -> list[str]:
    """Everything that a day does and much that it should not. What must stay unsaid."""
    async with ward.caller() as caller:
        ward.operator, doctor = await caller.sign_in("desk"), await caller.sign_in("dr.a")
        await caller.ask(NOBODY, "POST", "/sign-in", {"login": "dr.a", "password": WRONG_PASSWORD})
        session = (await caller.take(doctor, "GET", "/sessions"))[0]["id"]
        await caller.take(doctor, "POST", f"/sessions/{session}/open")
        ticket = await book(caller, doctor, session, PLANTED)
        token = await token_of(caller, ward.operator, PLANTED.phone)
        await caller.ask(NOBODY, "POST", "/join/check", {"token": token, "birth_date": "1949-10-04"})
        patient = await caller.join(token, PLANTED.birth_date)
        await agree(caller, patient)
        visit = (await caller.take(doctor, "POST", f"/sessions/{session}/call-next"))["visit"]["id"]
        await caller.take(patient, "POST", "/ticket/answer")
        patient_id = ticket["patient"]["id"]
        device, secret = await put_on(caller, ward.operator, doctor, patient_id)
        await caller.take(ward.operator, "POST", "/devices", {"id": "ox-label", "label": LABEL})
        await _vitals(ward, device, secret)
        await caller.take(doctor, "GET", f"/patients/{patient_id}/readings?metrics=spo2&minutes=5")
        await caller.take(doctor, "PUT", f"/visits/{visit}/note", {"body": NOTE, "version": 0})
        await _nonsense(ward, token, doctor.cookie)
        await caller.take(doctor, "POST", f"/visits/{visit}/end", {"outcome": "completed"})
    return [PLANTED.name, "Ouyang", PLANTED.birth_date, NUMBER, NOTE, LABEL, WRONG_PASSWORD, PASSWORD, token, secret,
            doctor.cookie, patient.cookie, *map(str, VALUES)]  # fmt: skip


async def _vitals(ward: Ward, device: str, secret: str) -> None:
    oximeter = await Oximeter.on(ward.hospital.mqtt, device, secret)
    spo2, pulse = reading(value=VALUES[0]), reading("pulse_rate", VALUES[1], "/min")
    for seq in range(1, 4):
        await oximeter.tells(message(seq, spo2, pulse, reading(PLANTED.name, VALUES[0], NUMBER)))
    await oximeter.tells(f'{{"name":"{PLANTED.name}","readings":[{VALUES[0]}'.encode())
    oximeter.publish_on(f"bedside/v1/{device}/{PLANTED.name}", b"{}")
    oximeter.publish_on(f"bedside/v1/{PLANTED.name}/readings", str(VALUES[0]).encode())
    await asyncio.sleep(0.2)
    await oximeter.close()


async def _nonsense(ward: Ward, token: str, cookie: str) -> None:
    """What is no HTTP at all, with secrets in every part of it, and line breaks that would forge a line."""
    for raw in (
        f"GET /join?token={token}&name=Ouyang HTTP/1.1\r\nHost: localhost\r\n\r\n",
        f"GET /api/v1/{PLANTED.phone}/{token} HTTP/1.1\r\nHost: localhost\r\nCookie: bedside={cookie}\r\n\r\n",
        f"GET /{token} HTTP/1.1\r\nHost: localhost\r\nBad {token}\x00: {NUMBER}\r\n\r\n",
        f"{token} / HTTP/9\r\n\r\n",
        f"POST /api/v1/sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: {token}\r\n\r\n",
        f"GET /live/?EIO=4&transport=polling&sid={token} HTTP/1.1\r\nHost: localhost\r\nOrigin: http://{NUMBER}\r\n\r\n",
        f"GET /%0a{{%22event%22:%22{token}%22}} HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: {token}\r\n\r\n",
    ):
        reader, writer = await asyncio.open_connection("127.0.0.1", ward.hospital.http)
        writer.write(raw.encode())
        writer.write_eof()
        async with asyncio.timeout(20):
            await reader.read()
        writer.close()


async def test_the_log_of_a_whole_day_holds_no_name_no_number_no_secret_and_no_value(split_ward: Ward) -> None:
    planted = await _a_small_day(split_ward)
    await split_ward.hospital.stop(signal.SIGTERM)
    lines = split_ward.hospital.log().splitlines()
    told = [(what, line) for what in planted for line in lines if what in line]
    assert not told
    events = [json.loads(line)["event"] for line in lines]  # each line is one event, whole
    assert len(events) > 20
    assert "ready" in events


async def test_a_message_is_not_printed_where_nobody_but_a_log_would_read_it(split_ward: Ward) -> None:
    """Standard output that is no terminal ends in a journal or a file; the outbox shows the words to operators."""
    planted = await _a_small_day(split_ward)
    printed = (split_ward.hospital.data / "stdout").read_text()
    assert not [what for what in planted if what in printed]
