"""Staff: how one is added, and what is refused by the name of the field. On both databases."""

from dataclasses import replace

import pytest

from server.access.errors import LoginTaken, UserRefused
from server.access.roles import Role
from server.access.users import UserWish
from server.store import tables
from server.store.engine import Store
from tests.access.people import NOW, PASSWORD, audited, rows_of, users_of

WISH = UserWish(login="wang.li", name="Wang Li", role=Role.DOCTOR, password=PASSWORD)


async def test_a_user_is_stored_with_a_hash_and_audited_without_names(store: Store) -> None:
    user = await users_of(store).create(WISH, "system", NOW)
    (row,) = await rows_of(store, tables.users)
    assert (row["id"], row["login"], row["role"], row["created_at"]) == (user.id, "wang.li", "doctor", NOW)
    assert row["password_hash"].startswith("$argon2id$")
    (entry,) = await rows_of(store, tables.audit)
    assert (entry["actor"], entry["action"], entry["subject"]) == ("system", "user.added", f"user:{user.id}")
    assert "Wang" not in str(entry)


@pytest.mark.parametrize("again", ["wang.li", "  Wang.Li ", "ＷＡＮＧ．ＬＩ"])
async def test_a_login_is_one_persons_however_it_is_written(store: Store, again: str) -> None:
    await users_of(store).create(WISH, "system", NOW)
    with pytest.raises(LoginTaken):
        await users_of(store).create(replace(WISH, login=again), "system", NOW)
    assert len(await rows_of(store, tables.users)) == 1
    assert await audited(store) == ["user.added"]


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (replace(WISH, login=" "), "login"),
        (replace(WISH, login="wang li"), "login"),
        (replace(WISH, login="w" * 65), "login"),
        (replace(WISH, login="wang\x1b[2J"), "login"),
        (replace(WISH, name=""), "name"),
        (replace(WISH, name="Wang\nLi"), "name"),
        (replace(WISH, password="elevenchars"), "password"),
        (replace(WISH, role=Role.PATIENT), "role"),
    ],
)
async def test_what_cannot_be_a_user_is_refused_by_field(sqlite_store: Store, wish: UserWish, field: str) -> None:
    with pytest.raises(UserRefused) as refused:
        await users_of(sqlite_store).create(wish, "system", NOW)
    assert refused.value.field == field
    assert await rows_of(sqlite_store, tables.users) == []


def test_a_wish_in_a_log_does_not_tell_the_password() -> None:
    assert PASSWORD not in repr(WISH)
