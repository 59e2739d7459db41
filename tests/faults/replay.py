"""Which alarms there should be, by replay of the stored readings: in a quiet run, and as they really arrived. Pure.

A second, quiet run would measure at other instants and so differ by itself; the replay has the very readings of the
disturbed run, and that none of them is lost is the other half of the verdict. What it cannot see is a mistake in the
rules themselves.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from devices.alarms import AlarmKind, Change, What
from devices.conditions import Care, Input, PatientState, evaluate
from tests.faults.rows import Told


def undisturbed(messages: Iterable[Input], cares: Mapping[str, Care]) -> set[Told]:
    """Judged in the order of measurement, as though each had arrived when it was measured: none may be missing."""
    quiet = [msgspec.structs.replace(message, received_at=_measured(message)) for message in messages]
    return _told(sorted(quiet, key=lambda message: message.received_at), cares)


def as_received(messages: Iterable[Input], cares: Mapping[str, Care], until: datetime) -> set[Told]:
    """Judged by position and time of receipt: there may be no others. A value that nothing contradicts stands, so an
    outage at a bad moment may raise what a quiet run would not."""
    return _told(sorted(messages, key=lambda message: message.position), cares, until)


def _told(messages: Iterable[Input], cares: Mapping[str, Care], until: datetime | None = None) -> set[Told]:
    by_patient: defaultdict[str, list[Input]] = defaultdict(list)
    for message in messages:
        by_patient[message.patient_id].append(message)
    return {
        Told(patient_id, change.condition, change.rule, change.priority, change.what)
        for patient_id, heard in by_patient.items()
        for change in _changes(cares[patient_id], heard, until or heard[-1].received_at)
        if change.kind is AlarmKind.PHYSIOLOGICAL and change.what is not What.ENDED
    }


def _changes(care: Care, heard: Sequence[Input], until: datetime) -> Iterator[Change]:
    state = PatientState()
    for message in heard:
        state, changes = evaluate(state, care, [message], message.received_at)
        yield from changes
    yield from evaluate(state, care, (), until)[1]


def _measured(message: Input) -> datetime:
    return max((reading.at for reading in message.body.readings), default=message.received_at)
