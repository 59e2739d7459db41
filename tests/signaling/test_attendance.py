"""Whose first page came and whose last one went."""

from signaling.attendance import Attendance


def test_the_first_page_and_the_last_one_are_news() -> None:
    those = Attendance()
    those.came("p")
    assert those.news() == {"p": True}
    those.came("p")
    those.went("p")
    assert those.news() == {}
    those.went("p")
    assert those.news() == {"p": False}
    assert those.news() == {}


def test_who_came_and_went_between_two_tellings_is_no_news() -> None:
    those = Attendance()
    those.came("p")
    those.went("p")
    assert those.news() == {}
    those.came("p")
    those.news()
    those.went("p")
    those.came("p")
    assert those.news() == {}


def test_a_crowd_is_told_at_once() -> None:
    those = Attendance()
    for number in range(5000):
        those.came(f"ticket:{number}")
    assert those.news() == dict.fromkeys((f"ticket:{number}" for number in range(5000)), True)


def test_nothing_is_kept_of_those_who_are_gone() -> None:
    those = Attendance()
    those.came("p")
    those.went("p")
    those.news()
    assert those == Attendance()
