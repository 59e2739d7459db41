"""A hospital under China's rules: who has only a password, a cookie or an old code opens no session."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from server.access.totp import code_at
from tests.access.authenticator import Authenticator
from tests.attacks.ward import NOBODY, PASSWORD, Caller, Ward, Who, people
from tests.e2e.hospital import Hospital

PROFILE = "INSERT INTO doctor_profiles VALUES (?, NULL, '', '', '1103301', '2015-07-01', '2099-12-31', ?)"
WRONG = {"code": "000000"}


@pytest.fixture
async def lawful(tmp_path: Path) -> AsyncIterator[Ward]:
    """Dr. A's papers are in order, Dr. B's are not there."""
    hospital = Hospital(tmp_path, {"CLINIC__POLICY": "cn-2022"}, preloaded=True)
    await people(tmp_path)
    with sqlite3.connect(tmp_path / "bedside.sqlite") as database:
        [doctor] = database.execute("SELECT id FROM users WHERE login = 'dr.a'").fetchone()
        database.execute(PROFILE, (doctor, "2026-01-01T00:00:00.000000Z"))
    database.close()
    await hospital.start()
    yield Ward(hospital)
    await hospital.stop()


async def session_of(caller: Caller, doctor: Who) -> str:
    return str((await caller.take(doctor, "GET", "/sessions"))[0]["id"])


async def enrol(caller: Caller, doctor: Who) -> str:
    enrolled = await caller.take(doctor, "POST", "/totp/enrol", {"password": PASSWORD})
    await caller.take(doctor, "POST", "/totp/confirm", {"code": code(enrolled["secret"], -30)})
    return str(enrolled["secret"])


def code(secret: str, off_s: int = 0) -> str:
    return code_at(secret, datetime.now(UTC) + timedelta(seconds=off_s))


async def test_the_way_in_and_the_ways_round_it(lawful: Ward) -> None:
    async with lawful.caller() as caller:
        doctor, other = await caller.sign_in("dr.a"), await caller.sign_in("dr.b")
        session, foreign = await session_of(caller, doctor), await session_of(caller, other)
        opening = f"/sessions/{session}/open"

        refused = await caller.ask(other, "POST", f"/sessions/{foreign}/open")
        assert (refused.status, refused.kind, refused.body["rule"]) == (403, "policy-refused", "licence-valid")
        assert "Art. 25" in refused.body["article"]
        assert [each["rule"] for each in refused.body["refusals"]] == [
            "licence-valid",
            "three-years-of-practice",
            "institution-consent",
        ]
        needed = await caller.ask(doctor, "POST", opening)
        assert (needed.status, needed.kind, needed.body["rule"]) == (403, "step-up-needed", "step-up")
        assert (await caller.ask(doctor, "POST", f"/sessions/{foreign}/open")).status == 404

        # A cookie alone enrols nothing, and an app that was never confirmed counts nothing.
        assert (await caller.ask(doctor, "POST", "/totp/enrol", {"password": "not-the-password"})).status == 401
        assert (await caller.ask(doctor, "POST", "/step-up/totp", WRONG)).kind == "no-factor"
        secret = await enrol(caller, doctor)
        assert (await caller.ask(doctor, "POST", "/totp/enrol", {"password": PASSWORD})).kind == "factor-needed"
        assert (await caller.ask(doctor, "POST", opening)).kind == "step-up-needed"

        elsewhere = await caller.sign_in("dr.a")
        right = code(secret)
        asked = (caller.ask(who, "POST", "/step-up/totp", {"code": right}) for who in (elsewhere, doctor) * 2)
        found = Counter(reply.status for reply in await asyncio.gather(*asked))
        assert found == {200: 1, 403: 3}
        shown = [(await caller.take(who, "GET", "/factors"))["stepped_up_at"] for who in (doctor, elsewhere)]
        assert sorted(each is None for each in shown) == [False, True], "it counts for one browser alone"
        lucky, unlucky = (doctor, elsewhere) if shown[0] else (elsewhere, doctor)
        assert (await caller.ask(unlucky, "POST", opening)).kind == "step-up-needed"
        assert (await caller.ask(lucky, "POST", opening)).body["state"] == "open"
        for who in (NOBODY, other):
            assert (await caller.ask(who, "POST", "/step-up/totp", {"code": code(secret)})).status in {401, 409}


async def test_guesses_at_codes_end_whoever_asks_from_wherever(lawful: Ward) -> None:
    found = Counter[str]()
    async with lawful.caller() as caller:
        await enrol(caller, await caller.sign_in("dr.a"))
    for n in range(1, 5):
        async with lawful.caller(f"127.0.7.{n}") as guesser:
            doctor = await guesser.sign_in("dr.a")
            for _ in range(5):
                found[(await guesser.ask(doctor, "POST", "/step-up/totp", WRONG)).kind] += 1
    assert found == {"wrong-code": 5, "too-many-tries": 15}
    assert len(lawful.rows("SELECT id FROM audit WHERE action = 'user.step_up_refused'")) == 5


async def test_a_passkey_of_this_page_opens_and_of_no_other(lawful: Ward) -> None:
    port = lawful.hospital.http
    async with lawful.caller() as caller:
        doctor = await caller.sign_in("dr.a")
        session = await session_of(caller, doctor)
        key = Authenticator(f"http://localhost:{port}", "localhost")
        moved = Authenticator(f"http://localhost:{port + 1}", "localhost")
        for each, status in ((moved, 403), (key, 200)):
            options = await caller.take(doctor, "POST", "/passkeys/options", {"password": PASSWORD})
            assert options["rp"]["id"] == "localhost"
            answer = {"credential": each.create(options), "label": "Key"}
            assert (await caller.ask(doctor, "POST", "/passkeys", answer)).status == status
        options = await caller.take(doctor, "POST", "/step-up/passkey/options")
        answer = {"credential": key.get(options)}
        assert (await caller.ask(doctor, "POST", "/step-up/passkey", answer)).status == 200
        assert (await caller.ask(doctor, "POST", "/step-up/passkey", answer)).kind == "passkey-refused"
        assert (await caller.take(doctor, "POST", f"/sessions/{session}/open"))["state"] == "open"
        for wrong in ({}, {"id": "x"}, {"id": "eA", "rawId": "eA", "type": "public-key", "response": {}}):
            assert (await caller.ask(doctor, "POST", "/step-up/passkey", {"credential": wrong})).status == 403


async def test_neither_secret_nor_code_stands_in_the_database_or_the_log(lawful: Ward) -> None:
    async with lawful.caller() as caller:
        secret = await enrol(caller, await caller.sign_in("dr.a"))
    kept = b"".join(path.read_bytes() for path in lawful.hospital.data.glob("bedside.sqlite*"))
    assert secret.encode() not in kept
    assert secret not in lawful.hospital.log()
