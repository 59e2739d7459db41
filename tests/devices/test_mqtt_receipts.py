"""The order of PUBACKs."""

from hypothesis import given
from hypothesis import strategies as st

from devices.mqtt_receipts import Unacknowledged


@given(st.permutations(range(1, 9)), st.integers(1, 8))
def test_acknowledgements_leave_in_the_order_of_receipt_whatever_order_they_come_in(
    order: list[int], size: int
) -> None:
    owed = Unacknowledged()
    owed.received(range(1, 9))
    left: list[int] = []
    for start in range(0, 8, size):
        left += owed.acknowledged(order[start : start + size])
        done = set(order[: start + size])
        expected = next((mid - 1 for mid in range(1, 9) if mid not in done), 8)
        assert left == list(range(1, expected + 1))


def test_a_second_acknowledgement_and_a_strange_one_send_nothing_and_spoil_nothing() -> None:
    owed = Unacknowledged()
    owed.received([1])
    assert owed.acknowledged([1]) == [1]
    assert owed.acknowledged([1, 5]) == []
    owed.received([1])
    assert owed.acknowledged([]) == [], "the earlier, second acknowledgement of 1 was of another message"
