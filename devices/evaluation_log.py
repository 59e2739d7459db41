"""What evaluation needs of the store: what is pending, what is remembered, and the right to write what follows."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from devices.alarms import Change
from devices.conditions import Care, Input, PatientState


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write what is derived from one partition, until somebody takes a higher ``epoch``."""

    partition: int
    epoch: int
    evaluated: int


class LeaseLost(Exception):
    """Somebody else evaluates this partition now: whatever this worker still holds is out of date."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one round over a partition derived, to be stored in one transaction if ``epoch`` still holds.

    ``states`` holds the patients whose state changed, by patient; ``changes`` likewise.
    """

    partition: int
    epoch: int
    position: int
    states: Mapping[str, PatientState]
    changes: Mapping[str, Sequence[Change]]


@dataclass(frozen=True, slots=True)
class Standing:
    """Of one moment: every monitored patient by id, and the position of each partition's newest message."""

    cares: Mapping[str, Care]
    newest: Mapping[int, int]


class EvaluationLog(Protocol):
    """What evaluation needs of the store."""

    async def lease(self) -> Mapping[int, Lease]:
        """Take every partition, its epoch one higher."""

    async def pending(self, partition: int, after: int, limit: int) -> Sequence[Input]:
        """The messages with a position above ``after``, ascending."""

    async def states(self, partition: int) -> Mapping[str, PatientState]:
        """The stored states, by patient."""

    async def standing(self, strange: Collection[tuple[str, str]] = ()) -> Standing:
        """Who is monitored, and how far the messages have come; of ``strange`` (patient, device), which are not worn,
        what was before."""

    async def commit(self, outcome: Outcome) -> None:
        """Store all of it or nothing; raises LeaseLost where the epoch is no longer ours."""
