"""Floods: devices at full rate, guesses at passwords from many addresses. Who is ill is heard all the same."""

import asyncio
import statistics
import time
from collections import Counter

import psutil  # type: ignore[import-untyped]

from tests.attacks.oximeter import Oximeter, message, reading
from tests.attacks.ward import LEI, MIN, NOBODY, PASSWORD, Caller, Reply, Ward, book, put_on, token_of
from tests.devices import raw_mqtt
from tests.devices.raw_mqtt import RawClient

MB = 1024 * 1024
Device = tuple[str, str]  # id and secret


async def _devices(ward: Ward, caller: Caller) -> tuple[Device, list[Device]]:
    """Min's oximeter, and those of another patient that run wild."""
    doctor = await caller.sign_in("dr.a")
    session = (await caller.take(doctor, "GET", "/sessions"))[0]["id"]
    await caller.take(doctor, "POST", f"/sessions/{session}/open")
    ill = await book(caller, doctor, session, MIN)
    wild = await book(caller, doctor, session, LEI)
    quiet = await put_on(caller, ward.operator, doctor, ill["patient"]["id"])
    floods = [await put_on(caller, ward.operator, doctor, wild["patient"]["id"], None) for _ in range(6)]
    return quiet, floods


async def _runs_wild(port: int, device_id: str, secret: str) -> None:
    """As fast as its socket takes it, reading what it is told."""
    client = await RawClient.device(port, device_id, secret=secret)
    try:
        seq = 0
        while True:
            for _ in range(50):
                seq += 1
                topic = f"bedside/v1/{device_id}/readings"
                client.send(raw_mqtt.publish(topic, message(seq, reading()), mid=seq % 60_000 + 1))
            await client.writer.drain()
            client.reader._buffer.clear()  # type: ignore[attr-defined]
            await asyncio.sleep(0.02)
    finally:
        await client.close()


def _stored(ward: Ward) -> int:
    return int(ward.rows("SELECT count(*) AS n FROM messages")[0]["n"])


async def test_six_devices_at_full_rate_delay_no_other_devices_reading(own_ward: Ward) -> None:
    """More than the broker carries. Without a share for each, the quiet one waited twenty seconds and more."""
    hospital = own_ward.hospital
    assert hospital.process
    async with own_ward.caller() as caller:
        (device, secret), floods = await _devices(own_ward, caller)
    process = psutil.Process(hospital.process.pid)
    quiet = await Oximeter.on(hospital.mqtt, device, secret)
    wild = [asyncio.get_running_loop().create_task(_runs_wild(hospital.mqtt, *each)) for each in floods]
    before, overtaken = process.memory_info().rss, list[int]()
    for seq in range(1, 9):
        ahead = _stored(own_ward)
        await quiet.tells(message(seq, reading(value=79), oldest=1), within_s=20)
        await quiet.is_covered(seq, within_s=20)
        overtaken.append(_stored(own_ward) - ahead)
        await asyncio.sleep(0.2)
    stored = own_ward.rows("SELECT count(*) AS n FROM messages WHERE device_id = ?", device)
    for task in wild:
        task.cancel()
    await asyncio.gather(*wild, return_exceptions=True)
    assert stored == [{"n": 8}]
    assert statistics.median(overtaken) < 800, "what the others have underway, there and back, not all that they sent"
    assert process.memory_info().rss - before < 60 * MB
    await quiet.close()
    began = time.monotonic()
    assert await hospital.stop() == 0
    assert time.monotonic() - began < 10, "it ends in time under load too"


async def test_guessing_from_many_addresses_stops_neither_the_readings_nor_the_doctor(busy_ward: Ward) -> None:
    """Two hashes at a time, one for each address in turn: those who guess wait behind each other."""
    oximeter = await Oximeter.on(busy_ward.hospital.mqtt, busy_ward.a["device"], busy_ward.a.secret)
    answers = list[Reply]()
    guessing = asyncio.gather(*(_guesses(busy_ward, f"127.0.1.{n}", answers) for n in range(1, 16)))
    async with busy_ward.caller("127.0.2.1") as caller:
        while len(answers) < 10:
            await asyncio.sleep(0.01)
        before, began = len(answers), time.monotonic()
        await oximeter.tells(message(1, reading(value=79), epoch="guessing"), 5)
        await oximeter.is_covered(1, 5, "guessing")
        async with caller.http.get(f"{caller._url}/livez") as alive:
            assert alive.status == 200
        assert time.monotonic() - began < 5.0, "nothing of this waits for a hash"
        await caller.sign_in("dr.a")
        assert len(answers) - before < 120, "the doctor waited for the addresses, not for every guess"
    await guessing
    await oximeter.close()
    assert Counter(reply.status for reply in answers) == {401: 300, 429: 15}
    for reply in answers:
        assert reply.status == 401 or int(reply.headers["Retry-After"]) >= 1


async def _guesses(ward: Ward, address: str, answers: list[Reply]) -> None:
    """Twenty-one at once; twenty are let through."""

    async def guess(number: int) -> None:
        body = {"login": f"nobody-{address}-{number}", "password": PASSWORD}
        answers.append(await caller.ask(NOBODY, "POST", "/sign-in", body))

    async with ward.caller(address) as caller:
        await asyncio.gather(*(guess(number) for number in range(21)))


async def test_guesses_from_many_addresses_end_at_the_login_and_at_the_link(busy_ward: Ward) -> None:
    """Fifty guesses at one login, five birth dates at one link, whoever asks from wherever."""
    async with busy_ward.caller() as caller:
        doctor = await caller.sign_in("dr.a")
        session = (await caller.take(doctor, "GET", "/sessions"))[0]["id"]
        await caller.take(doctor, "POST", f"/sessions/{session}/open")
        await book(caller, doctor, session, MIN)
        token = await token_of(caller, busy_ward.operator, MIN.phone)
    found = Counter[str]()
    for n in range(1, 15):
        async with busy_ward.caller(f"127.0.3.{n}") as guesser:
            for day in range(1, 5):
                body = {"token": token, "birth_date": f"1990-{n % 12 + 1:02d}-{day:02d}"}
                found[(await guesser.ask(NOBODY, "POST", "/join/check", body)).kind] += 1
            tried = ({"login": "dr.b", "password": f"wrong-password-{day}"} for day in range(5))
            for reply in await asyncio.gather(*(guesser.ask(NOBODY, "POST", "/sign-in", body) for body in tried)):
                found[reply.kind] += 1
    assert found["wrong-birth-date"] == 5
    assert found["link-locked"] == 14 * 4 - 5
    assert 50 <= found["wrong-password"] <= 51
    assert found["too-many-tries"] == 14 * 5 - found["wrong-password"]


async def test_guesses_at_links_from_one_address_end_with_a_time_to_wait(busy_ward: Ward) -> None:
    async with busy_ward.caller("127.0.4.1") as guesser:
        replies = [await guesser.ask(NOBODY, "POST", "/join/look", {"token": f"{n:022d}"}) for n in range(30)]
    assert Counter(reply.status for reply in replies[:20]) == {410: 20}
    late = replies[-1]
    assert (late.status, late.kind) == (429, "too-many-tries")
    assert 1 <= int(late.headers["Retry-After"]) <= 60
