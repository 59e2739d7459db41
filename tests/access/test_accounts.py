"""A new password and the end of an account: either ends every sign-in of this person, and of nobody else."""

from functools import partial

import pytest

from server.access.accounts import Accounts
from server.access.errors import UnknownLogin, UserRefused, WrongPassword
from server.access.passwords import Passwords
from server.access.roles import Role
from server.access.sign_ins import SignedIn
from server.store import tables
from server.store.access import AccountQueries
from server.store.engine import Store
from tests.access.people import CHEAP, DESK, NOW, PASSWORD, add_staff, audited, rows_of, sign_ins_of

NEW_PASSWORD = "lantern-house-tea-8"


def accounts_of(store: Store) -> Accounts:
    return Accounts(partial(store.write, AccountQueries), Passwords(CHEAP))


async def sign_in(store: Store, login: str = "wang.li", password: str = PASSWORD) -> SignedIn:
    return await sign_ins_of(store).sign_in(login, password, DESK, NOW)


async def is_in(store: Store, session: SignedIn) -> bool:
    return await sign_ins_of(store).authenticate(session.token, NOW) is not None


@pytest.fixture
async def staff(store: Store) -> Store:
    await add_staff(store)
    await add_staff(store, "li.na", Role.OPERATOR)
    return store


async def test_who_is_disabled_is_signed_out_everywhere_and_not_let_in_again(staff: Store) -> None:
    sessions, other = [await sign_in(staff), await sign_in(staff)], await sign_in(staff, "li.na")
    assert await accounts_of(staff).disable(" Wang.Li", "system", NOW) == 2
    assert [await is_in(staff, session) for session in sessions] == [False, False]
    assert await is_in(staff, other)
    with pytest.raises(WrongPassword):
        await sign_in(staff)
    assert [row["disabled_at"] for row in await rows_of(staff, tables.users)].count(NOW) == 1
    entry = (await rows_of(staff, tables.audit))[-2]
    assert (entry["actor"], entry["action"], entry["detail"]) == ("system", "user.disabled", {"sign_ins": 2})
    with pytest.raises(UnknownLogin):
        await accounts_of(staff).disable("wang.li", "system", NOW)


async def test_a_new_password_replaces_the_old_one_and_ends_what_it_opened(staff: Store) -> None:
    session, other = await sign_in(staff), await sign_in(staff, "li.na")
    assert await accounts_of(staff).set_password("wang.li", NEW_PASSWORD, "system", NOW) == 1
    assert not await is_in(staff, session)
    assert await is_in(staff, other)
    with pytest.raises(WrongPassword):
        await sign_in(staff)
    assert await is_in(staff, await sign_in(staff, password=NEW_PASSWORD))
    assert "user.password_set" in await audited(staff)
    assert NEW_PASSWORD not in str(await rows_of(staff, tables.audit))


async def test_what_is_no_password_or_nobodys_login_changes_nothing(staff: Store) -> None:
    session = await sign_in(staff)
    with pytest.raises(UserRefused):
        await accounts_of(staff).set_password("wang.li", "short", "system", NOW)
    with pytest.raises(UnknownLogin):
        await accounts_of(staff).set_password("nobody", NEW_PASSWORD, "system", NOW)
    assert await is_in(staff, session)
