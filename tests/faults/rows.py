"""What the database and the console gateway hold, as plain values: one side of the verdict. Pure."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import NamedTuple

from devices.rules import Priority
from tests.faults.ledgers import Key


class Told(NamedTuple):
    """A physiological alarm that was raised or worsened: what nobody may miss."""

    patient_id: str
    condition: str
    rule: str
    priority: str
    what: str  # raised | worsened

    def stands_for(self, other: "Told") -> bool:
        """The same of the same patient, or worse at once: a server that was away while it became bad and then worse
        says only the worse."""
        same = (self.patient_id, self.condition) == (other.patient_id, other.condition)
        return same and Priority(self.priority).rank >= Priority(other.priority).rank

    def __str__(self) -> str:
        return f"{self.condition} {self.what} to {self.priority} by {self.rule}, patient {self.patient_id}"


class Transition(NamedTuple):
    """One on record that somebody must be told of. ``told``: those with a delivery of the ladder's first step."""

    id: str
    told: Told
    physiological: bool
    round: int
    recipients: int


class Alarms(NamedTuple):
    """What a replay says: ``due`` are those of a quiet run, ``possible`` those of the readings as they arrived."""

    due: AbstractSet[Told]
    possible: AbstractSet[Told]


class Delivery(NamedTuple):
    """A row of the outbox. ``subject`` is what it is about: two causes may be the same matter, told twice."""

    id: str
    subject: tuple[object, ...]
    sent: bool
    overdue: bool  # neither sent nor about to be tried again


@dataclass(frozen=True)
class Life:
    """The server from one start to its end: what it printed, and what was on record as sent when it ended."""

    printed: Sequence[str]
    settled: AbstractSet[str]


@dataclass(frozen=True)
class Rows:
    """``covered`` is up to where each (device, epoch) counts as stored; ``incomplete`` are messages half stored."""

    stored: Sequence[Key]
    incomplete: Sequence[Key] = ()
    covered: Mapping[tuple[str, str], int] = field(default_factory=dict)
    transitions: Sequence[Transition] = ()
    deliveries: Sequence[Delivery] = ()
    oddities: Sequence[str] = ()  # gaps, quarantined messages, a damaged file: nothing here deserves one
