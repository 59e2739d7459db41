"""What somebody wants of a session, and what it offers."""

from datetime import timedelta

import pytest

from server.clinic.booking import Wish, offered_wish
from server.clinic.kinds import PlannedKind, VisitKind, kinds_of, stored_kinds
from server.clinic.roster.errors import KindNotOffered
from server.clinic.session import Session
from tests.clinic.house import NOW
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
