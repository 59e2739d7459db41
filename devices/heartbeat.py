"""What an ECG and a pleth of the simulator look like: pure, seeded by the person. No patient.

A beat is a sum of bells – P, Q, R, S, T for a lead, the rise and the dicrotic notch for a pleth – each at its place in
the beat. Heights are those of a healthy adult's lead II in millivolts; shapes and noise are ours, and mean nothing.
"""

import array
import math
import random
from collections.abc import Mapping, Sequence

from devices.waves import GAP, HIGHEST

Bell = tuple[float, float, float]  # where in the beat, how wide, how high

SHAPES: Mapping[str, Sequence[Bell]] = {
    "ecg_ii": (
        (0.18, 0.022, 0.14),
        (0.265, 0.008, -0.12),
        (0.285, 0.009, 1.15),
        (0.308, 0.009, -0.25),
        (0.53, 0.04, 0.32),
    ),
    "pleth": ((0.42, 0.07, 1.0), (0.62, 0.05, 0.32), (0.72, 0.08, 0.22)),
}
RATES: Mapping[str, float] = {"ecg_ii": 250.0, "pleth": 125.0}
GAINS: Mapping[str, float] = {"ecg_ii": 0.005, "pleth": 0.001}
NOISE: Mapping[str, float] = {"ecg_ii": 0.012, "pleth": 0.004}


class Beats:
    """One channel of one person. Asked second after second; each goes on where the one before it ended."""

    def __init__(self, channel: str, seed: str) -> None:
        self.channel, self.rate, self.gain = channel, RATES[channel], GAINS[channel]
        self._chance = random.Random(f"{seed}/{channel}")  # noqa: S311 – a model, not a secret
        self._phase = 0.0
        self._breath = 0.0

    def second(self, pulse_rate: float, *, attached: bool = True) -> bytes:
        """Int16 of a second at this pulse; where the sensor is not attached, gaps."""
        return array.array("h", [self._next(pulse_rate, attached) for _ in range(int(self.rate))]).tobytes()

    def _next(self, pulse_rate: float, attached: bool) -> int:
        self._phase = (self._phase + pulse_rate / 60 / self.rate) % 1.0
        self._breath += 1 / self.rate
        if not attached:
            return GAP
        bells = sum(high * math.exp(-(((self._phase - at) / wide) ** 2) / 2) for at, wide, high in SHAPES[self.channel])
        wander = 0.05 * math.sin(2 * math.pi * self._breath * 0.25)
        height = bells + wander + self._chance.gauss(0.0, NOISE[self.channel])
        return max(-HIGHEST, min(HIGHEST, round(height / self.gain)))
