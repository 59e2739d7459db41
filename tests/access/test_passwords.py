"""Passwords: argon2id with today's parameters, few at a time, and random ones that a person can read."""

import asyncio
import threading

import pytest
from argon2 import PasswordHasher, Type, extract_parameters

from server.access import passwords as module
from server.access.errors import UserRefused
from server.access.passwords import AT_ONCE, Passwords, check_password, random_password

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


async def test_a_password_matches_its_own_hash_only() -> None:
    passwords = Passwords()
    hashed = await passwords.hash("correct horse battery")
    assert await passwords.matches(hashed, "correct horse battery")
    assert not await passwords.matches(hashed, "correct horse batterz")
    assert not await passwords.matches("not a hash", "correct horse battery")
    assert not passwords.is_stale(hashed)


async def test_the_parameters_are_those_that_owasp_asks_for() -> None:
    made = extract_parameters(await Passwords().hash("correct horse battery"))
    assert (made.type, made.memory_cost, made.time_cost, made.parallelism) == (Type.ID, 19 * 1024, 2, 1)


async def test_nobody_is_checked_against_a_hash_of_the_same_cost() -> None:
    assert not Passwords().is_stale(module._NOBODY)
    assert not await Passwords().matches(None, "correct horse battery")


async def test_not_even_nobodys_own_password_lets_nobody_in(monkeypatch: pytest.MonkeyPatch) -> None:
    passwords = Passwords(CHEAP)
    monkeypatch.setattr(module, "_NOBODY", await passwords.hash("correct horse battery"))
    assert not await passwords.matches(None, "correct horse battery")


async def test_a_hash_with_other_parameters_is_stale() -> None:
    assert Passwords().is_stale(await Passwords(CHEAP).hash("correct horse battery"))


class Counting(PasswordHasher):
    """Notes how many threads are inside at once."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.inside, self.most, self.lock = 0, 0, threading.Lock()

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        try:
            threading.Event().wait(0.01)
            return super().hash(password, salt=salt)
        finally:
            with self.lock:
                self.inside -= 1


async def test_no_more_than_two_are_computed_at_once() -> None:
    hasher = Counting()
    passwords = Passwords(hasher)
    await asyncio.gather(*(passwords.hash("correct horse battery") for _ in range(12)))
    assert hasher.most == AT_ONCE == 2


@pytest.mark.parametrize("length", [0, 11, 129])
def test_too_short_and_absurdly_long_are_refused_by_name(length: int) -> None:
    with pytest.raises(UserRefused) as refused:
        check_password("x" * length)
    assert refused.value.field == "password"


@pytest.mark.parametrize("length", [12, 128])
def test_from_twelve_characters_on_it_is_a_password(length: int) -> None:
    check_password("x" * length)


def test_a_random_password_has_80_bits_and_no_letter_to_misread() -> None:
    made = {random_password() for _ in range(500)}
    assert len(made) == 500
    letters = set("".join(made)) - {"-"}
    assert len(letters) == 32
    assert not letters & set("ilou")
    assert all(len(password.replace("-", "")) == 16 for password in made)
