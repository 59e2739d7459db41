"""Where a person stepped out of the line's order, and the reason given. Values only."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from server.clinic.wording import one_line


class Step(StrEnum):
    CALL = "call"
    RECALL = "recall"
    URGENCY = "urgency"
    TRANSFER = "transfer"


@dataclass(frozen=True, slots=True)
class Intervention:
    """``by`` is a user's id."""

    ticket_id: str
    at: datetime
    by: str
    step: Step
    reason: str


@dataclass(frozen=True, slots=True)
class Reason:
    """What was typed, in one line; for staff to read, never for the audit."""

    step: Step
    words: str

    def __post_init__(self) -> None:
        """Raises ``InvalidWords``."""
        one_line(self.words, "reason")

    def given(self, ticket_id: str, by: str, at: datetime) -> Intervention:
        return Intervention(ticket_id, at, by, self.step, one_line(self.words, "reason"))
