"""A message that names somebody other than the wearer: its readings are nobody's, its number counts, and it is told."""

from collections.abc import Sequence

import msgspec
import pytest
import sqlalchemy as sa

from devices.readings import Body, Message, Reason
from server.store.engine import Store
from server.store.journal import StoreJournal
from server.store.tables import associations, messages
from tests.store.filled import plain
from tests.store.ward import Ward, at, message

Kept = list[tuple[str | None, list[str | None], list[Reason]]]


def naming(seq: int, *subjects: str | None) -> Message:
    """The ward's message ``seq`` with a reading for each name."""
    told = message(seq)
    readings = tuple(msgspec.structs.replace(told.body.readings[0], subject=subject) for subject in subjects)
    return msgspec.structs.replace(told, body=Body(readings))


async def committed(store: Store, *batches: Sequence[Message]) -> Kept:
    """Whose each row is, whom its readings name, and what of it was refused."""
    for batch in batches:
        await StoreJournal(store).commit(batch, [])
    async with store.read(plain) as connection:
        rows = await connection.execute(
            sa.select(messages.c.patient_id, messages.c.body).order_by(messages.c.measured_at, messages.c.identity)
        )
        bodies = [(row.patient_id, msgspec.json.decode(row.body, type=Body)) for row in rows]
    return [
        (patient, [reading.subject for reading in body.readings], [refusal.reason for refusal in body.refusals])
        for patient, body in bodies
    ]


@pytest.fixture
async def patient(ward: Ward) -> str:
    """Wears BM-1 since noon."""
    await ward.device()
    patient = await ward.patient()
    await ward.wear(patient)
    return patient


async def test_the_first_name_is_learned_and_another_is_nobodys(store: Store, patient: str) -> None:
    kept = await committed(store, [naming(1, "PID-7"), naming(2, "PID-7", "PID-8", None)], [naming(3, "PID-8")])
    assert kept == [
        (patient, ["PID-7"], []),
        (patient, ["PID-7", None], [Reason.WRONG_PATIENT]),
        (None, ["PID-8"], []),
        (patient, [], [Reason.WRONG_PATIENT]),
        (None, ["PID-8"], []),
    ]
    async with store.read(plain) as connection:
        assert await connection.scalar(sa.select(associations.c.subject)) == "PID-7"


async def test_every_number_is_covered_all_the_same(store: Store, patient: str) -> None:
    assert patient
    journal = StoreJournal(store)
    done = await journal.commit([naming(1, "PID-7"), naming(2, "PID-8")], [])
    assert [ack.seq for ack in done.acks] == [2]
    again = await journal.commit([naming(1, "PID-7"), naming(2, "PID-8")], [])
    assert again.stored == []


async def test_a_name_that_was_said_at_the_association_is_not_learned_anew(store: Store, ward: Ward) -> None:
    await ward.device()
    patient = await ward.patient()
    await ward.wear(patient, subject="PID-7")
    kept = await committed(store, [naming(1, "PID-8")], [naming(2, "PID-7")])
    assert kept == [(patient, [], [Reason.WRONG_PATIENT]), (None, ["PID-8"], []), (patient, ["PID-7"], [])]


async def test_our_own_id_is_always_right_and_teaches_nothing(store: Store, patient: str) -> None:
    kept = await committed(store, [naming(1, patient)], [naming(2, "PID-7")], [naming(3, patient)])
    assert [(whose, refused) for whose, _, refused in kept] == [(patient, [])] * 3


async def test_the_next_wearer_has_a_name_of_its_own(store: Store, ward: Ward) -> None:
    await ward.device()
    first, second = await ward.patient(), await ward.patient()
    await ward.wear(first, until_at=at(10))
    await ward.wear(second, since=at(10))
    kept = await committed(store, [naming(1, "PID-7"), naming(11, "PID-8")])
    assert [(whose, refused) for whose, _, refused in kept] == [(first, []), (second, [])]


async def test_nobody_is_compared_with_nobody(store: Store, ward: Ward) -> None:
    await ward.device()
    kept = await committed(store, [naming(1, "PID-7"), naming(2, "PID-8")])
    assert kept == [(None, ["PID-7"], []), (None, ["PID-8"], [])]
