"""When each of those who wait will be called, from what is known of a line at one moment."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.clinic.experience import Experience, Past, Turn, Work
from server.clinic.waiting import AtWork, LineNow, Phase, Standing, Task, outlooks

LI, ZHAO, QIAN = "li", "zhao", "qian"
TEN = Task("follow_up", 600.0)
NEW = Experience(Past())


def here(*tickets: str, task: Task = TEN) -> tuple[Standing, ...]:
    return tuple(Standing(ticket, task) for ticket in tickets)


def line(**changes: object) -> LineNow:
    """At ten, two hours before the hours end; Li is free and four wait."""
    usual = LineNow(
        hour=10.0,
        opens_s=-7200.0,
        closes_s=7200.0,
        opened_s=7200.0,
        owner=LI,
        doctors=(AtWork(LI, None, 0.0),),
        standing=here("a", "b", "c", "d"),
    )
    return replace(usual, **changes)  # type: ignore[arg-type]


def means(of: LineNow, experience: Experience = NEW) -> dict[str, float]:
    return {outlook.ticket_id: outlook.time.mean for outlook in outlooks(of, experience)}


def test_who_is_next_waits_for_a_gap_and_the_others_a_turn_more_each() -> None:
    waits = means(line())
    assert waits["a"] < 200
    assert 500 < waits["b"] - waits["a"] < 1100
    assert waits["a"] < waits["b"] < waits["c"] < waits["d"]


def test_who_is_in_the_room_has_to_come_out_first() -> None:
    assert means(line(doctors=[AtWork(LI, TEN, 30.0)]))["a"] > means(line())["a"] + 400


def test_the_longer_a_visit_has_lasted_the_sooner_it_ends_until_it_is_an_odd_one() -> None:
    begun, soon, odd = (means(line(doctors=[AtWork(LI, TEN, since)]))["a"] for since in (10.0, 500.0, 5000.0))
    assert soon < begun < odd


def test_two_doctors_halve_the_line() -> None:
    one = means(line(doctors=[AtWork(LI, TEN, 300.0)]))
    two = means(line(doctors=[AtWork(LI, TEN, 300.0), AtWork(ZHAO, TEN, 300.0)]))
    assert two["d"] - two["a"] == pytest.approx((one["d"] - one["a"]) / 2, rel=0.15)
    assert two["a"] < one["a"]


def test_a_slow_doctors_line_is_slow() -> None:
    slow = [Turn(Work(LI, "follow_up", 600.0, 10), 1200.0)] * 100
    assert means(line(), Experience(Past(turns=slow)))["d"] > 1.5 * means(line())["d"]


def test_a_slow_morning_is_seen_while_it_lasts() -> None:
    today = [Turn(Work(LI, "follow_up", 600.0, 9), 1200.0)] * 6
    assert means(line(today=today))["d"] > 1.1 * means(line())["d"]


def test_short_kinds_make_a_short_wait() -> None:
    short = here("a", "b", task=Task("renewal", 240.0)) + here("d")
    assert means(line(standing=short))["d"] < means(line(standing=here("a", "b", "d")))["d"]


def test_who_has_not_come_counts_less_than_who_is_here_and_the_less_the_later_it_is() -> None:
    def behind(*due_s: float) -> float:
        absent = tuple(Standing(f"absent-{due}", TEN, due_s=due) for due in due_s)
        return means(line(standing=(*here("a"), *absent, *here("d"))))["d"]

    nobody, expected, long_overdue, present = behind(), behind(0.0), behind(-1800.0), means(line())["c"]
    assert nobody < long_overdue < expected < present


def test_who_has_not_come_has_no_outlook() -> None:
    absent = Standing("absent", TEN, due_s=600.0)
    assert [outlook.ticket_id for outlook in outlooks(line(standing=(absent, *here("a"))), NEW)] == ["a"]


def test_urgent_cases_to_come_lengthen_the_wait_of_all_but_urgent_ones() -> None:
    busy = Experience(Past(urgent=300, open_h=100.0))
    assert means(line(), busy)["d"] > 1.2 * means(line())["d"]
    urgent = line(standing=(Standing("u", TEN, urgent=True), *here("d")))
    assert means(urgent, busy)["u"] == pytest.approx(means(urgent)["u"])


def test_before_the_session_opens_everybody_waits_for_that() -> None:
    waits = means(line(opens_s=1800.0, opened_s=None, closes_s=16200.0, doctors=()))
    assert waits["a"] > 1800
    assert outlooks(line(opens_s=1800.0, opened_s=None, doctors=()), NEW)[0].phase is Phase.BEFORE


def test_a_doctor_who_is_late_already_will_not_come_in_the_past() -> None:
    assert means(line(opens_s=-900.0, opened_s=None, doctors=()))["a"] > 60


def test_helpers_that_the_plan_needs_are_counted_on_at_first_and_not_for_ever() -> None:
    early = line(opened_s=60.0, opens_s=-60.0)
    late = line(opened_s=3600.0, opens_s=-3600.0)
    assert means(replace(early, doctors_planned=2.0))["d"] < 0.8 * means(early)["d"]
    assert means(replace(late, doctors_planned=2.0)) == means(late)


def test_after_the_hours_helpers_may_be_gone() -> None:
    def last(closes_s: float) -> float:
        doctors = [AtWork(LI, TEN, 100.0), AtWork(ZHAO, TEN, 200.0)]
        return means(line(closes_s=closes_s, doctors=doctors, standing=here(*"abcdefgh")))["h"]

    assert last(600.0) > 1.2 * last(7200.0)
    assert outlooks(line(closes_s=600.0), NEW)[-1].phase is Phase.OVERTIME


def test_the_further_back_the_less_is_sure() -> None:
    spreads = [math.sqrt(outlook.time.variance) for outlook in outlooks(line(), NEW)]
    assert spreads == sorted(spreads)


tasks = st.builds(Task, st.sampled_from(["follow_up", "renewal"]), st.floats(60, 3600))
doctors = st.lists(
    st.builds(AtWork, st.sampled_from([LI, ZHAO, QIAN]), st.none() | tasks, st.floats(0, 20000)),
    max_size=3,
    unique_by=lambda at_work: at_work.doctor_id,
)
standing = st.lists(
    st.builds(Standing, st.uuids().map(str), tasks, st.booleans(), st.none() | st.floats(-9000, 20000)), max_size=25
)


@given(doctors, standing, st.floats(-20000, 20000), st.floats(-9000, 20000), st.floats(0, 23.9))
def test_whatever_the_line_waits_are_finite_and_grow_with_the_place(
    crew: list[AtWork], there: list[Standing], opens_s: float, closes_s: float, hour: float
) -> None:
    opened_s = 600.0 if crew else None
    found = outlooks(
        line(hour=hour, opens_s=opens_s, closes_s=closes_s, opened_s=opened_s, doctors=crew, standing=there), NEW
    )
    assert [outlook.ahead for outlook in found] == list(range(len(found)))
    assert len(found) == sum(each.due_s is None for each in there)
    for outlook in found:
        assert 0 < outlook.time.mean < 1e8
        assert 0 < outlook.time.variance < 1e18
    routine = {each.ticket_id for each in there if not each.urgent}
    waits = [outlook.time.mean for outlook in found if outlook.ticket_id in routine]
    assert all(later >= sooner - 1e-6 for sooner, later in pairwise(waits))
