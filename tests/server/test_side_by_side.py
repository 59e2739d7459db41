"""What fails is handed back when the others have had their turn; what ends the work ends it."""

import asyncio

import pytest

from server.side_by_side import try_each


async def test_one_that_fails_does_not_keep_the_others() -> None:
    done: list[int] = []

    async def halve(number: int) -> None:
        if number % 2:
            raise ValueError(number)
        done.append(number // 2)

    failed = await try_each([1, 2, 3, 4], halve)
    assert done == [1, 2]
    assert [error.args for error in failed] == [(1,), (3,)]


async def test_being_cancelled_is_no_failure_of_one() -> None:
    async def cancelled(_: int) -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await try_each([1, 2], cancelled)
