"""Showing a second factor: once a code, within the drift, for one sign-in; passkeys that were copied or moved."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.access.errors import NoFactor, PasskeyRefused, TooManyTries, WrongCode
from server.access.passkeys import NewPasskey, PasskeyChecks, relying_party
from server.access.totp import code_at
from server.store.engine import Store
from tests.access.authenticator import PRESENT, Authenticator, b64
from tests.access.factor_house import ORIGIN, FactorHouse
from tests.access.people import NOW, audited

LATER = NOW + timedelta(minutes=2)
STEP = timedelta(seconds=30)


@pytest.fixture
async def house(store: Store) -> FactorHouse:
    return await FactorHouse.of(store)


async def test_a_code_counts_for_this_sign_in_alone(house: FactorHouse) -> None:
    secret = await house.with_app()
    await house.step_up.by_code(house.doctor, code_at(secret, LATER), LATER)
    assert await house.stepped_up(house.doctor) == LATER
    assert await house.stepped_up(house.elsewhere) is None
    assert "user.stepped_up" in await audited(house.store)


async def test_a_code_is_taken_once_however_many_ask_at_once(house: FactorHouse) -> None:
    secret = await house.with_app()
    code = code_at(secret, LATER)
    asked = (house.step_up.by_code(who, code, LATER) for who in (house.doctor, house.elsewhere) * 2)
    found = Counter(type(result) for result in await asyncio.gather(*asked, return_exceptions=True))
    assert found == {type(None): 1, WrongCode: 3}


async def test_a_code_that_enrolled_the_app_is_used_already(house: FactorHouse) -> None:
    secret = await house.with_app()
    with pytest.raises(WrongCode):
        await house.step_up.by_code(house.doctor, code_at(secret, NOW), NOW)


async def test_no_older_code_is_taken_after_a_newer_one(house: FactorHouse) -> None:
    """Somebody read the code before over the shoulder; within the drift it would still fit."""
    secret = await house.with_app()
    await house.step_up.by_code(house.doctor, code_at(secret, LATER), LATER)
    with pytest.raises(WrongCode):
        await house.step_up.by_code(house.doctor, code_at(secret, LATER - STEP), LATER)


@pytest.mark.parametrize(("off", "taken"), [(-2, False), (-1, True), (1, True), (2, False)])
async def test_the_telephones_clock_may_be_off_by_one_step(house: FactorHouse, off: int, taken: bool) -> None:
    secret = await house.with_app()
    code = code_at(secret, LATER + off * STEP)
    if taken:
        await house.step_up.by_code(house.doctor, code, LATER)
        return
    with pytest.raises(WrongCode):
        await house.step_up.by_code(house.doctor, code, LATER)


async def test_guesses_end_and_a_right_code_waits_too(house: FactorHouse) -> None:
    secret = await house.with_app()
    for _ in range(5):
        with pytest.raises(WrongCode):
            await house.step_up.by_code(house.doctor, "000000", LATER)
    with pytest.raises(TooManyTries) as refused:
        await house.step_up.by_code(house.elsewhere, code_at(secret, LATER), LATER)
    assert refused.value.retry_after_s == 300
    assert (await audited(house.store)).count("user.step_up_refused") == 5
    assert await house.stepped_up(house.doctor) is None


async def test_without_a_factor_there_is_none_to_show(house: FactorHouse) -> None:
    with pytest.raises(NoFactor):
        await house.step_up.by_code(house.doctor, "000000", NOW)
    with pytest.raises(NoFactor):
        await house.step_up.passkey_request(house.doctor, NOW)


async def test_a_passkey_steps_up_again_and_again(house: FactorHouse) -> None:
    key = await house.with_passkey()
    await house.use(key)
    await house.use(key, LATER)
    assert await house.stepped_up(house.doctor) == LATER


async def test_the_same_answer_twice_is_refused(house: FactorHouse) -> None:
    key = await house.with_passkey()
    answer = key.get(await house.step_up.passkey_request(house.doctor, NOW))
    await house.step_up.by_passkey(house.doctor, answer, NOW)
    with pytest.raises(PasskeyRefused):
        await house.step_up.by_passkey(house.doctor, answer, NOW)


async def test_an_answer_of_another_browser_is_refused(house: FactorHouse) -> None:
    key = await house.with_passkey()
    answer = key.get(await house.step_up.passkey_request(house.doctor, NOW))
    await house.step_up.passkey_request(house.elsewhere, NOW)
    with pytest.raises(PasskeyRefused):
        await house.step_up.by_passkey(house.elsewhere, answer, NOW)


async def test_a_copied_passkey_betrays_itself_by_its_count(house: FactorHouse) -> None:
    key = await house.with_passkey()
    copy = Authenticator(key.origin, key.rp_id, id=key.id, key=key.key)
    await house.use(key)
    await house.use(key)
    with pytest.raises(PasskeyRefused):
        await house.use(copy)


async def test_where_somebody_moved_the_page_the_key_is_worth_nothing(house: FactorHouse) -> None:
    key = await house.with_passkey()
    for origin, rp_id, flags in (
        ("https://hospital.example.evil.example", key.rp_id, key.flags),
        (ORIGIN, "evil.example", key.flags),
        (ORIGIN, key.rp_id, PRESENT),
    ):
        moved = Authenticator(origin, rp_id, flags, uses=key.uses, id=key.id, key=key.key)
        with pytest.raises(PasskeyRefused):
            await house.use(moved)
    assert await house.stepped_up(house.doctor) is None


async def test_a_forged_signature_and_a_foreign_key_are_refused(house: FactorHouse) -> None:
    key = await house.with_passkey()
    forged = key.get(await house.step_up.passkey_request(house.doctor, NOW))
    forged["response"]["signature"] = b64(bytes(70))
    stranger = Authenticator(ORIGIN, "hospital.example")
    foreign = stranger.get(await house.step_up.passkey_request(house.doctor, NOW))
    for answer in (forged, foreign):
        await house.step_up.passkey_request(house.doctor, NOW)
        with pytest.raises(PasskeyRefused):
            await house.step_up.by_passkey(house.doctor, answer, NOW)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=20), inner, max_size=3),
    max_leaves=8,
)
PARTS = ("id", "rawId", "type", "response", "clientDataJSON", "authenticatorData", "signature", "attestationObject")


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from(PARTS), JSON), st.dictionaries(st.sampled_from(PARTS), JSON))
def test_whatever_comes_is_refused_by_name(outer: dict[str, Any], inner: dict[str, Any]) -> None:
    checks = PasskeyChecks(relying_party(ORIGIN, "Hospital"))
    key = NewPasskey(b"id", b"key", 0)
    for answer in (outer, {"id": "aWQ", "rawId": "aWQ", "type": "public-key", "response": inner} | outer):
        with pytest.raises(PasskeyRefused):
            checks.used(answer, b"challenge", key)
        with pytest.raises(PasskeyRefused):
            checks.created(answer, b"challenge")
