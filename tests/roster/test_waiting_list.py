"""Places and the waiting list of a full session: first come, first offered; no place is given twice or forgotten."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.clinic.roster.errors import OfferOver, PlacesFree, SessionFull
from server.clinic.roster.waiting_list import (
    LONGEST_OFFER,
    TRIES,
    Entry,
    EntryState,
    OfferLapsed,
    PlaceOffered,
    Places,
    changes,
    offer_ends,
)

NOW = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
SOON, LATER = NOW + timedelta(minutes=15), NOW + timedelta(hours=1)


def full(*names: str) -> Places:
    """A session of two places, both taken, and those who wait for one."""
    return Places(2, 2, tuple(Entry(name, f"patient-{name}", number) for number, name in enumerate(names, 1)))


def freed(places: Places, count: int = 1) -> Places:
    return Places(places.capacity, places.held - count, places.entries)


def states(places: Places) -> dict[str, EntryState]:
    return {entry.id: entry.state for entry in places.entries}


def test_a_full_session_takes_no_booking_and_opens_its_waiting_list() -> None:
    with pytest.raises(SessionFull):
        full().check_free()
    assert states(full().join(Entry("a", "p", 1))) == {"a": EntryState.WAITING}


@pytest.mark.parametrize("places", [Places(2, 1), Places(None, 400)])
def test_nobody_waits_where_there_is_a_place(places: Places) -> None:
    places.check_free()
    with pytest.raises(PlacesFree):
        places.join(Entry("a", "p", 1))


def test_a_freed_place_is_held_for_the_next_alone() -> None:
    places, happened = freed(full("a", "b")).refill(NOW, SOON)
    assert happened == (PlaceOffered("a", SOON),)
    assert states(places) == {"a": EntryState.OFFERED, "b": EntryState.WAITING}
    with pytest.raises(SessionFull):  # whoever comes by the public page does not get ahead of the list
        places.check_free()


def test_an_offer_that_nobody_took_goes_to_the_next() -> None:
    places, _ = freed(full("a", "b")).refill(NOW, SOON)
    places, happened = places.refill(SOON, LATER)
    assert happened == (OfferLapsed("a"), PlaceOffered("b", LATER))
    with pytest.raises(OfferOver):
        places.accept("a", SOON)


def test_who_accepts_in_time_has_the_place() -> None:
    places, _ = freed(full("a", "b")).refill(NOW, SOON)
    places = places.accept("a", SOON - timedelta(microseconds=1))
    assert states(places)["a"] is EntryState.TAKEN
    with pytest.raises(OfferOver):
        places.accept("a", NOW)


@pytest.mark.parametrize(("entry", "when"), [("a", SOON), ("b", NOW), ("nobody", NOW)])
def test_who_is_late_or_was_not_offered_has_none(entry: str, when: datetime) -> None:
    places, _ = freed(full("a", "b")).refill(NOW, SOON)
    with pytest.raises(OfferOver):
        places.accept(entry, when)


def test_five_wrong_birth_dates_end_an_offer() -> None:
    places, _ = freed(full("a")).refill(NOW, SOON)
    for left in reversed(range(TRIES)):
        places, wrong = places.refuse("a", NOW)
        assert wrong.tries_left == left
    with pytest.raises(OfferOver):
        places.accept("a", NOW)


def test_nothing_is_offered_when_the_hours_are_over() -> None:
    places, happened = freed(full("a")).refill(NOW, until=NOW)
    assert happened == ()
    assert states(places) == {"a": EntryState.WAITING}


def test_a_bound_that_is_lifted_offers_everybody_a_place() -> None:
    _, happened = Places(None, 2, full("a", "b").entries).refill(NOW, SOON)
    assert happened == (PlaceOffered("a", SOON), PlaceOffered("b", SOON))


def test_only_what_changed_is_stored() -> None:
    before = freed(full("a", "b"))
    after, _ = before.refill(NOW, SOON)
    assert [entry.id for entry in changes(before, after)] == ["a"]
    joined = full("a").join(Entry("b", "p", 2))
    assert [entry.id for entry in changes(full("a"), joined)] == ["b"]
    assert joined.next_position() == 3


@pytest.mark.parametrize(
    ("opens_in", "stands"),
    [
        (timedelta(hours=-1), timedelta(minutes=15)),
        (timedelta(hours=4), timedelta(hours=1)),
        (timedelta(days=30), LONGEST_OFFER),
    ],
)
def test_an_offer_stands_longer_for_a_day_that_is_far(opens_in: timedelta, stands: timedelta) -> None:
    opens_at = NOW + opens_in
    assert offer_ends(NOW, opens_at, opens_at + timedelta(hours=4)) == NOW + stands


def test_no_offer_outlives_the_session() -> None:
    assert offer_ends(NOW, NOW - timedelta(hours=4), NOW + timedelta(minutes=3)) == NOW + timedelta(minutes=3)


STEPS = st.lists(st.sampled_from(["book", "cancel", "join", "tick", "accept", "wait"]), max_size=60)


@given(capacity=st.integers(1, 3), steps=STEPS)
def test_whatever_happens_no_place_is_given_twice_and_none_stays_free_while_somebody_waits(
    capacity: int, steps: list[str]
) -> None:
    places, now = Places(capacity, 0), NOW
    for step in steps:
        places, now = _take(step, places, now)
        places, _ = places.refill(now, now + timedelta(minutes=15))
        offered = [entry for entry in places.entries if entry.state is EntryState.OFFERED]
        assert places.held + len(offered) <= capacity
        assert not (places.free and places.waiting)
        line = [e.state is EntryState.WAITING for e in sorted(places.entries, key=lambda entry: entry.position)]
        assert line == sorted(line)  # nobody who came later is offered a place before one who still waits


def _take(step: str, places: Places, now: datetime) -> tuple[Places, datetime]:
    if step == "book" and places.free:
        return freed(places, -1), now
    if step == "cancel" and places.held:
        return freed(places), now
    if step == "join" and places.free == 0:
        position = places.next_position()
        return places.join(Entry(str(position), "p", position)), now
    offered = [entry.id for entry in places.entries if entry.state is EntryState.OFFERED]
    if step == "accept" and offered:
        return freed(places.accept(offered[0], now), -1), now
    return places, now + timedelta(minutes=16 if step == "wait" else 1)
