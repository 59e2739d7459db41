"""What the clients of one process share: a clock whose moments are nobody else's, a plan, and a record of each call.

A call is recorded as it begins and again as it returns. ``at`` is the moment handed to the service: no two calls share
one, so the audit says of a call that was cut off whether it took effect.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from server.access.principal import Principal
from server.clinic.errors import ClinicError
from server.store.errors import Unavailable
from server.visits.errors import VisitError
from tests.linear.asked import Listed, Op, Where
from tests.linear.habits import USUAL, Habits

LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
NOT_AHEAD: Final = timedelta()
Do = Callable[[datetime], Awaitable[int | str]]


class Record(msgspec.Struct):
    """One call. ``returned`` stays None where the caller was cut off and never learned what came of it.

    ``given_up`` is when it was cut off; whatever it did, it had done soon after.
    """

    client: str
    at: datetime
    op: Op
    invoked: int
    returned: int | None = None
    result: int | str | None = None
    given_up: int | None = None


@dataclass
class Clock:
    """Moments that no other call of any process has: the last digit of the microseconds is this process's."""

    digit: int
    _last: datetime = LONG_AGO

    def next(self) -> datetime:
        now = max(datetime.now(UTC), self._last + timedelta(microseconds=10))
        self._last = now.replace(microsecond=now.microsecond // 10 * 10 + self.digit)
        return self._last


@dataclass(frozen=True)
class Place:
    """Two sessions and the doctors who call from both, and from nowhere else: no call of it touches another place.

    That is why each place's history is judged alone: the whole is linearisable exactly where every object's own part is
    (M. Herlihy, J. Wing, "Linearizability", 1990, theorem 1).
    """

    sessions: tuple[str, ...]
    doctors: tuple[Principal, ...]
    opens: tuple[datetime, ...]
    capacity: int

    @property
    def sizes(self) -> tuple[int, int]:
        """How many places a session may be given."""
        return self.capacity * 3 // 4, self.capacity * 5 // 4

    def number(self, session_id: str) -> int:
        return self.sessions.index(session_id) + 1


@dataclass
class Plan:
    """What the clients of one process share. ``calls`` are left to make; ``cut_off`` is the share that is cancelled.

    ``tickets`` and ``entries`` are those that somebody was told of: anybody may take them in hand.
    """

    clock: Clock
    chance: random.Random
    calls: int
    cut_off: float = 0.0
    habits: Habits = USUAL
    told: Callable[[Record], None] = lambda _record: None
    records: list[Record] = field(default_factory=list)
    tickets: dict[Where, str] = field(default_factory=dict)
    entries: dict[Listed, str] = field(default_factory=dict)

    def more(self) -> bool:
        return self.calls > 0

    async def call(self, client: str, op: Op, do: Do, ahead: timedelta = NOT_AHEAD) -> int | str | None:
        """The result, as the model names it; None where the call was cut off. ``ahead``: as if made so much later."""
        self.calls -= 1
        record = Record(client, self.clock.next() + ahead, op, time.monotonic_ns())
        self.records.append(record)
        self.told(record)
        with self._noting(record):
            async with asyncio.timeout(self._patience()):
                record.result = await do(record.at)
        self._close(record, time.monotonic_ns())
        return record.result

    def _close(self, record: Record, now: int) -> None:
        if record.result is None:
            record.given_up = now
        else:
            record.returned = now
        self.told(record)

    @contextmanager
    def _noting(self, record: Record) -> Iterator[None]:
        """A refusal is a result; an error that nobody declared is one too, which no model gives."""
        try:
            yield
        except (TimeoutError, Unavailable):
            record.result = None
        except (ClinicError, VisitError) as refused:
            record.result = type(refused).__name__
        except Exception as error:  # noqa: BLE001 – whatever it is, the history shows it
            record.result = f"{type(error).__name__}: {error}"

    def _patience(self) -> float | None:
        return self.chance.uniform(0.0, 0.02) if self.chance.random() < self.cut_off else None
