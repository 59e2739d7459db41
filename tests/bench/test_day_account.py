"""The account of a day: what is in order, what is not, and which letters there must be."""

import pytest

from bench.day_account import Account, Entry, account, covered, letter_faults

MORNING = {"a": "morning", "b": "morning", "c": "morning"}


def entry(ticket_id: str, action: str, **detail: object) -> Entry:
    return Entry(f"ticket.{action}", ticket_id, detail)


def booked(*tickets: str) -> list[Entry]:
    return [entry(ticket_id, "booked", serial=serial) for serial, ticket_id in enumerate(tickets, 1)]


def here(*tickets: str) -> list[Entry]:
    return [*booked(*tickets), *(entry(ticket_id, "arrived") for ticket_id in tickets)]


def told(*entries: Entry) -> Account:
    return account(entries, MORNING)


def test_by_number_is_in_order() -> None:
    day = told(*here("a", "b"), entry("a", "called"), entry("a", "completed"), entry("b", "called"))
    assert (day.calls, day.faults) == (2, [])


def test_an_urgent_one_goes_first() -> None:
    urgent = [*here("a", "b"), entry("b", "reclassified", urgency=0)]
    assert not told(*urgent, entry("b", "called")).faults
    assert "more urgent" in told(*urgent, entry("a", "called")).faults[0]


@pytest.mark.parametrize(
    "stood_back", [entry("a", "arrived", late=True), entry("a", "put_back", cause="patient_absent")]
)
def test_who_was_late_or_absent_has_no_claim_to_the_number(stood_back: Entry) -> None:
    assert not told(*here("a", "b"), entry("a", "called"), stood_back, entry("b", "called")).faults


def test_a_failure_costs_no_place() -> None:
    broken = [*here("a", "b"), entry("a", "called"), entry("a", "put_back", cause="technical_failure")]
    assert "before number 1" in told(*broken, entry("b", "called")).faults[0]


def test_who_is_held_or_elsewhere_is_passed() -> None:
    assert not told(*here("a", "b"), entry("a", "held"), entry("b", "called")).faults
    assert "did not wait" in told(*here("a"), entry("a", "held"), entry("a", "called")).faults[0]
    elsewhere = account([*here("a", "b"), entry("b", "called")], MORNING | {"a": "afternoon"})
    assert not elsewhere.faults


def test_letters_follow_from_what_happened() -> None:
    day = told(
        *here("a"), entry("a", "called"), entry("a", "put_back", cause="patient_absent"), entry("a", "cancelled")
    )
    due = {"ticket:a:booked", "ticket:a:missed:1", "ticket:a:cancelled"}
    assert not letter_faults(day, [*due, "ticket:a:three_ahead"])
    assert letter_faults(day, due - {"ticket:a:missed:1"}) == ["not written: ticket:a:missed:1"]
    assert letter_faults(day, due | {"ticket:b:cancelled"}) == ["no cause: ticket:b:cancelled"]


def test_who_is_sent_on_keeps_the_class() -> None:
    sent = entry("b", "booked", serial=2, came_from="a")
    day = [*here("a"), entry("a", "reclassified", urgency=0), entry("a", "transferred"), sent, entry("b", "arrived")]
    other = [entry("c", "booked", serial=1), entry("c", "arrived"), entry("c", "called")]
    assert "more urgent" in told(*day, *other).faults[0]
    assert "ticket:b:moved" in told(*day).letters


def test_shares_below_inside_and_above_the_range() -> None:
    waits = [{"waited_s": waited, "low_s": 10.0, "high_s": 20.0} for waited in (5, 10, 15, 25)]
    assert covered(waits) == (0.25, 0.5, 0.25)
