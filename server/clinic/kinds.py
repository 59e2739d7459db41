"""What a visit is for, and how long it is planned to take. Values only; what a kind allows is the rules pack's."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

LONGEST_MINUTES = 240


class VisitKind(StrEnum):
    FOLLOW_UP = "follow_up"
    ADVICE = "advice"  # no treatment follows from it
    REPORT = "report"  # reading a finding with the patient
    RENEWAL = "renewal"  # of a prescription


@dataclass(frozen=True, slots=True)
class PlannedKind:
    """A kind that a session offers. ``minutes`` are what the roster plans for it, not what it takes."""

    kind: VisitKind
    minutes: int


Kinds = tuple[PlannedKind, ...]  # in the order in which they are offered; empty: the session asks for none


def kinds_of(stored: Sequence[tuple[str, int]] | None) -> Kinds:
    """As the store keeps them: [[kind, minutes], …]."""
    return tuple(PlannedKind(VisitKind(kind), minutes) for kind, minutes in stored or ())


def stored_kinds(kinds: Kinds) -> list[tuple[str, int]]:
    return [(planned.kind.value, planned.minutes) for planned in kinds]
