"""Whether a day came out as it is stated, from what the database holds of it: order, messages, waiting ranges. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

URGENT_TO_ROUTINE: Final = 2
ABSENT: Final = "patient_absent"
LEFT: Final = {
    "ticket.called",
    "ticket.held",
    "ticket.completed",
    "ticket.given_up",
    "ticket.never_came",
    "ticket.cancelled",
    "ticket.withdrawn",
    "ticket.transferred",
}


@dataclass(frozen=True)
class Entry:
    """A row of the audit about a ticket."""

    action: str
    ticket_id: str
    detail: Mapping[str, Any]


@dataclass
class _Place:
    """A ticket as its audit tells of it."""

    serial: int
    session_id: str
    urgency: int = URGENT_TO_ROUTINE
    here: bool = False
    blemished: bool = False  # missed a call, or came late
    missed: int = 0


@dataclass
class Account:
    """``faults`` in the order; the letters that the audit gives cause to."""

    calls: int = 0
    faults: list[str] = field(default_factory=list)
    letters: set[str] = field(default_factory=set)


def account(entries: Iterable[Entry], sessions: Mapping[str, str]) -> Account:
    """``sessions``: of each ticket."""
    told, places = Account(), dict[str, _Place]()
    for entry in entries:
        if entry.action == "ticket.booked":
            places[entry.ticket_id] = _booked(entry, sessions[entry.ticket_id], places, told)
            continue
        place = places[entry.ticket_id]
        if entry.action == "ticket.called":
            told.calls += 1
            told.faults += _out_of_order(place, [each for each in places.values() if each.here])
        _happened(place, entry)
        told.letters |= _letters(place, entry)
    return told


def _booked(entry: Entry, session_id: str, places: Mapping[str, _Place], told: Account) -> _Place:
    came_from = entry.detail.get("came_from")
    told.letters.add(f"ticket:{entry.ticket_id}:{'moved' if came_from else 'booked'}")
    urgency = places[came_from].urgency if came_from else URGENT_TO_ROUTINE
    return _Place(entry.detail["serial"], session_id, urgency)


def _happened(place: _Place, entry: Entry) -> None:
    match entry.action:
        case "ticket.arrived" | "ticket.put_back" | "ticket.released":
            place.here = True
        case "ticket.reclassified":
            place.urgency = entry.detail["urgency"]
        case action if action in LEFT:
            place.here = False
    if entry.detail.get("late"):
        place.blemished = True
    if entry.detail.get("cause") == ABSENT and entry.action == "ticket.put_back":
        place.blemished, place.missed = True, place.missed + 1


def _letters(place: _Place, entry: Entry) -> set[str]:
    match entry.action:
        case "ticket.put_back" if entry.detail["cause"] == ABSENT:
            return {f"ticket:{entry.ticket_id}:missed:{place.missed}"}
        case "ticket.cancelled" | "ticket.withdrawn" | "ticket.given_up":
            return {f"ticket:{entry.ticket_id}:cancelled"}
        case _:
            return set()


def _out_of_order(called: _Place, waiting: Sequence[_Place]) -> list[str]:
    """The most urgent class first; in it, of those who were never absent or late, the lowest number."""
    line = [each for each in waiting if each.session_id == called.session_id]
    if not called.here:
        return [f"{called} did not wait"]
    if called.urgency > min(each.urgency for each in line):
        return [f"{called} before somebody more urgent"]
    equals = [each.serial for each in line if each.urgency == called.urgency and not each.blemished]
    if not called.blemished and called.serial > min(equals):
        return [f"{called} before number {min(equals)}"]
    return []


def letter_faults(told: Account, causes: Iterable[str]) -> list[str]:
    """Of the kinds that follow from the audit alone, which were not written, and which for no cause."""
    kinds = (":booked", ":moved", ":cancelled")
    written = {each for each in causes if each.endswith(kinds) or ":missed:" in each}
    return [f"not written: {each}" for each in told.letters - written] + [
        f"no cause: {each}" for each in written - told.letters
    ]


def covered(predictions: Sequence[Mapping[str, Any]]) -> tuple[float, float, float]:
    """The shares of waits below, inside and above the range that was told."""
    sides = Counter(
        "below" if row["waited_s"] < row["low_s"] else "above" if row["waited_s"] > row["high_s"] else "inside"
        for row in predictions
    )
    count = max(len(predictions), 1)
    return sides["below"] / count, sides["inside"] / count, sides["above"] / count
