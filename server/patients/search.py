"""Finding a patient by a piece of the name, by the telephone number, or by today's serial number.

An operator finds everybody, a doctor those whom they have seen: the same who may be named to them anywhere else.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Final, Protocol

import msgspec

from server.access.principal import Principal
from server.access.roles import Role
from server.patients.known import name_key

SHOWN: Final = 20
LEAST_LETTERS: Final = 1  # a Chinese surname is one character
LEAST_OF_A_PHONE: Final = 4  # digits, anywhere in it
LONGEST_SERIAL: Final = 4  # digits
_NUMBER = re.compile(r"[+0-9 ()-]+")


class PatientFound(msgspec.Struct, frozen=True):
    """``phone_end``: its last four digits tell namesakes apart. ``serials``: numbers of today."""

    id: str
    name: str
    birth_date: date
    phone_end: str
    serials: list[int]


@dataclass(frozen=True, slots=True)
class Sought:
    """What may match; ``seen_by`` None: whoever it is. ``day``: whose sessions' numbers count."""

    name: str | None
    phone: str | None
    serial: int | None
    seen_by: str | None
    day: tuple[datetime, datetime]


class SearchLook(Protocol):
    async def patients_found(self, sought: Sought, limit: int) -> Sequence[PatientFound]:
        """By name."""


class PatientSearch:
    def __init__(self, look: Callable[[], AbstractAsyncContextManager[SearchLook]], zone: tzinfo) -> None:
        self._look = look
        self._zone = zone

    async def find(self, who: Principal, words: str, now: datetime) -> list[PatientFound]:
        """At most ``SHOWN``; nobody where too little was said."""
        sought = self._sought(who, words.strip(), now)
        if sought.name is None and sought.phone is None and sought.serial is None:
            return []
        async with self._look() as look:
            return list(await look.patients_found(sought, SHOWN))

    def _sought(self, who: Principal, words: str, now: datetime) -> Sought:
        digits = re.sub(r"\D", "", words) if _NUMBER.fullmatch(words) else ""
        key = "" if digits else name_key(words)
        return Sought(
            name=key if len(key) >= LEAST_LETTERS else None,
            phone=digits if len(digits) >= LEAST_OF_A_PHONE else None,
            serial=int(digits) if 0 < len(digits) <= LONGEST_SERIAL else None,
            seen_by=None if who.role is Role.OPERATOR else who.id,
            day=self._today(now),
        )

    def _today(self, now: datetime) -> tuple[datetime, datetime]:
        begins = now.astimezone(self._zone).replace(hour=0, minute=0, second=0, microsecond=0)
        return begins, begins + timedelta(days=1)
