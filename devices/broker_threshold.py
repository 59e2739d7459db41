"""Who has come and has not been let in: at most so many, and no address so many that another's devices find no room.

Pure. Whoever holds half-open connections costs the broker a place each; where all are taken, the one who has most of
them gives way, and only who has most is turned away.
"""

from collections.abc import Callable, Hashable

Caller = Callable[[str], str]  # an address → what counts as one caller


class Threshold:
    """Each who comes is there until ``leave``. What turns somebody out is called at most once, and not after that."""

    def __init__(self, most: int, caller: Caller = str) -> None:
        self._most, self._caller = most, caller
        self._of: dict[str, dict[Hashable, Callable[[], object]]] = {}

    def __len__(self) -> int:
        return sum(len(those) for those in self._of.values())

    def come(self, address: str, who: Hashable, turn_out: Callable[[], object]) -> bool:
        """False: no room, since nobody holds more of it than this address. Who is there already has room."""
        here = self._caller(address)
        if who in self._of.get(here, ()):
            return True
        if len(self) >= self._most and not self._make_room(here):
            return False
        self._of.setdefault(here, {})[who] = turn_out
        return True

    def leave(self, address: str, who: Hashable) -> None:
        """Let in, turned away or gone; again is nothing."""
        here = self._caller(address)
        those = self._of.get(here, {})
        those.pop(who, None)
        if not those:
            self._of.pop(here, None)

    def _make_room(self, here: str) -> bool:
        """The last of those who came from the address with most: who came before may be nearly through."""
        fullest = max(self._of, key=lambda each: len(self._of[each]))
        if len(self._of[fullest]) <= len(self._of.get(here, ())) + 1:
            return False
        _, turn_out = self._of[fullest].popitem()
        turn_out()
        return True
