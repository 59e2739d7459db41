"""The doctor's note of a visit: versions that all stay, so that two windows never overwrite each other unseen."""

from dataclasses import dataclass
from datetime import datetime

from server.visits.errors import InvalidNote, NoteChanged

LONGEST_NOTE = 20_000  # characters


@dataclass(frozen=True, slots=True)
class Note:
    """One saved version; the first is 1."""

    version: int
    body: str
    author_id: str
    written_at: datetime


@dataclass(frozen=True, slots=True)
class Edit:
    """``based_on`` is the version it was edited from; 0 where there was none."""

    body: str
    based_on: int


def write_note(last: Note | None, edit: Edit, author_id: str, now: datetime) -> Note:
    """The version to keep: a new one, or ``last`` where the same save comes again (its answer was lost on the way).

    Raises ``NoteChanged``, ``InvalidNote``.
    """
    if len(edit.body) > LONGEST_NOTE:
        raise InvalidNote(f"a note has at most {LONGEST_NOTE} characters")
    if "\0" in edit.body:
        raise InvalidNote("a note must not hold the character U+0000")
    if last and _same_save(last, edit, author_id):
        return last
    version = last.version if last else 0
    if edit.based_on != version:
        raise NoteChanged(version)
    return Note(version + 1, edit.body, author_id, now)


def _same_save(last: Note, edit: Edit, author_id: str) -> bool:
    known_versions = {last.version - 1, last.version}
    return (edit.body, author_id) == (last.body, last.author_id) and edit.based_on in known_versions
