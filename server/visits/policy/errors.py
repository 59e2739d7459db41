"""What a rules pack refuses.

PolicyError             ``rule`` and ``article`` name what it stands on
├── PolicyRefused       ``refusals`` are all of them, the first one is told
└── StepUpNeeded        the doctor shows the second factor and tries again
"""

from server.visits.policy.rules import Refusal


class PolicyError(Exception):
    """The rules of the region do not allow what was asked."""

    def __init__(self, refusals: tuple[Refusal, ...]) -> None:
        super().__init__(refusals[0].sentence)
        self.refusals = refusals

    @property
    def rule(self) -> str:
        return self.refusals[0].rule

    @property
    def article(self) -> str:
        return self.refusals[0].article


class PolicyRefused(PolicyError):
    """Nothing that the one who asks can do at once."""


class StepUpNeeded(PolicyError):
    """A fresh second factor is missing, and nothing else."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__((refusal,))
