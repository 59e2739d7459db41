"""Who comes in, who waits and who is asked back, by turns and by lanes."""

from collections.abc import Sequence

from signaling.admission import Admission, Lane, Verdict

IN, WAIT, BACK = Verdict.COME_IN, Verdict.WAIT, Verdict.COME_BACK


def door(at_once: int = 2, waiting: int = 2) -> Admission:
    return Admission(at_once, waiting, silence_s=2, answer_s=10)


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
    at = Admission(2, 2, silence_s=10, answer_s=10)
    at.knock(Lane.EVERYBODY, "stuck", 0)
    at.knock(Lane.EVERYBODY, "slow", 5)
    assert at.knock(Lane.EVERYBODY, "next", 9.9) is WAIT
    assert at.tick(9.9) == ()
    assert at.tick(10) == ("next",)
    assert at.knock(Lane.EVERYBODY, "another", 10) is WAIT
    assert at.tick(14.9) == ()
    assert at.tick(15) == ("another",)


def test_who_says_nothing_loses_the_place_soon_and_who_is_being_answered_late() -> None:
    at = door()
    knocks(at, ["silent", "spoke", "first", "second"])
    at.speaks("spoke", 0.5)
    assert at.tick(1.9) == ()
    assert at.tick(2) == ("first",)
    at.speaks("first", 2)
    assert at.tick(10.4) == ()
    assert at.tick(10.5) == ("second",)


def test_a_thousand_sockets_of_one_machine_are_before_nobody_else() -> None:
    at = door(waiting=1000)
    flood = [f"flood {number}" for number in range(999)]
    for name in flood:
        at.knock(Lane.STAFF, name, 0, "203.0.113.9")
    assert at.knock(Lane.STAFF, "doctor", 0, "192.0.2.7") is WAIT
    assert at.tick(2) == ("flood 2", "doctor")
    assert at.tick(4) == ("flood 3", "flood 4"), "in order among themselves"


def test_whose_place_of_origin_waits_no_more_takes_no_turn() -> None:
    at = door(waiting=9)
    for name, origin in (("a", "x"), ("b", "x"), ("c", "x"), ("d", "y"), ("e", "x")):
        at.knock(Lane.EVERYBODY, name, 0, origin)
    assert at.end("d", 0) == ()
    assert at.end("a", 0) == ("c",)
    assert at.end("b", 0) == ("e",)
