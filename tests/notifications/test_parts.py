"""Parts of an SMS: the alphabets, the two sizes of a part, and that nothing is torn at a part's end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.notifications.parts import EXTENSION, LETTERS, ROOM, Encoding, Parts, count

GSM = st.text(alphabet=sorted(LETTERS), max_size=700)


def test_the_default_alphabet_has_its_127_letters_and_the_extension_ten_more() -> None:
    assert (len(LETTERS), len(EXTENSION)) == (137, 10)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Parts(Encoding.GSM_7, 0, 1)),
        ("a" * 160, Parts(Encoding.GSM_7, 160, 1)),
        ("a" * 161, Parts(Encoding.GSM_7, 161, 2)),
        ("a" * 306, Parts(Encoding.GSM_7, 306, 2)),
        ("a" * 307, Parts(Encoding.GSM_7, 307, 3)),
        ("€" * 80, Parts(Encoding.GSM_7, 160, 1)),
        ("€" * 81, Parts(Encoding.GSM_7, 162, 2)),
        ("号" * 70, Parts(Encoding.UCS_2, 70, 1)),
        ("号" * 71, Parts(Encoding.UCS_2, 71, 2)),
        ("号" * 134, Parts(Encoding.UCS_2, 134, 2)),
        ("号" * 135, Parts(Encoding.UCS_2, 135, 3)),
        ("𠮷" * 35, Parts(Encoding.UCS_2, 70, 1)),
        ("ç" + "a" * 70, Parts(Encoding.UCS_2, 71, 2)),  # small c with cedilla is not in the alphabet, capital is
    ],
)
def test_counts(text: str, expected: Parts) -> None:
    assert count(text) == expected


def test_an_escape_is_not_torn_between_two_parts() -> None:
    fits = "a" * 151 + "€" + "a" * 153
    torn = "a" * 152 + "€" + "a" * 152
    assert (count(fits).units, count(fits).parts) == (306, 2)
    assert (count(torn).units, count(torn).parts) == (306, 3)


def test_a_surrogate_pair_is_not_torn_between_two_parts() -> None:
    assert count("号" * 66 + "𠮷" + "号" * 66).parts == 3


@given(st.one_of(GSM, st.text(max_size=300)))
def test_parts_hold_what_is_counted_and_waste_little(text: str) -> None:
    counted = count(text)
    one, each = ROOM[counted.encoding]
    if counted.parts == 1:
        assert counted.units <= one
        return
    assert counted.units > one
    assert (counted.parts - 1) * (each - 1) < counted.units <= counted.parts * each


@given(GSM, st.sampled_from("号漢😀ç"))
def test_one_foreign_letter_makes_all_of_it_ucs_2(text: str, foreign: str) -> None:
    assert count(text).encoding is Encoding.GSM_7
    assert count(text + foreign).encoding is Encoding.UCS_2
