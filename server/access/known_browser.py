"""A browser in which somebody has signed in before carries a mark for that login. It opens nothing. Pure.

Guesses from everywhere use up what a login may be tried; who brings the login's mark is counted apart, so that nobody
can lock a doctor out of the own desk (OWASP, "Slow Down Online Guessing Attacks with Device Cookies"). A mark is bound
to the login, so that a colleague's is worth nothing, and a desk that several share carries the marks of the last few.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Final

MARKS: Final = 3  # people a browser
LIVES: Final = timedelta(days=180)
_EPOCH: Final = datetime(2020, 1, 1, tzinfo=UTC)
_DAY, _RANDOM, _SEAL = 2, 10, 15  # bytes
_LENGTH: Final = 36  # characters, of 27 bytes in base64


def key_from(link_key: bytes) -> bytes:
    """A key of its own from the installation's: a link's id is hexadecimal and never these words."""
    return hmac.digest(link_key, b"known browsers", hashlib.sha256)


def marked(key: bytes, brought: str, login: str, now: datetime) -> str:
    """What the browser keeps from now on: a new mark of this login, and of the others the last few."""
    others = [each for each in _split(brought) if not _is_of(key, each, login)]
    return "".join([_mark(key, login, now), *others][:MARKS])


def mark_of(key: bytes, brought: str, login: str, now: datetime) -> str | None:
    """What to count this browser by for this login, where it brought a mark of ours that still lives.

    Of the bytes, not of the text: several texts decode to the same bytes, and each would have a budget of its own.
    """
    ours = (_bytes(each) for each in _split(brought) if _is_of(key, each, login))
    return next((raw.hex() for raw in ours if now < _made_on(raw) + LIVES), None)


def _mark(key: bytes, login: str, now: datetime) -> str:
    head = (now - _EPOCH).days.to_bytes(_DAY) + secrets.token_bytes(_RANDOM)
    return urlsafe_b64encode(head + _seal(key, head, login)).decode()


def _seal(key: bytes, head: bytes, login: str) -> bytes:
    return hmac.digest(key, head + login.encode(), hashlib.sha256)[:_SEAL]


def _split(brought: str) -> list[str]:
    return [brought[start : start + _LENGTH] for start in range(0, len(brought), _LENGTH)][:MARKS]


def _is_of(key: bytes, mark: str, login: str) -> bool:
    raw = _bytes(mark)
    head = raw[: _DAY + _RANDOM]
    return hmac.compare_digest(raw[_DAY + _RANDOM :], _seal(key, head, login))


def _made_on(raw: bytes) -> datetime:
    return _EPOCH + timedelta(days=int.from_bytes(raw[:_DAY]))


def _bytes(mark: str) -> bytes:
    try:
        return urlsafe_b64decode(mark)
    except ValueError:  # no mark of ours
        return b""
