"""What is known of a device decides what of a batch is new, and whose it is. Pure."""

from datetime import timedelta

import msgspec
import pytest

from devices.readings import Body, Message, Reading, Reason, Refusal
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


def of_hours(*hours: float) -> Message:
    """One message with a reading of each, as a meter empties its memory."""
    readings = tuple(Reading("glucose", 4.0 + hour, "mmol/L", at(3600 * hour)) for hour in hours)
    received = at(3600 * max(hours) + 5)
    body = Body(readings, (Refusal(Reason.NO_VALUE, "glucose"),))
    told = message(1)
    return msgspec.structs.replace(told, received_at=received, measured_at=at(3600 * max(hours)), body=body)


def told(parts: object) -> list[tuple[list[float], str | None]]:
    return [([one.value - 4.0 for one in part.body.readings], who) for part, who in parts]  # type: ignore[attr-defined]


def test_readings_that_lie_far_apart_are_not_one_message() -> None:
    """Else whoever asks for the time of the older ones would look for them at the time of the newest."""
    known = Known.of([], [("BM-1", Wearing("P-1", at(0), None))])
    whole = of_hours(72.0, 1.25, 71.5, 2.5, 1.75)
    parts = known.by_wearer(whole)
    assert told(parts) == [([1.25, 1.75], "P-1"), ([2.5], "P-1"), ([72.0, 71.5], "P-1")]
    assert [part.measured_at for part, _ in parts] == [at(3600 * hour) for hour in (1.75, 2.5, 72.0)]
    assert [len(part.body.refusals) for part, _ in parts] == [0, 0, 1]
    assert [part.seq for part, _ in parts] == [None, None, 1]
    assert parts[-1][0].identity == whole.identity
    assert len({part.identity for part, _ in parts}) == 3


def test_readings_of_an_hour_stay_one_message() -> None:
    known = Known.of([], [("BM-1", Wearing("P-1", at(0), None))])
    assert len(known.by_wearer(of_hours(1.25, 1.5, 2.0))) == 1
    assert len(Known({}, {}).by_wearer(of_hours(1.25, 1.5, 2.0))) == 1


def test_both_at_once_wearers_and_hours() -> None:
    worn = [Wearing("P-1", at(0), at(3600 * 2)), Wearing("P-2", at(3600 * 2), None)]
    parts = Known.of([], [("BM-1", one) for one in worn]).by_wearer(of_hours(0.5, 1.75, 2.25, 2.75, 9.0))
    assert told(parts) == [([0.5], "P-1"), ([1.75], "P-1"), ([2.25, 2.75], "P-2"), ([9.0], "P-2")]
