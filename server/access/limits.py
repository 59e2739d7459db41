"""How often somebody may try: token buckets by key, with time as an argument and a bounded memory."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from typing import Final

from server.access.errors import TooManyTries

MAX_KEYS: Final = 10_000


@dataclass(frozen=True)
class Allowance:
    """``burst`` tries at once, then one more each ``every``."""

    burst: int
    every: timedelta


SIGN_INS_AN_ADDRESS: Final = Allowance(20, timedelta(seconds=3))
# By login and address, so that a stranger's guesses elsewhere do not lock a doctor out …
SIGN_INS_A_LOGIN: Final = Allowance(5, timedelta(minutes=1))
# … and by login alone, far above what one person mistypes, against guesses from many addresses.
SIGN_INS_A_LOGIN_ANYWHERE: Final = Allowance(50, timedelta(minutes=1))
# Of a browser that brings the login's mark: whatever strangers guess elsewhere, who works here is counted alone.
SIGN_INS_A_KNOWN_BROWSER: Final = Allowance(10, timedelta(minutes=1))
GUESSES_AN_ADDRESS: Final = Allowance(20, timedelta(seconds=3))


class Limiter:
    """One allowance for many keys. A key's memory is the moment at which its bucket is full again (GCRA)."""

    def __init__(self, allowance: Allowance, max_keys: int = MAX_KEYS) -> None:
        self._allowance = allowance
        self._max_keys = max_keys
        self._full_at: dict[str, datetime] = {}

    def __len__(self) -> int:
        return len(self._full_at)

    def take(self, key: str, now: datetime) -> None:
        """Use one try up. Raises TooManyTries, which costs none."""
        span = self._allowance.burst * self._allowance.every
        # A clock that was set back must not make anybody wait longer than an empty bucket does.
        full_at = min(max(self._full_at.get(key, now), now), now + span)
        wait = full_at + self._allowance.every - span - now
        if wait > timedelta():
            raise TooManyTries(ceil(wait.total_seconds()))
        self._make_room(key, now)
        self._full_at[key] = full_at + self._allowance.every

    def give_back(self, key: str) -> None:
        """The try was a good one: it does not count."""
        if key in self._full_at:
            self._full_at[key] -= self._allowance.every

    def _make_room(self, key: str, now: datetime) -> None:
        if key in self._full_at or len(self._full_at) < self._max_keys:
            return
        self._full_at = {known: full_at for known, full_at in self._full_at.items() if full_at > now}
        if len(self._full_at) >= self._max_keys:  # the one that has tried least is forgotten
            del self._full_at[min(self._full_at, key=self._full_at.__getitem__)]


def caller(address: str) -> str:
    """What counts as one caller: an IPv4 address, or the /64 that one IPv6 subscriber may pick addresses from."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(ip_network((parsed, 64), strict=False))
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)
