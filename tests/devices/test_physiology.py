"""The model of a person: plausible at rest, falling and recovering on script, the same for the same seed."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.physiology import Episode, EpisodeKind, Physiology

DESATURATION = Episode(EpisodeKind.DESATURATION, start_s=100, fall_s=30, hold_s=60, recover_s=45)
SILENCE = Episode(EpisodeKind.SILENCE, start_s=50, hold_s=120, every_s=600)


@given(st.integers(0, 500), st.floats(0, 86_400))
def test_a_healthy_person_raises_no_alarm_and_is_the_same_for_the_same_seed(seed: int, t_s: float) -> None:
    vitals = Physiology(f"{seed}").at(t_s)
    assert vitals is not None
    assert 94 <= vitals.spo2 <= 100
    assert 50 < vitals.pulse_rate < 100
    assert 8 < vitals.resp_rate < 22
    assert vitals == Physiology(f"{seed}").at(t_s)


def test_people_differ_and_one_person_varies() -> None:
    assert len({Physiology(f"{seed}").at(0) for seed in range(20)}) > 5
    person = Physiology("1")
    assert len({person.at(float(t_s)) for t_s in range(120)}) > 5


@given(st.integers(0, 200))
def test_a_desaturation_holds_at_79_with_the_pulse_up_and_recovers(seed: int) -> None:
    person = Physiology(f"{seed}", [DESATURATION])
    rest, bottom, after = person.at(99), [person.at(t) for t in range(130, 190)], person.at(236)
    assert rest is not None
    assert after is not None
    assert {vitals.spo2 for vitals in bottom if vitals} == {79}
    assert min(vitals.pulse_rate for vitals in bottom if vitals) > rest.pulse_rate + 10
    assert after.spo2 >= 94


@given(st.integers(0, 100))
def test_it_falls_smoothly(seed: int) -> None:
    person = Physiology(f"{seed}", [DESATURATION])
    falling = [vitals.spo2 for t in range(100, 131) if (vitals := person.at(t))]
    assert max(abs(left - right) for left, right in pairwise(falling)) <= 2


@pytest.mark.parametrize(("t_s", "silent"), [(49.9, False), (50, True), (169.9, True), (170, False), (660, True)])
def test_a_silence_holds_for_its_time_and_comes_again(t_s: float, silent: bool) -> None:
    assert (Physiology("1", [SILENCE]).at(t_s) is None) is silent
