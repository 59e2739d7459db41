"""What somebody wants of a session, what it offers, and how its numbers and places are given to many at once."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.clinic.booking import ClinicRules, Counter, Issued, Newcomer, Wanted, Wish, offered_wish
from server.clinic.errors import ClinicError, NotFound, SessionClosed
from server.clinic.kinds import PlannedKind, VisitKind, kinds_of, stored_kinds
from server.clinic.roster.errors import KindNotOffered, SessionFull
from server.clinic.roster.waiting_list import Places
from server.clinic.session import Session, SessionState
from server.patients.known import Register
from server.patients.patient import Patient, Sex
from tests.clinic.house import KEY, NOW, SENDER
from tests.roster.house import KINDS

SESSION = Session("s", "Clinic", "dr", "Dr", NOW, NOW + timedelta(hours=4), kinds=KINDS)
BARE = Session("s", "Clinic", "dr", "Dr", NOW, NOW + timedelta(hours=4))


def test_who_names_no_kind_gets_the_first() -> None:
    assert offered_wish(SESSION, Wish(guardian="王芳")) == Wish(VisitKind.FOLLOW_UP, "王芳")
    assert offered_wish(SESSION, Wish(VisitKind.ADVICE)) == Wish(VisitKind.ADVICE)


def test_what_is_not_offered_is_refused() -> None:
    with pytest.raises(KindNotOffered) as refused:
        offered_wish(SESSION, Wish(VisitKind.RENEWAL))
    assert refused.value.field == "kind"


def test_a_session_without_kinds_asks_for_none() -> None:
    assert offered_wish(BARE, Wish(VisitKind.RENEWAL)) == Wish()


def test_kinds_are_kept_in_their_order() -> None:
    assert kinds_of(stored_kinds(KINDS)) == KINDS
    assert kinds_of([["advice", 5]]) == (PlannedKind(VisitKind.ADVICE, 5),)  # type: ignore[list-item]  # as JSON gives it
    assert kinds_of(None) == ()


RULES = ClinicRules(SENDER, "CN", KEY)
MIN = Patient("p", "闵", Sex.FEMALE, date(1957, 3, 14), "+8613812345678", "zh-CN")


def admitted(session: Session | None) -> Session:
    if session is None:
        raise NotFound("no such session")
    return session


def wanted(session_id: str = "s", kind: VisitKind | None = None) -> Wanted:
    return Wanted(session_id, Newcomer(MIN, "desk", "user:desk", Wish(kind)), NOW, admitted)


Judged = list[Issued | ClinicError]


def judged(asked: Sequence[Wanted], session: Session = BARE, places: Places | None = None) -> Judged:
    counter = Counter(RULES, [session], [places], Register())
    return [counter.judge(each) for each in asked]


def serials(done: Judged) -> list[int]:
    return [each.ticket.serial for each in done if isinstance(each, Issued)]


def refusals(done: Judged) -> list[type]:
    return [type(each) for each in done if isinstance(each, ClinicError)]


def test_a_group_goes_on_from_the_last_number_in_the_order_of_coming() -> None:
    done = judged([wanted() for _ in range(3)], replace(BARE, last_serial=7))
    assert serials(done) == [8, 9, 10]
    assert [each.session.last_serial for each in done if isinstance(each, Issued)] == [8, 9, 10]


def test_the_last_places_go_to_who_came_first_and_the_turns_follow_each_other() -> None:
    """Ten minutes are planned for the one, five for the other; one place is taken already."""
    full = replace(SESSION, capacity=3)
    asked = [wanted(kind=kind) for kind in (VisitKind.FOLLOW_UP, VisitKind.ADVICE, VisitKind.ADVICE)]
    done = judged(asked, full, Places(3, held=1, minutes=10))
    assert (serials(done), refusals(done)) == ([1, 2], [SessionFull])
    planned = [each.ticket.planned_at for each in done if isinstance(each, Issued)]
    assert planned == [NOW + timedelta(minutes=10), NOW + timedelta(minutes=20)]


def test_who_is_refused_uses_up_neither_number_nor_place() -> None:
    asked = [wanted(kind=VisitKind.RENEWAL), wanted(), wanted("elsewhere"), wanted()]
    done = judged(asked, replace(SESSION, capacity=2), Places(2, held=0))
    assert (serials(done), refusals(done)) == ([1, 2], [KindNotOffered, NotFound])


def test_a_closed_session_refuses_the_whole_group() -> None:
    done = judged([wanted(), wanted()], replace(BARE, state=SessionState.CLOSED))
    assert refusals(done) == [SessionClosed, SessionClosed]


@given(st.lists(st.sampled_from([None, *VisitKind]), max_size=30), st.integers(0, 12), st.integers(0, 12))
def test_whatever_is_asked_numbers_have_no_gap_and_places_no_surplus(
    kinds: list[VisitKind | None], capacity: int, held: int
) -> None:
    full = replace(SESSION, capacity=capacity)
    done = judged([wanted(kind=kind) for kind in kinds], full, Places(capacity, held))
    assert serials(done) == list(range(1, len(serials(done)) + 1))
    assert len(serials(done)) <= max(0, capacity - held)
