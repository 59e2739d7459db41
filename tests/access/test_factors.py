"""Adding second factors: the password again, the factor that is there already, and passkeys of this house only."""

from datetime import timedelta

import pytest

from server.access.errors import (
    FactorNeeded,
    NoFactor,
    PasskeyRefused,
    PasskeysUnavailable,
    TooManyTries,
    WrongCode,
    WrongPassword,
)
from server.access.totp import code_at
from server.store.engine import Store
from tests.access.authenticator import PRESENT, Authenticator
from tests.access.factor_house import ORIGIN, FactorHouse
from tests.access.people import NOW, PASSWORD, audited


@pytest.fixture
async def house(store: Store) -> FactorHouse:
    return await FactorHouse.of(store)


async def test_an_app_counts_from_its_first_right_code_on(house: FactorHouse) -> None:
    enrolled = await house.factors.enrol_totp(house.doctor, PASSWORD, "Hospital", NOW)
    assert not (await house.factors.factors(house.doctor)).totp
    with pytest.raises(WrongCode):
        await house.factors.confirm_totp(house.doctor, "000000", NOW)
    await house.factors.confirm_totp(house.doctor, code_at(enrolled.secret, NOW), NOW)
    assert (await house.factors.factors(house.doctor)).totp
    assert {"factor.enrolling", "factor.added"} <= set(await audited(house.store))


async def test_the_database_holds_no_secret(house: FactorHouse) -> None:
    secret = await house.with_app()
    assert secret not in str(await house.everything())


async def test_a_stolen_cookie_adds_nothing(house: FactorHouse) -> None:
    for _ in range(5):
        with pytest.raises(WrongPassword):
            await house.factors.enrol_totp(house.doctor, "not-the-password", "Hospital", NOW)
    with pytest.raises(TooManyTries):
        await house.factors.passkey_creation(house.doctor, PASSWORD, NOW)


async def test_who_has_a_factor_shows_it_before_another_is_added(house: FactorHouse) -> None:
    """So that a stolen password does not replace the telephone."""
    secret = await house.with_app()
    later = NOW + timedelta(hours=1)
    with pytest.raises(FactorNeeded):
        await house.factors.enrol_totp(house.doctor, PASSWORD, "Hospital", later)
    await house.step_up.by_code(house.doctor, code_at(secret, later), later)
    await house.factors.enrol_totp(house.doctor, PASSWORD, "Hospital", later)
    with pytest.raises(FactorNeeded):
        await house.factors.passkey_creation(house.doctor, PASSWORD, later + timedelta(minutes=11))


async def test_a_second_app_replaces_the_first(house: FactorHouse) -> None:
    first = await house.with_app()
    later = NOW + timedelta(minutes=2)
    await house.step_up.by_code(house.doctor, code_at(first, later), later)
    second = await house.with_app(later)
    after = later + timedelta(minutes=2)
    with pytest.raises(WrongCode):
        await house.step_up.by_code(house.doctor, code_at(first, after), after)
    await house.step_up.by_code(house.doctor, code_at(second, after), after)


async def test_without_enrolling_there_is_nothing_to_confirm(house: FactorHouse) -> None:
    with pytest.raises(NoFactor):
        await house.factors.confirm_totp(house.doctor, "000000", NOW)


async def test_a_passkey_is_added_once(house: FactorHouse) -> None:
    key = await house.with_passkey()
    assert [passkey.label for passkey in (await house.factors.factors(house.doctor)).passkeys] == ["Key"]
    await house.use(key)
    options = await house.factors.passkey_creation(house.doctor, PASSWORD, NOW)
    answer = key.create(options)
    with pytest.raises(PasskeyRefused):
        await house.factors.add_passkey(house.doctor, answer, "Again", NOW)


@pytest.mark.parametrize(
    "key",
    [
        Authenticator("https://evil.example", "hospital.example"),
        Authenticator(ORIGIN, "evil.example"),
        Authenticator("http://hospital.example", "hospital.example"),
        Authenticator(ORIGIN, "hospital.example", flags=PRESENT),
    ],
    ids=["another origin", "another name", "not over TLS", "nobody verified"],
)
async def test_a_passkey_of_elsewhere_is_refused(house: FactorHouse, key: Authenticator) -> None:
    answer = key.create(await house.factors.passkey_creation(house.doctor, PASSWORD, NOW))
    with pytest.raises(PasskeyRefused):
        await house.factors.add_passkey(house.doctor, answer, "Key", NOW)


async def test_an_answer_counts_for_one_question_of_one_sign_in_and_not_for_ever(house: FactorHouse) -> None:
    key = Authenticator(ORIGIN, "hospital.example")
    first = key.create(await house.factors.passkey_creation(house.doctor, PASSWORD, NOW))
    await house.factors.passkey_creation(house.doctor, PASSWORD, NOW)
    with pytest.raises(PasskeyRefused):
        await house.factors.add_passkey(house.doctor, first, "to an older question", NOW)
    second = key.create(await house.factors.passkey_creation(house.doctor, PASSWORD, NOW))
    with pytest.raises(PasskeyRefused):
        await house.factors.add_passkey(house.elsewhere, second, "in another browser", NOW)
    with pytest.raises(PasskeyRefused):
        await house.factors.add_passkey(house.doctor, second, "too late", NOW + timedelta(minutes=4))


async def test_by_an_address_of_digits_there_are_no_passkeys(store: Store) -> None:
    house = await FactorHouse.of(store, "https://192.168.1.20:8443")
    with pytest.raises(PasskeysUnavailable):
        await house.factors.passkey_creation(house.doctor, PASSWORD, NOW)


async def test_a_lost_telephone_is_forgotten_whole(house: FactorHouse) -> None:
    await house.with_app()
    assert await house.factors.reset(house.doctor.id, "system", NOW) == 1
    assert not (await house.factors.factors(house.doctor)).any
    await house.with_app(NOW + timedelta(minutes=2))
