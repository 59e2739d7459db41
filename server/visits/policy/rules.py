"""A rule: its name, the article that it stands on, and what must hold. What does not hold is a ``Refusal``."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

F = TypeVar("F")


class Sure(StrEnum):
    """How the article is known to us. None of it replaces a lawyer."""

    TEXT_READ = "text_read"  # the article's own words
    QUOTED = "quoted"  # the article in the words of a newspaper or a law firm
    REMEMBERED = "remembered"  # what the article asks for is known, its number is not verified


@dataclass(frozen=True, slots=True)
class Source:
    """``article`` is how it is cited to people: document, year, article."""

    article: str
    sure: Sure


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a rule refuses: ``rule`` for programs, ``article`` for lawyers, the sentences for the one who is refused."""

    rule: str
    article: str
    sentence: str
    sentence_zh: str

    def says(self, locale: str) -> str:
        return self.sentence_zh if locale.lower().startswith("zh") else self.sentence


@dataclass(frozen=True, kw_only=True)
class Rule(Generic[F]):
    """``holds`` looks at the facts alone; the sentences say what is missing and who can supply it."""

    name: str
    source: Source
    holds: Callable[[F], bool]
    sentence: str
    sentence_zh: str

    @property
    def refusal(self) -> Refusal:
        return Refusal(self.name, self.source.article, self.sentence, self.sentence_zh)


def refusals(rules: Iterable[Rule[F]], facts: F) -> tuple[Refusal, ...]:
    """One for each rule that does not hold, in the rules' order."""
    return tuple(rule.refusal for rule in rules if not rule.holds(facts))
