from signaling.admission import Admission, Lane


def door(at_once: int = 2) -> Admission:
    return Admission(at_once, patience_s=10)


def test_as_many_as_may_come_in_at_once() -> None:
    at = door()
    assert [at.begin(Lane.EVERYBODY, who, 0) for who in "abc"] == [True, True, False]


def test_who_is_through_makes_room_for_the_next() -> None:
    at = door()
    at.begin(Lane.EVERYBODY, "a", 0)
    at.begin(Lane.EVERYBODY, "b", 0)
    at.end("a")
    at.end("a")
    assert [at.begin(Lane.EVERYBODY, who, 1) for who in "cd"] == [True, False]


def test_a_crowd_of_patients_keeps_no_doctor_out() -> None:
    at = door()
    for who in range(1000):
        at.begin(Lane.EVERYBODY, who, 0)
    assert at.begin(Lane.STAFF, "doctor", 0)


def test_the_lane_of_the_staff_has_an_end_too() -> None:
    at = door()
    assert [at.begin(Lane.STAFF, who, 0) for who in range(3)] == [True, True, False]
    assert at.begin(Lane.EVERYBODY, "patient", 0)


def test_who_is_stuck_in_the_door_loses_the_place() -> None:
    at = door()
    at.begin(Lane.EVERYBODY, "stuck", 0)
    at.begin(Lane.EVERYBODY, "slow", 5)
    assert not at.begin(Lane.EVERYBODY, "next", 9.9)
    assert at.begin(Lane.EVERYBODY, "next", 10)
    assert not at.begin(Lane.EVERYBODY, "another", 10)
