"""Ranges are corrected by what became of those told before."""

from random import Random
from statistics import fmean

from hypothesis import given
from hypothesis import strategies as st

from server.clinic.calibration import Calibration, Fate
from server.clinic.durations import LogNormal, Moments
from server.clinic.waiting import Outlook, Phase


def outlook(mean_s: float = 1200.0, ahead: int = 2, phase: Phase = Phase.OPEN) -> Outlook:
    return Outlook("t", ahead, phase, Moments(mean_s, (mean_s / 2) ** 2))


def reality(count: int, factor: float, seed: int = 1) -> list[Fate]:
    """Waits that are ``factor`` as wide and as long as was predicted, four of each session."""
    dice = Random(seed)  # noqa: S311 – made up, not secret
    said = outlook()
    wait = LogNormal.like(said.time)
    waits = (factor * dice.lognormvariate(wait.mu, factor * wait.sigma) for _ in range(count))
    return [Fate(number // 4, said, waited) for number, waited in enumerate(waits)]


def test_before_anything_is_known_a_range_is_wider_than_predicted() -> None:
    said, told = LogNormal.like(outlook().time), Calibration().range(outlook())
    assert told.low_s < said.quantile(0.1)
    assert told.high_s > said.quantile(0.9)


def test_ranges_that_were_too_narrow_widen_until_eighty_in_a_hundred_are_covered() -> None:
    told = Calibration(reality(2000, 1.8)).range(outlook())
    later = reality(5000, 1.8, seed=2)
    assert 0.77 < fmean(told.low_s <= fate.waited_s <= told.high_s for fate in later) < 0.84


def test_ranges_that_were_too_wide_narrow() -> None:
    first, learned = Calibration().range(outlook()), Calibration(reality(2000, 0.6)).range(outlook())
    assert learned.high_s - learned.low_s < 0.6 * (first.high_s - first.low_s)


def test_one_unlucky_session_weighs_as_one() -> None:
    unlucky = [Fate("monday", outlook(), 9000.0)] * 500
    lucky = reality(400, 1.0)
    assert Calibration([*lucky, *unlucky]).range(outlook()).high_s < 1.5 * Calibration(lucky).range(outlook()).high_s


def test_a_position_never_seen_starts_from_its_phase() -> None:
    learned = Calibration(reality(2000, 1.8))
    assert learned.range(outlook(ahead=20)).high_s > Calibration().range(outlook(ahead=20)).high_s
    assert learned.range(outlook(phase=Phase.BEFORE)) == Calibration().range(outlook(phase=Phase.BEFORE))


fates = st.lists(
    st.builds(
        Fate,
        session=st.integers(0, 3),
        outlook=st.builds(outlook, st.floats(1, 20000), st.integers(0, 40), st.sampled_from(Phase)),
        waited_s=st.floats(0, 40000),
    ),
    max_size=30,
)


@given(fates, st.floats(1, 20000), st.integers(0, 2000), st.sampled_from(Phase))
def test_a_range_is_always_in_order(known: list[Fate], mean_s: float, ahead: int, phase: Phase) -> None:
    told = Calibration(known).range(outlook(mean_s, min(ahead, 999), phase))
    assert 0 <= told.low_s <= told.middle_s <= told.high_s < float("inf")
