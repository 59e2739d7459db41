"""Texts as a provider approved them. Pure: a worded message → the template it is, and the values of its variables.

Alibaba and Tencent send nothing but templates that a person of theirs has approved. So a gateway asks here which of
the approved ones says exactly this message; what the telephone shows is then, word for word, what the outbox shows,
and a text that somebody edited but nobody got approved is refused and not sent as something else.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from server.notifications.outbox import Refused

VARIABLE = re.compile(r"\$\{([A-Za-z][A-Za-z0-9_]*)\}|\{([0-9]{1,2})\}")  # Alibaba writes ${serial}, Tencent {1}
SIGNATURE = re.compile(r"【[^】]*】")  # the provider puts the approved one in front itself


@dataclass(frozen=True, slots=True)
class ApprovedText:
    """A template as registered: its code, and its body without the 【signature】."""

    code: str
    body: str


@dataclass(frozen=True, slots=True)
class Fitting:
    """``values`` by the variable's name, in the order of the body."""

    code: str
    values: Mapping[str, str]


class ApprovedTexts:
    def __init__(self, texts: Iterable[ApprovedText]) -> None:
        self._forms = [(text.code, _pattern(text.body.strip())) for text in texts]

    def fit(self, text: str) -> Fitting:
        """Raises ``Refused`` where no approved template has these words."""
        bare = SIGNATURE.sub("", text, count=1).strip() if text.startswith("【") else text.strip()
        for code, pattern in self._forms:
            if found := pattern.fullmatch(bare):
                return Fitting(code, {name[1:]: value for name, value in found.groupdict().items()})
        raise Refused("no approved template has these words")


def _pattern(body: str) -> re.Pattern[str]:
    """Each variable a group, anything between literally. A name that comes twice must hold the same value twice."""
    parts, at, seen = [], 0, set[str]()
    for variable in VARIABLE.finditer(body):
        name = "v" + (variable[1] or variable[2])  # a group's name may not begin with a digit
        parts += [re.escape(body[at : variable.start()]), f"(?P={name})" if name in seen else f"(?P<{name}>.+?)"]
        seen.add(name)
        at = variable.end()
    return re.compile("".join([*parts, re.escape(body[at:])]), re.DOTALL)
