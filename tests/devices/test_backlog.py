"""Store-and-forward: what is not covered is kept and sent again, a window at a time."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from devices.backlog import Backlog, Saved


def backlog(messages: int, *, window: int = 3, capacity: int = 100) -> Backlog:
    made = Backlog("e1", window=window, capacity=capacity, resend_after_s=5)
    for number in range(messages):
        made.add([number])
    return made


def due(made: Backlog, now_s: float) -> list[int]:
    return [message.seq for message in made.due(now_s)]


def test_it_sends_a_window_and_no_more_until_that_is_covered() -> None:
    made = backlog(10)
    assert due(made, 0) == [1, 2, 3]
    assert due(made, 1) == []
    assert made.covered("e1", 2) == [1, 2]
    assert due(made, 1) == [4, 5]


def test_what_is_not_covered_in_five_seconds_is_sent_again_oldest_first() -> None:
    made = backlog(10)
    due(made, 0)
    assert due(made, 4.9) == []
    assert due(made, 5.0) == [1, 2, 3]


def test_after_a_disconnect_nothing_is_under_way() -> None:
    made = backlog(10)
    due(made, 0)
    made.disconnected()
    assert due(made, 0.1) == [1, 2, 3]


def test_every_message_names_the_oldest_that_is_still_held() -> None:
    made = backlog(5)
    due(made, 0)
    made.covered("e1", 1)
    assert [message.oldest for message in made.due(0)] == [2]


def test_a_full_store_loses_its_oldest_and_says_so() -> None:
    made = backlog(7, capacity=5)
    assert made.lost == 2
    first = made.due(0)[0]
    assert (first.seq, first.oldest, bytes(first.readings)) == (3, 3, b"[2]")


def test_a_receipt_of_another_epoch_covers_nothing() -> None:
    made = backlog(3)
    assert made.covered("e0", 9) == made.covered(None, 9) == []
    assert len(made) == 3


def test_it_comes_back_from_its_disk_as_it_was() -> None:
    made = backlog(4)
    due(made, 0)
    made.covered("e1", 2)
    again = Backlog("another", window=3)
    again.restore(msgspec.json.decode(msgspec.json.encode(made.save()), type=Saved))
    assert again.epoch == "e1"
    assert [(m.seq, bytes(m.readings)) for m in again.due(0)] == [(3, b"[2]"), (4, b"[3]")]
    assert again.add([9]) == 5


@given(st.lists(st.tuples(st.sampled_from(["add", "due", "cover", "cut"]), st.integers(0, 20)), max_size=80))
def test_whatever_happens_each_message_is_held_until_it_is_covered_and_the_window_holds(
    steps: list[tuple[str, int]],
) -> None:
    made, now_s, added, covered, flying = backlog(0, window=4), 0.0, 0, 0, set[int]()
    for step, number in steps:
        now_s += number / 4
        if step == "add":
            added = made.add([number])
        elif step == "cover":
            covered = max(covered, min(number, added))
            made.covered("e1", covered)
            flying = {seq for seq in flying if seq > covered}
        elif step == "cut":
            made.disconnected()
            flying.clear()
        else:
            flying |= set(due(made, now_s))
            assert len(flying) <= 4
        assert len(made) == added - covered


def test_what_is_in_quarantine_goes_alone_and_the_next_says_that_it_is_not_held() -> None:
    backlog = Backlog("e")
    for number in range(3):
        backlog.add([number])
    assert backlog.quarantined(1)
    assert not backlog.quarantined(1)
    assert [(message.seq, message.oldest) for message in backlog.due(0)] == [(2, 2), (3, 2)]
    assert backlog.quarantined(3)
    assert len(backlog) == 1


class Counted(int):
    """A number that tells how often numbers like it were compared."""

    comparisons = 0

    def __ge__(self, other: int) -> bool:
        Counted.comparisons += 1
        return int(self) >= other


def test_a_long_backlog_is_not_gone_through_again_for_each_receipt() -> None:
    """Twice as much costs twice as much: counted in comparisons, not in time."""

    def spent(messages: int) -> int:
        made, covered = backlog(messages, window=20, capacity=messages), 0
        Counted.comparisons = 0
        while made:
            covered += len(made.due(0.0))
            made.covered("e1", Counted(covered))
        return Counted.comparisons

    assert spent(2_000) <= 2.2 * spent(1_000)
