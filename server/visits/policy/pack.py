"""A pack: the rules of one region in one version, and what they make of an opening, a case and a deletion."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from server.visits.policy.errors import PolicyRefused, StepUpNeeded
from server.visits.policy.facts import Case, Opening
from server.visits.policy.retention import Clock, Kept
from server.visits.policy.rules import Refusal, Rule, refusals


class Care(StrEnum):
    """What a visit may be."""

    TREATMENT = "treatment"
    ADVICE_ONLY = "advice_only"  # the doctor informs and advises, and prescribes nothing


@dataclass(frozen=True, slots=True)
class Judgement:
    """``refused`` says what keeps the visit from being treatment."""

    care: Care
    refused: tuple[Refusal, ...] = ()

    @property
    def may_prescribe(self) -> bool:
        return self.care is Care.TREATMENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """``version`` is raised with every change of a rule: what was judged by it names both.

    ``standing`` is asked before ``step_up``: nobody shows a second factor only to be refused for something else.
    """

    id: str
    version: int
    region: str
    standing: tuple[Rule[Opening], ...] = ()
    step_up: Rule[Opening] | None = None
    treatment: tuple[Rule[Case], ...] = ()
    clocks: Mapping[Kept, Clock] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """As it stands beside what was judged: "cn-2022/1"."""
        return f"{self.id}/{self.version}"

    def check_opening(self, opening: Opening) -> None:
        """Raises ``PolicyRefused`` with everything that is missing, or ``StepUpNeeded`` where that alone is."""
        self.check_standing(opening)
        if self.step_up is not None and not self.step_up.holds(opening):
            raise StepUpNeeded(self.step_up.refusal)

    def check_standing(self, opening: Opening) -> None:
        """Without the second factor: of whoever calls from a session that is open. Raises ``PolicyRefused``."""
        refused = refusals(self.standing, opening)
        if refused:
            raise PolicyRefused(refused)

    def judge(self, case: Case) -> Judgement:
        refused = refusals(self.treatment, case)
        return Judgement(Care.ADVICE_ONLY if refused else Care.TREATMENT, refused)

    def check_deletion(self, kept: Kept, ended_on: date | None, today: date) -> None:
        """Raises ``PolicyRefused`` where it must still be kept; a pack without that clock refuses nothing."""
        clock = self.clocks.get(kept)
        refused = clock.refuses(ended_on, today) if clock else None
        if refused:
            raise PolicyRefused((refused,))
