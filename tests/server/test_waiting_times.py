"""The waiting time through the real server: it appears on the page, moves with the line, and its errors are read."""

import asyncio
from pathlib import Path
from typing import Any

from tests.attacks.ward import LEI, MIN, Caller, Ward, Who, agree, book, open_ward, token_of
from tests.e2e.hospital import Hospital

SHOWN_WITHIN_S = 20.0


async def joined(caller: Caller, ward: Ward, doctor: Who, session: str) -> tuple[Who, Who]:
    """Min and Lei have checked in, Min first."""
    patients = []
    for person in (MIN, LEI):
        await book(caller, doctor, session, person)
        patient = await caller.join(await token_of(caller, ward.operator, person.phone), person.birth_date)
        await agree(caller, patient)
        patients.append(patient)
    return patients[0], patients[1]


async def wait_of(caller: Caller, patient: Who, *, ahead: int) -> dict[str, Any]:
    """The range on the patient's page, once so many are ahead."""
    async with asyncio.timeout(SHOWN_WITHIN_S):
        while True:
            ticket = await caller.take(patient, "GET", "/ticket")
            if ticket["ahead"] == ahead and ticket["wait"]:
                return dict(ticket["wait"])
            await asyncio.sleep(0.1)


async def test_a_patient_is_told_a_range_until_the_call_and_operators_its_error(tmp_path: Path) -> None:
    hospital = Hospital(tmp_path, preloaded=True)
    ward = await open_ward(hospital)
    try:
        async with ward.caller() as caller:
            doctor = await caller.sign_in("dr.a")
            session = (await caller.take(doctor, "GET", "/sessions"))[0]["id"]
            await caller.take(doctor, "POST", f"/sessions/{session}/open")
            first, second = await joined(caller, ward, doctor, session)
            wait = await wait_of(caller, second, ahead=1)
            assert 0 <= wait["low_s"] < wait["high_s"]
            assert set(wait) == {"low_s", "high_s", "as_of"}
            rows = (await caller.take(doctor, "GET", f"/sessions/{session}/line"))["tickets"]
            assert [row["wait"]["high_s"] for row in rows][1] == wait["high_s"]
            assert (await caller.take(first, "GET", "/ticket"))["wait"]["high_s"] < wait["high_s"]
            await caller.take(doctor, "POST", f"/sessions/{session}/call-next")
            async with asyncio.timeout(SHOWN_WITHIN_S):
                while not await caller.take(ward.operator, "GET", "/waiting/errors"):
                    await asyncio.sleep(0.1)
            assert (await caller.take(first, "GET", "/ticket"))["wait"] is None
    finally:
        await hospital.stop()
