"""The hand-over between two threads, and the order of PUBACKs."""

import threading

from hypothesis import given
from hypothesis import strategies as st

from devices.mqtt_inbox import Inbox, Unacknowledged


def test_a_full_inbox_makes_the_putting_thread_wait_and_loses_nothing() -> None:
    inbox: Inbox[int] = Inbox(3, lambda: None)
    thread = threading.Thread(target=lambda: [inbox.put(number) for number in range(10)])
    thread.start()
    thread.join(0.1)
    assert thread.is_alive()
    taken: list[int] = []
    while len(taken) < 10:
        taken += inbox.take(2)
        assert len(inbox) <= 3
    thread.join(1)
    assert taken == list(range(10))


def test_closing_lets_a_waiting_put_go_empty_handed_and_keeps_what_is_inside() -> None:
    inbox: Inbox[int] = Inbox(1, lambda: None)
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: answers.extend(inbox.put(number) for number in (1, 2)))
    thread.start()
    inbox.close()
    thread.join(1)
    assert not thread.is_alive()
    assert answers in ([True, False], [False, False])
    assert inbox.take(9) == [1][: answers.count(True)]


def test_it_wakes_the_taker_only_when_it_stops_being_empty() -> None:
    wakes: list[None] = []
    inbox: Inbox[int] = Inbox(9, lambda: wakes.append(None))
    for number in range(3):
        inbox.put(number)
    assert len(wakes) == 1
    inbox.take(9)
    inbox.put(4)
    assert len(wakes) == 2


@given(st.permutations(range(1, 9)), st.integers(1, 8))
def test_acknowledgements_leave_in_the_order_of_receipt_whatever_order_they_come_in(
    order: list[int], size: int
) -> None:
    owed = Unacknowledged()
    for mid in range(1, 9):
        owed.received(mid)
    left: list[int] = []
    for start in range(0, 8, size):
        left += owed.acknowledged(order[start : start + size])
        done = set(order[: start + size])
        expected = next((mid - 1 for mid in range(1, 9) if mid not in done), 8)
        assert left == list(range(1, expected + 1))


def test_a_second_acknowledgement_and_a_strange_one_send_nothing_and_spoil_nothing() -> None:
    owed = Unacknowledged()
    owed.received(1)
    assert owed.acknowledged([1]) == [1]
    assert owed.acknowledged([1, 5]) == []
    owed.received(1)
    assert owed.acknowledged([]) == [], "the earlier, second acknowledgement of 1 was of another message"
