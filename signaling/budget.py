"""How many messages a minute; pure, time is an argument."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from signaling.errors import Flooded

WINDOW = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Budget:
    """``per_minute`` messages in each window of a minute; a new window opens with the first message after the last."""

    per_minute: int
    opened_at: datetime
    spent: int = 0

    def spend(self, now: datetime) -> "Budget":
        """One message more; raises Flooded."""
        if now - self.opened_at >= WINDOW:
            return Budget(self.per_minute, opened_at=now, spent=1)
        if self.spent >= self.per_minute:
            raise Flooded("Wait a minute")
        return replace(self, spent=self.spent + 1)
