"""Rows that commit late, in any order: what is called settled is complete, whenever it is looked at."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from server.access.horizon import Horizon, Outlook


@dataclass
class Database:
    """Numbers are drawn in order; transactions commit or give up in any. It sees what PostgreSQL shows."""

    drawn: int = 0
    open: dict[str, list[int]] = field(default_factory=dict)
    seen: set[int] = field(default_factory=set)
    begun: int = 0

    def happens(self, choice: int) -> None:
        what, which = choice % 4, choice // 4
        if what == 0 or not self.open:
            self.begun += 1
            self.open[f"t{self.begun}"] = []
            return
        name = sorted(self.open)[which % len(self.open)]
        if what == 1:
            self.drawn += 1
            self.open[name].append(self.drawn)
        else:
            rows = self.open.pop(name)
            self.seen |= set(rows) if what == 2 else set()


def look(database: Database, meanwhile: list[int]) -> Outlook:
    highest = max(database.seen, default=0)
    for choice in meanwhile:
        database.happens(choice)
    return Outlook(highest, frozenset(database.open))


happenings = st.lists(st.integers(0, 40), max_size=6)


@given(st.lists(st.tuples(happenings, happenings, happenings), max_size=30))
def test_no_row_ever_comes_below_the_horizon(looks: list[tuple[list[int], list[int], list[int]]]) -> None:
    database, horizon, complete = Database(), Horizon(), (0, frozenset[int]())
    for before, between, after in looks:
        for choice in before:
            database.happens(choice)
        horizon = horizon.seen(look(database, between))
        for choice in after:
            database.happens(choice)
        settled, known = complete
        assert {row for row in database.seen if row <= settled} == known
        complete = horizon.settled, frozenset(row for row in database.seen if row <= horizon.settled)


def test_it_waits_for_who_was_writing_and_for_nobody_who_came_later() -> None:
    horizon = Horizon().seen(Outlook(10, frozenset({"a", "b"})))
    assert horizon.settled == 0
    horizon = horizon.seen(Outlook(20, frozenset({"b", "c"})))
    assert horizon.settled == 0
    horizon = horizon.seen(Outlook(30, frozenset({"c", "d"})))
    assert horizon.settled == 10, "c and d came after row 10 was seen"
    horizon = horizon.seen(Outlook(40, frozenset({"e"})))
    assert horizon.settled == 30


def test_where_nobody_writes_all_that_is_seen_is_complete() -> None:
    assert Horizon().seen(Outlook(7, frozenset())).settled == 7
