"""The drawn heart beats as often as the pulse says."""

from itertools import pairwise

from devices.heartbeat import GAINS, RATES, Beats
from devices.waves import CHANNELS, GAP


def seconds(channel: str, pulse: float, count: int = 10) -> list[int]:
    beats = Beats(channel, "1/BM-77")
    return [sample for _ in range(count) for sample in memoryview(beats.second(pulse)).cast("h")]


def peaks(samples: list[int], above: int) -> int:
    return sum(one <= above < other for one, other in pairwise(samples))


def test_an_ecg_has_as_many_peaks_as_the_pulse_says() -> None:
    ecg = seconds("ecg_ii", 72)
    assert len(ecg) == 10 * RATES["ecg_ii"]
    assert peaks(ecg, round(0.6 / GAINS["ecg_ii"])) == 12


def test_a_pleth_rises_once_a_beat() -> None:
    assert peaks(seconds("pleth", 90), round(0.7 / GAINS["pleth"])) in {15, 16}


def test_the_same_person_has_the_same_heart() -> None:
    assert seconds("ecg_ii", 72) == seconds("ecg_ii", 72)
    assert set(RATES) <= CHANNELS.keys()


def test_a_sensor_that_is_off_measures_nothing() -> None:
    assert set(memoryview(Beats("pleth", "1").second(70, attached=False)).cast("h")) == {GAP}
