from collections.abc import Sequence

from signaling.admission import Admission, Lane, Verdict

IN, WAIT, BACK = Verdict.COME_IN, Verdict.WAIT, Verdict.COME_BACK


def door(at_once: int = 2, waiting: int = 2) -> Admission:
    return Admission(at_once, waiting, patience_s=10)


def knocks(at: Admission, names: Sequence[object], lane: Lane = Lane.EVERYBODY, now: float = 0) -> list[Verdict]:
    return [at.knock(lane, who, now) for who in names]


def test_some_come_in_some_wait_and_the_rest_is_asked_back() -> None:
    assert knocks(door(), "abcdef") == [IN, IN, WAIT, WAIT, BACK, BACK]


def test_who_is_through_makes_room_for_the_next_and_only_once() -> None:
    at = door()
    knocks(at, "abcd")
    assert at.end("a", 1) == ("c",)
    assert at.end("a", 1) == ()
    assert at.end("b", 1) == ("d",)
    assert knocks(at, "efg", now=1) == [WAIT, WAIT, BACK]


def test_nobody_overtakes_those_who_wait() -> None:
    at = door(at_once=1)
    knocks(at, "ab")
    at.end("a", 1)
    assert knocks(at, "c") == [WAIT]
    assert at.end("b", 2) == ("c",)


def test_who_does_not_wait_any_longer_is_not_let_in() -> None:
    at = door()
    knocks(at, "abcd")
    assert at.end("c", 1) == ()
    assert at.end("a", 1) == ("d",)


def test_a_crowd_of_patients_keeps_no_doctor_out() -> None:
    at = door()
    knocks(at, range(1000))
    assert knocks(at, ["doctor"], Lane.STAFF) == [IN]


def test_the_lane_of_the_staff_has_an_end_too() -> None:
    at = door()
    assert knocks(at, range(5), Lane.STAFF) == [IN, IN, WAIT, WAIT, BACK]
    assert knocks(at, ["patient"]) == [IN]


def test_who_is_stuck_in_the_door_loses_the_place() -> None:
    at = door()
    at.knock(Lane.EVERYBODY, "stuck", 0)
    at.knock(Lane.EVERYBODY, "slow", 5)
    assert at.knock(Lane.EVERYBODY, "next", 9.9) is WAIT
    assert at.tick(9.9) == ()
    assert at.tick(10) == ("next",)
    assert at.knock(Lane.EVERYBODY, "another", 10) is WAIT
    assert at.tick(14.9) == ()
    assert at.tick(15) == ("another",)
