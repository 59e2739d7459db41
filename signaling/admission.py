"""How many may be on their way in at once, in two lanes: a crowd that comes back must not keep a doctor out. Pure.

Being on the way in is what costs: from the first byte until it is known who it is. Those inside are not counted here.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import Enum


class Lane(Enum):
    """Which door somebody comes by. It is chosen by what the request says of itself and opens nothing else."""

    STAFF = "staff"
    EVERYBODY = "everybody"


@dataclass(slots=True)
class Admission:
    """``at_once`` a lane; who has not come through after ``patience_s`` gives the place back."""

    at_once: int
    patience_s: float
    _entering: dict[Lane, dict[Hashable, float]] = field(default_factory=lambda: {lane: {} for lane in Lane})

    def begin(self, lane: Lane, who: Hashable, now: float) -> bool:
        """Whether ``who`` may come in now; ``now`` in seconds of any clock that does not go back."""
        entering = self._entering[lane]
        if len(entering) >= self.at_once:
            for stuck in [name for name, since in entering.items() if now - since >= self.patience_s]:
                del entering[stuck]
        if len(entering) >= self.at_once:
            return False
        entering[who] = now
        return True

    def end(self, who: Hashable) -> None:
        """Inside, refused or gone. Again is nothing."""
        for entering in self._entering.values():
            entering.pop(who, None)
