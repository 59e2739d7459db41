"""What is known of a device decides what of a batch is new, and whose it is. Pure."""

from datetime import timedelta

import pytest

from devices.streams import Stream
from server.store.journal_sql import Wearing
from server.store.placing import Known, firsts
from tests.store.ward import at, message

STREAM = Stream(10, ((15, 17), (20, 20)))


@pytest.mark.parametrize(
    ("seq", "lacks"),
    [(9, False), (10, False), (11, True), (15, False), (17, False), (18, True), (20, False), (21, True)],
)
def test_a_stream_knows_which_numbers_it_lacks(seq: int, lacks: bool) -> None:
    assert Known({("BM-1", "e"): STREAM}, {}).lacks(message(seq)) is lacks


def test_of_a_stream_that_is_not_there_nothing_is_known() -> None:
    assert not Known({("BM-1", "f"): STREAM}, {}).lacks(message(21))


def test_a_number_without_epoch_may_come_again_for_something_else() -> None:
    again = message(21, epoch=None)
    known = Known({("BM-1", ""): STREAM}, {})
    assert known.lacks(again)
    assert not known.lacks(
        type(again)(again.device_id, ":21#abc", again.received_at, again.measured_at, again.body, "", 21)
    )


def test_what_comes_twice_counts_where_it_came_first() -> None:
    assert [one.seq for one in firsts([message(1), message(2), message(1)]).values()] == [1, 2]


@pytest.mark.parametrize(("since", "patient"), [(5, "P-1"), (6, None)])
def test_a_reading_from_before_it_was_worn_is_nobody_s(since: int, patient: str | None) -> None:
    known = Known.of([], [("BM-1", Wearing("P-1", at(since), None))])
    assert [(part.seq, who) for part, who in known.by_wearer(message(5))] == [(5, patient)]


def test_who_wears_it_now_has_what_is_newer_and_who_wore_it_what_is_older() -> None:
    worn = [Wearing("P-1", at(0), at(50)), Wearing("P-2", at(50), None)]
    known = Known.of([], [("BM-1", one) for one in worn])
    assert [known.by_wearer(message(seq))[0][1] for seq in (49, 50)] == ["P-1", "P-2"]
    assert known.by_wearer(message(49))[0][0].received_at == at(49) + timedelta(seconds=1)
