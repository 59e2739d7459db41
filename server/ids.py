"""Names for new rows: 128 random bits, so that no id can be guessed from another."""

from secrets import token_hex


def new_id() -> str:
    return token_hex(16)
