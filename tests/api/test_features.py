"""The real route table: what it promises is there, guarded and described. No service stands behind it here."""

from datetime import datetime
from typing import Any
from unittest.mock import Mock

import pytest
from aiohttp import web
from pytest_aiohttp import AiohttpClient
from structlog.testing import capture_logs

from server.access.principal import Principal
from server.access.roles import Role
from server.api.edge import Edge
from server.api.errors import COMMON
from server.api.features import Services, features
from server.api.framework import Audience
from server.api.hospital import Hospital
from server.api.openapi import describe
from server.api.routes import RouteTable, route_table
from server.api.serving import Gate, build_api
from tests.api.matrix import CELLS_OF_A_ROUTE, cells, knock
from tests.api.test_openapi import missing, references

NOW = datetime.fromisoformat("2026-11-21T09:30:00Z")
QINGSHAN = Hospital(
    name="青山",
    telephone="1",
    demonstration=False,
    time_zone="Asia/Shanghai",
    version="1",
    public_url="https://qs.example",
)
PEOPLE = {role.value: Principal(role, "0" * 32, "Wang Li", "s") for role in Role}

PUBLIC = {
    "GET /hospital",
    "POST /sign-in",
    "POST /join/look",
    "POST /join/check",
    "GET /notice",
    "POST /receipts/{gateway}",
    "POST /readings",
    "POST /broker/connect",
    "POST /broker/topic",
    "POST /join/recover",
    "GET /push/key",
    "POST /push/received",
    "GET /departments",
    "GET /departments/{id}/doctors",
    "GET /doctors/{id}/sessions",
    "POST /bookings",
    "POST /sessions/{id}/waiting-list",
    "POST /offers/look",
    "POST /offers/accept",
    "GET /display/{id}",
}
STAFF = """
POST /sign-out
GET /me
GET /sessions
POST /sessions/{id}/open
POST /sessions/{id}/close
GET /sessions/{id}/line
POST /sessions/{id}/tickets
POST /sessions/{id}/call-next
POST /sessions/{id}/suspend
POST /sessions/{id}/resume
POST /sessions/{id}/join
POST /sessions/{id}/leave
POST /tickets/{id}/link
POST /tickets/{id}/call
POST /tickets/{id}/recall
POST /tickets/{id}/hold
POST /tickets/{id}/unhold
POST /tickets/{id}/urgency
POST /tickets/{id}/cancel
GET /tickets/{id}/targets
POST /tickets/{id}/transfer
GET /visits/{id}
POST /visits/{id}/confirm-identity
PUT /visits/{id}/note
POST /visits/{id}/end
POST /visits/{id}/media
POST /visits/{id}/prior-diagnosis
POST /visits/{id}/guardian
GET /documents/{id}
GET /factors
POST /totp/enrol
POST /totp/confirm
POST /passkeys/options
POST /passkeys
DELETE /factors/totp
DELETE /passkeys/{id}
POST /step-up/totp
POST /step-up/passkey/options
POST /step-up/passkey
GET /patients
GET /patients/{id}/readings
GET /patients/{id}/history
GET /patients/{id}/waves
GET /patients/{id}/waves/channels
GET /patients/{id}/export
GET /patients/{id}/alarms
POST /alarms/{id}/acknowledge
GET /unattended
GET /broker/drops
GET /broker/gaps
POST /unattended/{id}/take-over
GET /quarantine
GET /quarantine/{id}
POST /quarantine/{id}/check
POST /quarantine/{id}/replay
POST /quarantine/{id}/dismiss
POST /patients/{id}/devices
DELETE /patients/{id}/devices/{device_id}
GET /devices
GET /devices/{id}
PUT /devices/{id}
POST /devices
POST /devices/{id}/rotate
POST /devices/{id}/lost
POST /devices/{id}/revoke
POST /devices/{id}/replace
POST /devices/{id}/certificates
DELETE /devices/{id}/certificates/{fingerprint}
POST /devices/{id}/claim-code
POST /devices/claim
POST /devices/import/check
POST /devices/import
GET /outbox
GET /waiting/errors
GET /not-reached
POST /not-reached/{id}/call
GET /templates
PUT /templates/{id}/{locale}
POST /templates/preview
POST /push/subscribe
POST /sessions/{id}/capacity
POST /tickets/{id}/move
GET /roster/departments
POST /roster/departments
PUT /roster/departments/{id}
GET /roster/doctors
PUT /roster/doctors/{id}
GET /roster/templates
POST /roster/templates
PUT /roster/templates/{id}
DELETE /roster/templates/{id}
GET /roster/holidays
PUT /roster/holidays/{day}
DELETE /roster/holidays/{day}
POST /roster/generate
GET /roster/sessions
"""
PATIENT = {
    "GET /ticket",
    "POST /ticket/consent",
    "POST /ticket/answer",
    "POST /ticket/devices",
    "POST /ticket/media",
    "POST /ticket/complaint",
    "POST /ticket/device-test",
    "POST /ticket/upload-test",
    "POST /ticket/documents",
    "DELETE /ticket/documents/{id}",
    "POST /ticket/consent/withdraw",
    "POST /ticket/move",
    "GET /ticket/sessions",
    "POST /ticket/arrive",
    "POST /ticket/cancel",
    "GET /ticket/calendar.ics",
    "POST /ticket/push",
}


@pytest.fixture(scope="module")
def table() -> RouteTable:
    # Services that have nothing: whatever reaches them is a fault, never a refusal of access.
    services: dict[str, Any] = {name: Mock() for name in Services.__dataclass_fields__}
    return route_table(features(Services(**{**services, "hospital": QINGSHAN, "locale": "zh-CN"})))


def served(table: RouteTable, audience: Audience) -> set[str]:
    return {f"{route.method} {route.path}" for route in table.routes if route.audience is audience}


def test_what_is_served_to_whom_is_what_was_promised(table: RouteTable) -> None:
    assert served(table, Audience.PUBLIC) == PUBLIC
    assert served(table, Audience.PATIENT) == PATIENT
    assert served(table, Audience.STAFF) == set(STAFF.strip().splitlines())


async def test_no_cell_of_the_matrix_is_open_that_the_roles_do_not_open(
    table: RouteTable, aiohttp_client: AiohttpClient
) -> None:
    async def authenticate(token: str, _now: datetime) -> Principal | None:
        return PEOPLE.get(token)

    app = web.Application()
    app.add_subapp("/api", build_api(table, Gate(authenticate, Edge(), lambda: NOW), version="1"))
    client = await aiohttp_client(app)
    tokens = {principal.role: token for token, principal in PEOPLE.items()}
    with capture_logs():  # where a role may, the missing service is a fault each time
        statuses = [(cell, await knock(client, cell, tokens)) for cell in cells(table)]
    wrong = [(cell, status) for cell, status in statuses if (status not in {401, 403}) is not cell.allowed]
    assert wrong == []
    assert len(statuses) == CELLS_OF_A_ROUTE * len(PUBLIC | PATIENT | served(table, Audience.STAFF))


def test_every_route_and_every_type_is_described(table: RouteTable) -> None:
    document = describe(table, version="1")
    assert missing(document, table) == []
    assert set(references(document)) <= {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}


def test_a_slug_means_one_thing(table: RouteTable) -> None:
    """Two features may share a kind of problem, never a name for two kinds."""
    slugs = [kind.slug for kind in {*table.problems.values(), *COMMON.values()}]
    assert len(slugs) == len(set(slugs))
