"""A one-time code claims a device for one patient, once, in time, and tells a guesser nothing."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from server.access.errors import TooManyTries
from server.access.principal import Principal
from server.access.roles import Role
from server.monitoring.claiming import Asked, plain
from server.monitoring.errors import ClaimRefused, DeviceStateWrong, DeviceWorn, NotFound
from server.monitoring.views import ClaimCode
from server.store.tables import associations, devices, tickets
from tests.monitoring.house import DEVICE, DOCTOR, FOREIGN, NOON, OPERATOR, House

BY_OPERATOR = Asked(OPERATOR, "192.0.2.1", "patient", "adult-continuous")


async def issued(house: House, device_id: str = "pulse-1") -> ClaimCode:
    await house.devices.add(OPERATOR.actor, device_id, "脉搏仪", house.now)
    return await house.claims.issue(OPERATOR.actor, device_id, house.now)


async def test_a_code_puts_the_device_on_the_patient_once(house: House) -> None:
    claim = await issued(house)
    worn = await house.claims.claim(BY_OPERATOR, claim.code, house.now)
    assert (worn.id, worn.worn, worn.profile, worn.claimable_until) == ("pulse-1", True, "adult-continuous", None)
    assert (await house.audited())[-2:] == ["device.claimed", "device.associated"]
    with pytest.raises(ClaimRefused):
        await house.claims.claim(BY_OPERATOR, claim.code, house.now)


async def test_a_code_is_read_as_it_was_meant(house: House) -> None:
    claim = await issued(house)
    typed = claim.code.lower().replace("0", "o").replace("1", "l").replace("-", " ")
    assert plain(typed) == plain(claim.code)
    assert (await house.claims.claim(BY_OPERATOR, typed, house.now)).worn


async def test_no_code_lies_in_the_database(house: House) -> None:
    claim = await issued(house)
    kept = str(await house.rows(sa.select(devices)))
    assert claim.code not in kept
    assert plain(claim.code) not in kept


async def test_wrong_used_old_and_dead_codes_are_answered_alike(house: House) -> None:
    old, newer = await issued(house), await house.claims.issue(OPERATOR.actor, "pulse-1", house.now, days=1)
    dead = await issued(house, "pulse-2")
    await house.devices.lose(OPERATOR.actor, "pulse-2", house.now)
    said = set()
    late = house.now + timedelta(days=1)
    for code, now in (("0000-0000", house.now), (old.code, house.now), (dead.code, house.now), (newer.code, late)):
        with pytest.raises(ClaimRefused) as refused:
            await house.claims.claim(BY_OPERATOR, code, now)
        said.add(str(refused.value))
    assert len(said) == 1


async def test_a_guesser_is_slowed_down_and_a_good_claim_costs_no_try(house: House) -> None:
    claim = await issued(house)
    for _ in range(5):
        with pytest.raises(ClaimRefused):
            await house.claims.claim(BY_OPERATOR, "0000-0000", house.now)
    assert (await house.audited())[-5:] == ["device.claim_refused"] * 5
    with pytest.raises(TooManyTries):
        await house.claims.claim(BY_OPERATOR, claim.code, house.now)
    assert (await house.claims.claim(BY_OPERATOR, claim.code, house.now + timedelta(minutes=1))).worn


async def test_a_claim_that_fails_leaves_the_code_as_it_was(house: House) -> None:
    claim = await house.claims.issue(OPERATOR.actor, DEVICE, house.now)
    with pytest.raises(DeviceWorn):
        await house.claims.claim(BY_OPERATOR, claim.code, house.now)
    await house.associations.dissociate(DOCTOR, "patient", DEVICE, house.now)
    assert (await house.claims.claim(BY_OPERATOR, claim.code, house.now)).worn


async def test_a_patient_claims_for_the_own_ticket_alone_and_without_limits(house: House) -> None:
    claim = await issued(house)
    [ticket] = await house.rows(sa.select(tickets.c.id))
    patient = Principal(Role.PATIENT, ticket.id, "王小明", "s9")
    worn = await house.claims.claim(Asked(patient, "192.0.2.9", "somebody-else"), claim.code, house.now)
    assert (worn.id, worn.patient, worn.profile) == ("pulse-1", None, None)
    wearers = sa.select(associations.c.patient_id).where(associations.c.device_id == "pulse-1")
    assert [row.patient_id for row in await house.rows(wearers)] == ["patient"]


async def test_a_doctor_claims_for_no_foreign_patient(house: House) -> None:
    claim = await issued(house)
    with pytest.raises(NotFound):
        await house.claims.claim(Asked(FOREIGN, "192.0.2.2", "patient"), claim.code, house.now)
    assert (await house.claims.claim(BY_OPERATOR, claim.code, house.now)).worn


async def test_a_device_out_of_service_gets_no_code(house: House) -> None:
    await house.devices.revoke(OPERATOR.actor, DEVICE, NOON)
    with pytest.raises(DeviceStateWrong):
        await house.claims.issue(OPERATOR.actor, DEVICE, NOON)
    with pytest.raises(NotFound):
        await house.claims.issue(OPERATOR.actor, "none", NOON)
