"""Does the broker hand over what it takes? A word of our own goes round through it and has to come back. Pure.

A broker can stay connected, take everything and hand over nothing: Mosquitto 2.0.11 did after it had been killed
several times (its project names fixes of the in-flight quota in 2.0.13). It is a buffer and never the record, so its
session is given up, and what that held, devices send again.
"""

from secrets import token_hex

EVERY_S = 5.0
PATIENCE_S = 10.0


class Echo:
    """Times are seconds of one clock. Of one word at a time it is known whether it came back."""

    def __init__(self, every_s: float = EVERY_S, patience_s: float = PATIENCE_S) -> None:
        self._every_s, self._patience_s = every_s, patience_s
        self._word: bytes | None = None
        self._since = float("-inf")  # when the word went out, or the broker could first have handed it over

    def due(self, now: float) -> bytes | None:
        """The next word to send round; None while one is under way, or it is too soon."""
        if self._word is not None or now < self._since + self._every_s:
            return None
        self._word, self._since = token_hex(8).encode(), now
        return self._word

    def heard(self, word: bytes) -> bool:
        """Whether it is the word that is waited for: one of an older connection is none."""
        if word != self._word:
            return False
        self._word = None
        return True

    def excuse(self, now: float) -> None:
        """The broker waits for us: it may hand over nothing before it has our PUBACKs."""
        if self._word is not None:
            self._since = now

    def is_lost(self, now: float) -> bool:
        return self._word is not None and now >= self._since + self._patience_s
