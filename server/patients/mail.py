"""A mail address as people write it → one that a mail server takes. Only the shape: whether it exists, a mail tells."""

import re
from typing import Final

LONGEST: Final = 254  # RFC 5321 §4.5.3.1.3, with the angle brackets taken off
# RFC 5321 §4.1.2 without quoted strings and address literals, which no patient has.
_SHAPE: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+"
                           r"[A-Za-z]{2,63}")  # fmt: skip


class InvalidMail(ValueError):
    """Not a mail address that can exist."""


def to_mail_address(text: str) -> str:
    """The address with its domain in small letters. Raises ``InvalidMail``."""
    typed = text.strip()
    local, _, domain = typed.rpartition("@")
    if len(typed) > LONGEST or not _SHAPE.fullmatch(typed) or ".." in local or local[0] == "." or local[-1] == ".":
        raise InvalidMail("not a mail address")
    return f"{local}@{domain.lower()}"
