"""The note: versions, conflicts, and the save whose answer was lost."""

from datetime import UTC, datetime, timedelta

import pytest

from server.visits.errors import InvalidNote, NoteChanged
from server.visits.note import LONGEST_NOTE, Edit, Note, write_note

NOW = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
FIRST = Note(1, "Cough since Monday.", "doctor", NOW)


def test_the_first_note_is_version_one() -> None:
    assert write_note(None, Edit("Cough since Monday.", 0), "doctor", NOW) == FIRST


def test_an_edit_of_the_last_version_is_the_next_one() -> None:
    assert write_note(FIRST, Edit("Cough since Sunday.", 1), "doctor", LATER) == Note(
        2, "Cough since Sunday.", "doctor", LATER
    )


@pytest.mark.parametrize("based_on", [0, 2, 7])
def test_an_edit_of_anything_else_is_refused_and_names_the_last_version(based_on: int) -> None:
    with pytest.raises(NoteChanged) as refusal:
        write_note(FIRST, Edit("Fever.", based_on), "doctor", LATER)
    assert refusal.value.version == 1


@pytest.mark.parametrize("based_on", [0, 1])
def test_the_same_save_again_is_the_same_version(based_on: int) -> None:
    assert write_note(FIRST, Edit(FIRST.body, based_on), "doctor", LATER) is FIRST


def test_the_same_words_of_somebody_else_are_not_the_same_save() -> None:
    with pytest.raises(NoteChanged):
        write_note(FIRST, Edit(FIRST.body, 0), "another", LATER)


def test_a_note_has_a_length_and_no_null_character() -> None:
    assert write_note(None, Edit("a" * LONGEST_NOTE, 0), "doctor", NOW).version == 1
    for body in ("a" * (LONGEST_NOTE + 1), "a\0b"):
        with pytest.raises(InvalidNote):
            write_note(None, Edit(body, 0), "doctor", NOW)
