"""Taking one's own factor away: with one shown just now, never somebody else's, never the last that rules ask for."""

import asyncio
from datetime import timedelta
from functools import partial

import pytest

from server.access.errors import FactorNeeded, LastFactor, NoFactor, UnknownFactor
from server.access.factor_removal import FactorRemoval
from server.access.roles import Role
from server.access.totp import code_at
from server.store.engine import Store
from server.store.factors import FactorQueries
from tests.access.factor_house import FactorHouse
from tests.access.people import NOW, audited

LATER = NOW + timedelta(minutes=2)


@pytest.fixture
async def house(store: Store) -> FactorHouse:
    return await FactorHouse.of(store)


def removal(house: FactorHouse, *needed_by: Role) -> FactorRemoval:
    return FactorRemoval(partial(house.store.write, FactorQueries), needed_by)


async def with_both(house: FactorHouse) -> tuple[str, str]:
    """An app and a passkey, the passkey shown a moment ago: the app's secret and the passkey's id."""
    key = await house.with_passkey()
    await house.use(key, LATER)
    secret = await house.with_app(LATER)
    [passkey] = (await house.factors.factors(house.doctor)).passkeys
    return secret, passkey.id


async def test_nothing_is_removed_without_a_factor_shown_a_moment_ago(house: FactorHouse) -> None:
    _, passkey_id = await with_both(house)
    for late in (LATER + timedelta(minutes=11), NOW):
        with pytest.raises(FactorNeeded):
            await removal(house).remove_passkey(house.doctor, passkey_id, late)
        with pytest.raises(FactorNeeded):
            await removal(house).remove_totp(house.elsewhere, LATER)
    assert (await house.factors.factors(house.doctor)).count == 2


async def test_a_removed_app_opens_nothing_more(house: FactorHouse) -> None:
    secret, _ = await with_both(house)
    await removal(house).remove_totp(house.doctor, LATER)
    assert not (await house.factors.factors(house.doctor)).totp
    after = LATER + timedelta(minutes=2)
    with pytest.raises(NoFactor):
        await house.step_up.by_code(house.doctor, code_at(secret, after), after)
    assert "factor.removed" in await audited(house.store)
    with pytest.raises(UnknownFactor):
        await removal(house).remove_totp(house.doctor, LATER)


async def test_what_the_lost_telephone_has_opened_elsewhere_is_shut(house: FactorHouse) -> None:
    secret, _ = await with_both(house)
    soon = LATER + timedelta(minutes=1)
    await house.step_up.by_code(house.elsewhere, code_at(secret, soon), soon)
    await removal(house).remove_totp(house.doctor, soon)
    assert await house.stepped_up(house.elsewhere) is None
    assert await house.stepped_up(house.doctor) == LATER


async def test_who_receives_patients_keeps_one(house: FactorHouse) -> None:
    _, passkey_id = await with_both(house)
    own = removal(house, Role.DOCTOR)
    await own.remove_passkey(house.doctor, passkey_id, LATER)
    with pytest.raises(LastFactor):
        await own.remove_totp(house.doctor, LATER)
    await removal(house, Role.ADMIN).remove_totp(house.doctor, LATER)
    assert not (await house.factors.factors(house.doctor)).any


async def test_two_removals_at_once_leave_one(house: FactorHouse) -> None:
    _, passkey_id = await with_both(house)
    own = removal(house, Role.DOCTOR)
    both = (own.remove_passkey(house.doctor, passkey_id, LATER), own.remove_totp(house.doctor, LATER))
    done = await asyncio.gather(*both, return_exceptions=True)
    assert [type(each) for each in done if each is not None] == [LastFactor]
    assert (await house.factors.factors(house.doctor)).count == 1


async def test_nobody_removes_somebody_elses(house: FactorHouse) -> None:
    await with_both(house)
    with pytest.raises(UnknownFactor):
        await removal(house).remove_passkey(house.doctor, "0" * 32, LATER)
