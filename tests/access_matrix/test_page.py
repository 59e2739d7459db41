"""No route, topic or event without its row, no row without one, and the page in docs says what the tables say."""

from pathlib import Path

import pytest

from server.api.framework import Audience
from server.api.routes import RouteTable, roles_that_may
from server.live import TOPIC_ACTIONS
from signaling.messages import REQUESTS
from tests.access_matrix.__main__ import KEPT, table_of
from tests.access_matrix.page import line_of, page
from tests.access_matrix.rows import EVENTS, ROUTES, TOPICS


@pytest.fixture
async def table(tmp_path: Path) -> RouteTable:
    return await table_of(tmp_path)


def test_every_route_has_its_row(table: RouteTable) -> None:
    assert {line_of(route) for route in table.routes} == set(ROUTES), "rows are in tests/access_matrix/rows.py"


def test_every_topic_and_every_event_has_its_row() -> None:
    assert set(TOPIC_ACTIONS) == set(TOPICS)
    assert set(REQUESTS) == set(EVENTS)


def test_a_row_speaks_of_roles_that_may_at_all(table: RouteTable) -> None:
    for route in table.routes:
        own = ROUTES[line_of(route)].own
        assert not own or route.audience is Audience.PUBLIC or own & roles_that_may(route), line_of(route)


def test_the_page_is_what_the_tables_say(table: RouteTable) -> None:
    assert KEPT.read_text() == page(table), "print it anew: python -m tests.access_matrix --write"
