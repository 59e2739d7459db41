"""What the people of a history do, each thing as often as it stands there."""

from dataclasses import dataclass
from typing import Final

DESK: Final = (
    *("book",) * 9,
    *("arrive",) * 9,
    *("cancel",) * 3,
    *("send",) * 3,
    *("hold",) * 2,
    *("release",) * 2,
    *("classify",) * 2,
    *("join",) * 4,
    *("accept",) * 4,
    *("resize",) * 2,
)
DOCTOR: Final = (*("next",) * 30, *("this",) * 6, *("suspend",) * 4, *("close",) * 2)
ROOM: Final = (*("answered",) * 4, *("at once",) * 3, *("unanswered",) * 4, *("sent on",) * 2)


@dataclass(frozen=True)
class Habits:
    """``desk`` and ``doctor``: what is asked for next; ``room``: what becomes of who is called."""

    desk: tuple[str, ...] = DESK
    doctor: tuple[str, ...] = DOCTOR
    room: tuple[str, ...] = ROOM


USUAL: Final = Habits()
