"""docs/access-matrix.md: every route, topic and event with who may, printed from the tables that the server asks."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from server.access.roles import Action, Role, may
from server.api.framework import Audience, Route
from server.api.routes import RouteTable, roles_that_may
from server.live import TOPIC_ACTIONS
from tests.access_matrix.rows import EVENTS, ROUTES, TOPICS, Row

HEAD: Final = """# Access matrix

Every HTTP route and every socket event and topic with who may. Printed by `python -m tests.access_matrix --write` from
the route table, the topics and the role table that the server itself asks; a test compares this page with them, and
another tries each cell on a running hospital, with the things of two doctors and two patients. What has no row in
`tests/access_matrix/rows.py` does not land.

- **yes** – may, whosever the thing is.
- **own** – may with what is theirs: a doctor's own or joined session and its tickets, visits and patients, and patients
  whose device this doctor answers for; a patient's own ticket; one's own account. What is another's answers exactly as
  what does not exist (404; on a socket, a refusal that says no more).
- **–** – may not (403; without a sign-in, or with that of the other side, 401).

Public routes ask nobody who they are: a token, a birth date, a signature or a limit stands there instead (see
[secure.md](secure.md)). A patient has no account; the link and the birth date make the sign-in."""
OPENED: Final = "A socket is opened with a sign-in of the side that it names, or not at all."
ROLES: Final = (Role.PATIENT, Role.DOCTOR, Role.OPERATOR, Role.ADMIN)
EVENT_ACTIONS: Final = {"join": Action.ROOM_JOIN, "signal": Action.ROOM_JOIN}  # the others ask for nothing of their own

Line = Sequence[str]


def line_of(route: Route) -> str:
    return f"{route.method} {route.path}"


def page(table: RouteTable) -> str:
    routes = _table(("route", "opens", "action", "anyone"), [_route(route) for route in table.routes])
    topics = _table(("topic", "opens", "action"), [_topic(kind, action) for kind, action in TOPIC_ACTIONS.items()])
    events = _table(("event", "opens", "action"), [_event(name) for name in EVENTS])
    titles = ("## HTTP, under `/api/v1`", "## Live topics (`subscribe`)", "## Socket events")
    parts = zip(titles, (routes, topics, f"{OPENED}\n\n{events}"), strict=True)
    return "\n\n".join([HEAD, *(part for pair in parts for part in pair)]) + "\n"


def _table(head: Line, lines: Iterable[Line]) -> str:
    columns = (*head, *(role.value for role in ROLES))
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (columns, ["---"] * len(columns), *lines))


def _route(route: Route) -> Line:
    row, allowed = ROUTES[line_of(route)], roles_that_may(route)
    if route.audience is Audience.PUBLIC:
        return (f"`{line_of(route)}`", row.thing.value, "public", "yes", *["yes"] * len(ROLES))
    action = route.action.value if route.action else ""
    return (f"`{line_of(route)}`", row.thing.value, f"`{action}`", "–", *_cells(row, lambda role: role in allowed))


def _topic(kind: str, action: Action) -> Line:
    row = TOPICS[kind]
    name = kind if kind in {"desk", "outbox"} else f"{kind}:{{id}}"
    return (f"`{name}`", row.thing.value, f"`{action.value}`", *_cells(row, lambda role: may(role, action)))


def _event(name: str) -> Line:
    row, action = EVENTS[name], EVENT_ACTIONS.get(name)
    if name == "subscribe":
        return (f"`{name}`", "the topic's", "the topic's", *["see above"] * len(ROLES))
    cells = _cells(row, lambda role: action is None or may(role, action))
    return (f"`{name}`", row.thing.value, f"`{action.value}`" if action else "none", *cells)


def _cells(row: Row, allowed: Callable[[Role], bool]) -> list[str]:
    return [("own" if role in row.own else "yes") if allowed(role) else "–" for role in ROLES]
