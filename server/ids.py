"""Names for new rows: random bits enough that no id can be guessed from another."""

from collections.abc import Iterator
from os import urandom
from secrets import token_hex
from time import time_ns


def new_id() -> str:
    return token_hex(16)


def rising_ids(number: int) -> Iterator[str]:
    """For rows that come by the thousand: 64 bits of time before 64 random ones, so that they lie side by side in the
    index. At random places each of them would have a page of its own to be read, changed and written."""
    begun, dice = time_ns(), urandom(8 * number).hex()
    return (f"{begun + at:016x}{dice[16 * at : 16 * at + 16]}" for at in range(number))
