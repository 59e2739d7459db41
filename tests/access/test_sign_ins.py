"""Sign-ins: from a password to a token, from a token to a principal, and every way that ends it. On both databases."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from functools import partial
from typing import Literal

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from server.access.errors import NotSignedIn, TooManyTries, WrongPassword
from server.access.passwords import Passwords
from server.access.principal import Principal
from server.access.roles import Role
from server.access.sign_ins import STAFF_IDLE, STAFF_LONGEST, From, SignedIn, SignIns
from server.store import tables
from server.store.access import SignInLookQueries, SignInQueries
from server.store.engine import Store
from tests.access.people import (
    BROWSERS_KEY,
    CHEAP,
    DESK,
    HERE,
    NOW,
    PASSWORD,
    add_staff,
    audited,
    change,
    rows_of,
    sign_ins_of,
)

MINUTE = timedelta(minutes=1)


async def signed_in(store: Store, sign_ins: SignIns) -> SignedIn:
    await add_staff(store)
    return await sign_ins.sign_in("wang.li", PASSWORD, DESK, NOW)


async def test_the_token_leads_back_to_the_person(store: Store) -> None:
    sign_ins = sign_ins_of(store)
    session = await signed_in(store, sign_ins)
    principal = await sign_ins.authenticate(session.token, NOW + MINUTE)
    assert principal == session.principal
    assert principal is not None
    assert (principal.role, principal.name) == (Role.DOCTOR, "Wang Li")
    assert (await sign_ins.me(principal)).login == "wang.li"


async def test_the_database_holds_no_token_only_its_hash(store: Store) -> None:
    session = await signed_in(store, sign_ins_of(store))
    (row,) = await rows_of(store, tables.sign_ins)
    assert row["token_hash"] == hashlib.sha256(session.token.encode()).digest()
    assert session.token not in str(row)
    assert session.token not in repr(session)


async def test_every_sign_in_has_a_token_of_its_own(store: Store) -> None:
    sign_ins = sign_ins_of(store)
    first = await signed_in(store, sign_ins)
    second = await sign_ins.sign_in(" WANG.LI", PASSWORD, DESK, NOW)
    assert first.token != second.token
    assert await sign_ins.authenticate(first.token, NOW) is not None


async def test_an_unknown_login_and_a_wrong_password_are_refused_in_the_same_words(store: Store) -> None:
    sign_ins = sign_ins_of(store)
    user = await add_staff(store)
    sentences = set()
    for login, password in [("wang.li", "not the password"), ("nobody", PASSWORD)]:
        with pytest.raises(WrongPassword) as refused:
            await sign_ins.sign_in(login, password, DESK, NOW)
        sentences.add(str(refused.value))
    assert len(sentences) == 1
    refusals = [row for row in await rows_of(store, tables.audit) if row["action"] == "user.sign_in_refused"]
    assert [row["subject"] for row in refusals] == [f"user:{user.id}", "user:unknown"]
    assert "nobody" not in str(refusals)


async def test_an_unknown_login_costs_one_hash_as_a_known_one_does(sqlite_store: Store) -> None:
    class Counting(PasswordHasher):
        verified = 0

        def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 – the library's name
            Counting.verified += 1
            return super().verify(hash, password)

    sign_ins = sign_ins_of(sqlite_store, Passwords(Counting()))
    await add_staff(sqlite_store)
    for login in ("wang.li", "nobody"):
        before = Counting.verified
        with pytest.raises(WrongPassword):
            await sign_ins.sign_in(login, "not the password", DESK, NOW)
        assert Counting.verified == before + 1


async def test_five_wrong_passwords_and_even_the_right_one_has_to_wait(sqlite_store: Store) -> None:
    sign_ins = sign_ins_of(sqlite_store)
    await add_staff(sqlite_store)
    for _ in range(5):
        with pytest.raises(WrongPassword):
            await sign_ins.sign_in("wang.li", "not the password", DESK, NOW)
    with pytest.raises(TooManyTries) as refused:
        await sign_ins.sign_in("Wang.Li", PASSWORD, DESK, NOW)
    assert refused.value.retry_after_s == 60
    await sign_ins.sign_in(
        "wang.li", PASSWORD, From("198.51.100.1"), NOW
    )  # a stranger's guesses lock nobody out elsewhere
    await sign_ins.sign_in("wang.li", PASSWORD, DESK, NOW + MINUTE)


async def test_guesses_in_parallel_gain_nothing(sqlite_store: Store) -> None:
    sign_ins = sign_ins_of(sqlite_store)
    await add_staff(sqlite_store)
    guesses = (sign_ins.sign_in("wang.li", f"guess number {n}", DESK, NOW) for n in range(20))
    outcomes = [type(outcome) for outcome in await asyncio.gather(*guesses, return_exceptions=True)]
    assert outcomes.count(WrongPassword) == 5
    assert outcomes.count(TooManyTries) == 15


async def test_one_address_gets_twenty_tries_over_all_logins(sqlite_store: Store) -> None:
    sign_ins = sign_ins_of(sqlite_store)
    for n in range(20):
        with pytest.raises(WrongPassword):
            await sign_ins.sign_in(f"login{n}", "not the password", DESK, NOW)
    with pytest.raises(TooManyTries):
        await sign_ins.sign_in("login20", "not the password", DESK, NOW)


async def test_right_passwords_are_not_counted(sqlite_store: Store) -> None:
    sign_ins = sign_ins_of(sqlite_store)
    await add_staff(sqlite_store)
    for _ in range(25):
        await sign_ins.sign_in("wang.li", PASSWORD, DESK, NOW)


async def test_a_sign_in_ends_when_idle(store: Store) -> None:
    sign_ins = sign_ins_of(store)
    session = await signed_in(store, sign_ins)
    assert await sign_ins.authenticate(session.token, NOW + STAFF_IDLE) is None
    assert await sign_ins.authenticate(session.token, NOW + STAFF_IDLE - MINUTE) is not None
    assert await sign_ins.authenticate(session.token, NOW + STAFF_IDLE + MINUTE) is not None  # it was seen since


async def test_a_sign_in_ends_after_a_day_even_if_it_is_used(store: Store) -> None:
    sign_ins = sign_ins_of(store)
    session = await signed_in(store, sign_ins)
    for hours in range(1, 24):
        assert await sign_ins.authenticate(session.token, NOW + timedelta(hours=hours)) is not None
    assert await sign_ins.authenticate(session.token, NOW + STAFF_LONGEST) is None


async def test_being_seen_is_written_once_a_minute(store: Store) -> None:
    sign_ins = sign_ins_of(store)
    session = await signed_in(store, sign_ins)
    await sign_ins.authenticate(session.token, NOW + MINUTE / 2)
    assert (await rows_of(store, tables.sign_ins))[0]["seen_at"] == NOW
    await sign_ins.authenticate(session.token, NOW + MINUTE)
    assert (await rows_of(store, tables.sign_ins))[0]["seen_at"] == NOW + MINUTE


async def test_a_crowd_that_was_away_for_a_minute_is_seen_in_one_commit(store: Store) -> None:
    commits = 0

    @asynccontextmanager
    async def begin() -> AsyncIterator[SignInQueries]:
        nonlocal commits
        commits += 1
        async with store.write(SignInQueries) as tx:
            yield tx

    sign_ins = SignIns(begin, partial(store.read, SignInLookQueries), Passwords(CHEAP), BROWSERS_KEY)
    tokens = [(await signed_in(store, sign_ins)).token]
    tokens += [(await sign_ins.sign_in("wang.li", PASSWORD, DESK, NOW)).token for _ in range(9)]
    commits = 0
    who = await asyncio.gather(*(sign_ins.authenticate(token, NOW + MINUTE) for token in tokens))
    assert len({principal.sign_in_id for principal in who if principal}) == 10
    assert commits == 1
    assert {row["seen_at"] for row in await rows_of(store, tables.sign_ins)} == {NOW + MINUTE}


async def test_signing_out_ends_this_sign_in_and_no_other(store: Store) -> None:
    sign_ins = sign_ins_of(store)
    here = await signed_in(store, sign_ins)
    elsewhere = await sign_ins.sign_in("wang.li", PASSWORD, DESK, NOW)
    await sign_ins.sign_out(here.principal, NOW)
    assert await sign_ins.authenticate(here.token, NOW) is None
    assert await sign_ins.authenticate(elsewhere.token, NOW) is not None
    assert await audited(store) == ["user.added", "user.signed_in", "user.signed_in", "user.signed_out"]


async def test_a_disabled_user_is_out_at_once_and_not_let_in_again(store: Store) -> None:
    sign_ins = sign_ins_of(store)
    session = await signed_in(store, sign_ins)
    await change(store, sa.update(tables.users).values(disabled_at=NOW))
    assert await sign_ins.authenticate(session.token, NOW) is None
    with pytest.raises(NotSignedIn):
        await sign_ins.me(session.principal)
    with pytest.raises(WrongPassword):
        await sign_ins.sign_in("wang.li", PASSWORD, DESK, NOW)


async def test_a_changed_role_counts_at_the_next_request(store: Store) -> None:
    sign_ins = sign_ins_of(store)
    session = await signed_in(store, sign_ins)
    await change(store, sa.update(tables.users).values(role="operator"))
    principal = await sign_ins.authenticate(session.token, NOW)
    assert principal is not None
    assert principal.role is Role.OPERATOR


async def test_a_hash_with_old_parameters_is_renewed_at_the_next_sign_in(store: Store) -> None:
    await add_staff(store)
    (before,) = await rows_of(store, tables.users)
    today = Passwords()
    sign_ins = sign_ins_of(store, today)
    await sign_ins.sign_in("wang.li", PASSWORD, DESK, NOW)
    (after,) = await rows_of(store, tables.users)
    assert today.is_stale(before["password_hash"])
    assert not today.is_stale(after["password_hash"])
    await sign_ins.sign_in("wang.li", PASSWORD, DESK, NOW)


@pytest.mark.parametrize("token", ["", "x" * 43, "\x00", "é"])
async def test_what_is_no_token_is_nobody(store: Store, token: str) -> None:
    assert await sign_ins_of(store).authenticate(token, NOW) is None


async def test_a_principal_has_nothing_to_do_with_what_the_browser_says(store: Store) -> None:
    session = await signed_in(store, sign_ins_of(store))
    (row,) = await rows_of(store, tables.users)
    assert isinstance(session.principal, Principal)
    assert session.principal.id == row["id"]


async def test_a_flood_of_guesses_waits_behind_itself_and_not_before_the_doctor(sqlite_store: Store) -> None:
    """Two passwords are judged at a time, one a caller."""
    sign_ins, judged = sign_ins_of(sqlite_store), list[str]()
    await add_staff(sqlite_store)

    async def tries(password: str, address: str) -> None:
        with suppress(WrongPassword):
            await sign_ins.sign_in("wang.li" if password == PASSWORD else "nobody", password, From(address), NOW)
        judged.append(address)

    async with asyncio.TaskGroup() as group:
        for number in range(5):
            group.create_task(tries(f"guess number {number}", "203.0.113.9"))
        await asyncio.sleep(0)
        group.create_task(tries(PASSWORD, HERE))
    assert judged.index(HERE) <= 2, judged
