"""Made-up days are the same again from the same seed, and are like days of a clinic."""

from random import Random
from statistics import fmean

from bench.clinic_days import HOUR_S, Clinic, Kind, SessionPlan


def plans(seed: int, days: int = 10) -> list[SessionPlan]:
    dice = Random(seed)  # noqa: S311 – made up, not secret
    return [plan for day in Clinic.of(dice).days(days, dice) for plan in day]


def test_a_seed_makes_the_same_days_again() -> None:
    assert plans(5) == plans(5)
    assert plans(5) != plans(6)


def test_a_day_has_two_windows() -> None:
    morning, afternoon = plans(5, days=1)
    assert (morning.opens_at / HOUR_S, morning.closes_at / HOUR_S) == (8, 12)
    assert (afternoon.opens_at / HOUR_S, afternoon.closes_at / HOUR_S) == (13.5, 17)


def test_clinics_differ_and_have_what_makes_waiting_hard() -> None:
    found = [plan for seed in range(20) for plan in plans(seed)]
    guests = [guest for plan in found for guest in plan.guests]
    assert {len(plan.shifts) for plan in found} == {1, 2, 3}
    assert {guest.kind for guest in guests} == set(Kind)
    assert 0.02 < fmean(guest.comes_at is None for guest in guests) < 0.2
    assert any(guest.urgent for guest in guests)
    assert any(plan.shifts[0].starts_at > plan.opens_at + 300 for plan in found)
    assert len({shift.nature.pace for plan in found for shift in plan.shifts if shift.nature.id == "doctor-0"}) > 100
