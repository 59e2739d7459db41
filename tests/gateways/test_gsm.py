"""Text to the octets of its parts and back, as a telephone puts them together; as many parts as were counted."""

from hypothesis import example, given
from hypothesis import strategies as st
from smpplib.gsm import gsm_encode

from server.notifications.gateways.gsm import joined, segment
from server.notifications.parts import ALPHABET, EXTENSION, Encoding, count

GSM = st.text(alphabet=sorted((set(ALPHABET) | set(EXTENSION)) - {"\x1b"}), min_size=1, max_size=500)
ANY = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300)


def telephone(encoding: Encoding, parts: list[bytes]) -> str:
    """What is shown: each part must be readable alone, since a telephone decodes part by part."""
    if encoding is Encoding.UCS_2:
        return "".join(part.decode("utf-16-be") for part in parts)
    shown, back = "", {code: letter for letter, code in EXTENSION.items()}
    for part in parts:
        septets = iter(part)
        for septet in septets:
            shown += back[next(septets)] if septet == 0x1B else ALPHABET[septet]
    return shown


@given(GSM | ANY)
def test_every_part_can_be_read_and_together_they_are_the_text(text: str) -> None:
    cut = segment(text)
    assert telephone(cut.encoding, list(cut.parts)) == text
    assert (cut.encoding, len(cut.parts)) == (count(text).encoding, count(text).parts)


@given(GSM | ANY)
@example("a" * 152 + "€" * 20)
@example("号" * 66 + "😀" * 5)
def test_no_part_is_longer_than_the_network_takes(text: str) -> None:
    cut = segment(text)
    header = 6 if len(cut.parts) > 1 else 0
    for part in cut.parts:
        octets = len(part) if cut.encoding is Encoding.UCS_2 else -(-len(part) * 7 // 8)
        assert header + octets <= 140


@given(st.text(alphabet=sorted(set(ALPHABET) - {"\x1b", "§"} | {"^", "{", "}", "[", "~", "]", "|", "€", "\\"})))
def test_the_alphabet_is_the_one_of_smpplib(text: str) -> None:
    """But for § and `, which smpplib takes for one another."""
    [octets] = segment(text[:70]).parts or [b""]
    assert octets == gsm_encode(text[:70])


def test_one_letter_outside_the_alphabet_makes_it_all_ucs2() -> None:
    assert segment("no. 7 `").encoding is Encoding.UCS_2
    assert segment("7号").parts == [b"\x00\x37\x53\xf7"]


def test_where_the_smsc_has_another_alphabet_everything_is_ucs2() -> None:
    assert segment("@", ucs2_only=True).parts == [b"\x00@"]


def test_every_part_says_which_it_is() -> None:
    assert joined([b"a", b"b"], 0x1234) == [b"\x05\x00\x03\x34\x02\x01a", b"\x05\x00\x03\x34\x02\x02b"]
