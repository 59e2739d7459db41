"""Up to where a stream is covered, whatever came, came twice or is missing."""

from hypothesis import given
from hypothesis import strategies as st

from devices.readings import Gap
from devices.streams import MAX_RANGES, Stream


def received(*messages: tuple[int, int | None]) -> tuple[Stream, list[Gap]]:
    stream = Stream.begin(*messages[0])
    gaps: list[Gap] = []
    for seq, oldest in messages:
        stream, found = stream.receive(seq, oldest)
        gaps += found
    return stream, gaps


def test_messages_in_order_cover_everything_and_lose_nothing() -> None:
    assert received((5, None), (6, None), (7, 5)) == (Stream(7), [])


def test_a_missing_number_holds_the_cover_back_until_it_comes() -> None:
    assert received((5, None), (7, None), (9, None))[0] == Stream(5, ((7, 7), (9, 9)))
    assert received((5, None), (7, None), (9, None), (6, None))[0] == Stream(7, ((9, 9),))
    assert received((5, None), (7, None), (9, None), (6, None), (8, None))[0] == Stream(9)


def test_what_the_device_no_longer_holds_is_a_gap_and_is_passed_over() -> None:
    assert received((5, None), (9, 8)) == (Stream(7, ((9, 9),)), [Gap(6, 7)])
    assert received((5, None), (7, None), (12, 12)) == (Stream(12), [Gap(6, 6), Gap(8, 11)])


def test_a_first_message_starts_where_the_device_says_that_its_store_starts() -> None:
    assert received((8, 6)) == (Stream(5, ((8, 8),)), [])
    assert received((0, 0)) == (Stream(0), [])


def test_a_duplicate_and_an_older_one_change_nothing() -> None:
    stream, _ = received((5, None), (6, None))
    assert stream.receive(6, 5) == (stream, ())
    assert stream.receive(2, None) == (stream, ())


def test_a_far_jump_costs_no_memory() -> None:
    stream, gaps = received((0, 0), (2**63 - 1, 2**63 - 1))
    assert stream == Stream(2**63 - 1)
    assert gaps == [Gap(1, 2**63 - 2)]


def test_ranges_are_bounded_and_the_highest_are_forgotten_never_the_lowest() -> None:
    stream, _ = received((0, None), *((seq, None) for seq in range(2, 2 * MAX_RANGES + 20, 2)))
    assert len(stream.ahead) == MAX_RANGES
    assert stream.ahead[0] == (2, 2)
    assert stream.covered == 0


@given(st.lists(st.tuples(st.integers(0, 40), st.none() | st.integers(0, 40)), min_size=1, max_size=40))
def test_a_stream_is_what_a_set_of_numbers_would_be(said: list[tuple[int, int | None]]) -> None:
    messages = [(seq, oldest if oldest is not None and oldest <= seq else None) for seq, oldest in said]
    stream = Stream.begin(*messages[0])
    base = stream.covered
    stored: set[int] = set()
    passed: set[int] = set()
    for seq, oldest in messages:
        stream, gaps = stream.receive(seq, oldest)
        stored.add(seq)
        lost = set(range(base + 1, oldest or 0)) - stored - passed
        assert {number for gap in gaps for number in range(gap.first, gap.last + 1)} == lost
        passed |= lost
        covered = base
        while covered + 1 in stored | passed:
            covered += 1
        assert stream.covered == covered
        ahead = {number for first, last in stream.ahead for number in range(first, last + 1)}
        assert ahead == {number for number in stored if number > covered}
