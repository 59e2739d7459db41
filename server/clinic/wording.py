"""Words that people type and others read: one line, nothing hidden in it."""

from server.clinic.errors import InvalidWords

LONGEST = 200


def one_line(typed: str, field: str) -> str:
    """Without control and direction characters. Raises ``InvalidWords`` naming ``field``."""
    words = " ".join(typed.split())
    if not 1 <= len(words) <= LONGEST or not words.isprintable():
        raise InvalidWords(f"one line of 1 to {LONGEST} printable characters", field)
    return words
