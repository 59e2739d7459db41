"""The access matrix of a route table: every route, asked by every role and by nobody, with either cookie."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiohttp.test_utils import TestClient

from server.access.roles import Role
from server.api.cookies import cookie_name
from server.api.framework import Audience, Route
from server.api.routes import RouteTable, roles_that_may

NOWHERE: Final = "0" * 32  # an id that nothing has: past the guards, it is "not found"
SIGNED: Final = (Audience.STAFF, Audience.PATIENT)
CELLS_OF_A_ROUTE: Final = (len(Role) + 1) * len(SIGNED)


@dataclass(frozen=True)
class Cell:
    """One question to a route. ``role`` None is nobody; ``cookie`` is the audience whose cookie holds the token."""

    route: Route
    role: Role | None
    cookie: Audience

    @property
    def allowed(self) -> bool:
        if self.route.audience is Audience.PUBLIC:
            return True
        return self.role in roles_that_may(self.route) and self.cookie is self.route.audience


def cells(table: RouteTable) -> Iterator[Cell]:
    """All of them: a route that joins the table joins the matrix."""
    for route in table.routes:
        for role in (*Role, None):
            for cookie in SIGNED:
                yield Cell(route, role, cookie)


async def knock(client: TestClient[Any, Any], cell: Cell, tokens: Mapping[Role, str]) -> int:
    """The status of a call without a body, which gets past the guards only where the role may."""
    path = re.sub(r"{\w+}", NOWHERE, cell.route.path)
    token = tokens.get(cell.role, "") if cell.role else ""
    client.session.cookie_jar.clear()  # what an earlier answer set must not speak for this cell
    headers = {"Cookie": f"{cookie_name(cell.cookie, secure=False)}={token}"}
    async with client.request(cell.route.method, f"/api/v1{path}", headers=headers) as response:
        return response.status
