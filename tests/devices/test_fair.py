"""A backlog of one device has the room that the others leave."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from devices.arrivals import Arrival, Receipt
from devices.fair import FairInbox

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def arrival(device: str, number: int, size: int = 1) -> Arrival:
    return Arrival(f"bedside/v1/{device}/readings", b"x" * size, False, NOON, Receipt(1, number))


def said(taken: list[Arrival]) -> list[tuple[str, int]]:
    return [(one.topic.split("/")[2], one.receipt.mid) for one in taken]


def filled(*sent: tuple[str, int]) -> FairInbox:
    inbox = FairInbox(capacity=10**6)
    for device, number in sent:
        inbox.add(arrival(device, number))
    return inbox


def test_a_hundred_thousand_messages_of_one_device_hold_up_no_other() -> None:
    inbox = filled(*(("loud", number) for number in range(100_000)))
    for device in range(50):
        inbox.add(arrival(f"quiet-{device}", 1))
    first = said(inbox.take(500))
    assert {name for name, _ in first} == {"loud", *(f"quiet-{device}" for device in range(50))}
    assert [number for name, number in first if name == "loud"] == list(range(450))
    inbox.add(arrival("quiet-0", 2))
    assert ("quiet-0", 2) in said(inbox.take(500))


def test_with_fewer_places_than_devices_each_has_its_turn() -> None:
    inbox = filled(*((f"d{device}", number) for number in range(3) for device in range(5)))
    rounds = [said(inbox.take(2)) for _ in range(5)]
    assert [name for turn in rounds for name, _ in turn] == ["d0", "d1", "d2", "d3", "d4"] * 2
    assert [number for turn in rounds for _, number in turn] == [0] * 5 + [1] * 5


def test_what_names_no_device_has_one_turn_too() -> None:
    inbox = FairInbox(capacity=10)
    for topic in ("nonsense", "bedside/v1", "a/b", "", "bedside/v1/BM-1/readings"):
        inbox.add(Arrival(topic, b"", False, NOON, Receipt(1, 1)))
    assert [one.topic for one in inbox.take(2)] == ["nonsense", "bedside/v1/BM-1/readings"]


def test_it_is_full_by_number_and_by_size_and_has_room_at_half() -> None:
    inbox = FairInbox(capacity=4, most_bytes=100)
    for number in range(4):
        assert not inbox.full
        inbox.add(arrival("d", number))
    assert inbox.full
    inbox.take(1)
    assert not inbox.has_room
    inbox.take(1)
    assert inbox.has_room
    inbox.add(arrival("d", 5, size=100))
    assert inbox.full
    inbox.take(10)
    assert inbox.has_room
    assert len(inbox) == 0


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.booleans())), st.integers(1, 7))
def test_nothing_is_lost_and_each_device_s_order_stands(steps: list[tuple[str, bool]], limit: int) -> None:
    inbox, sent, got = FairInbox(capacity=10), [], []
    for number, (device, take) in enumerate(steps):
        inbox.add(arrival(device, number))
        sent.append((device, number))
        if take:
            got += (taken := said(inbox.take(limit)))
            assert len(taken) <= limit
    while len(inbox):
        got += said(inbox.take(limit))
    assert sorted(got, key=lambda one: one[1]) == sent
    assert all([n for d, n in got if d == name] == [n for d, n in sent if d == name] for name in "abcde")
