"""A file of readings: whole, page by page, on record before it begins, and only for whom it is."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from functools import partial

import msgspec
import pytest
import sqlalchemy as sa
from aiohttp import ClientPayloadError, web
from fhir.resources.R4B.bundle import Bundle
from pytest_aiohttp import AiohttpClient

from server.access.principal import Principal
from server.api import history as history_routes
from server.api.cookies import cookie_name
from server.api.edge import Edge
from server.api.framework import Audience
from server.api.routes import Feature, route_table
from server.api.serving import Gate, build_api
from server.monitoring import export as exporting
from server.monitoring.errors import NotFound, RangeRefused
from server.monitoring.export import Export, Extract, Format
from server.monitoring.history import History
from server.store.errors import Unavailable
from server.store.export import ExportQueries
from server.store.history import HistoryLookQueries
from server.store.journal import StoreJournal
from server.store.tables import audit
from tests.monitoring.house import ADMIN, DOCTOR, FOREIGN, NOON, OPERATOR, SHANGHAI, STAFF, House
from tests.monitoring.test_rolling import message, temp

AFTER = NOON + timedelta(days=9)


@pytest.fixture
async def house(house: House) -> House:
    """Twelve messages of two readings, one a minute."""
    messages = [message(n, temp(36 + n / 100, n), temp(37.0, n + 0.5, "ear")) for n in range(12)]
    await StoreJournal(house.store).commit(messages, [])
    return house


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "PAGE", 5)


def export(house: House) -> Export:
    return Export(partial(house.store.write, ExportQueries), partial(house.store.read, ExportQueries))


def extract(form: Format, minutes: tuple[float, float] = (0, 60)) -> Extract:
    start, until = (NOON + timedelta(minutes=minute) for minute in minutes)
    return Extract("patient", form, start, until)


async def whole(chunks: AsyncIterator[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])


async def lines(house: House, minutes: tuple[float, float] = (0, 60)) -> list[str]:
    written = await whole(await export(house).of(DOCTOR, extract(Format.CSV, minutes), AFTER))
    return written.decode().splitlines()[1:]


async def test_every_reading_is_a_line_in_the_order_of_its_message(house: House) -> None:
    found = await lines(house)
    assert len(found) == 24
    assert [line.split(",")[3] for line in found[::2]] == [f"{36 + n / 100}" for n in range(12)]


async def test_the_end_of_the_span_is_not_in_it(house: House) -> None:
    assert len(await lines(house, (1, 3))) == 4
    assert len(await lines(house, (1.5, 1.6))) == 1
    assert await lines(house, (30, 60)) == []


async def test_what_came_days_later_in_one_message_with_newer_is_in_it(house: House) -> None:
    late = message(20, temp(35.5, 30), temp(35.6, 60 * 24 * 3))
    await StoreJournal(house.store).commit([late], [])
    assert [line.split(",")[3] for line in await lines(house, (30, 31))] == ["35.5"]


async def test_it_is_on_record_before_it_begins(house: House) -> None:
    chunks = await export(house).of(DOCTOR, extract(Format.FHIR), AFTER)
    [row] = await house.rows(sa.select(audit).where(audit.c.action == "readings.exported"))
    assert (row.actor, row.subject, row.detail["format"]) == (DOCTOR.actor, "patient:patient", "fhir")
    assert chunks is not None


async def test_only_who_sees_the_patient_has_it(house: House) -> None:
    for who in (FOREIGN, OPERATOR, ADMIN):
        with pytest.raises(NotFound):
            await export(house).of(who, extract(Format.CSV), AFTER)
    assert not await house.rows(sa.select(audit).where(audit.c.action == "readings.exported"))
    with pytest.raises(RangeRefused):
        await export(house).of(DOCTOR, extract(Format.CSV, (5, 5)), AFTER)


class Failing(ExportQueries):
    """The database goes in the middle of the file."""

    asked = 0

    async def stretch(self, *asked: object) -> exporting.Stretch:
        Failing.asked += 1
        if Failing.asked > 1:
            raise Unavailable("gone")
        return await super().stretch(*asked)  # type: ignore[arg-type]


async def ask(house: House, client: AiohttpClient, line: str, queries: type[ExportQueries] = ExportQueries) -> bytes:
    people = {who.id: who for who in STAFF}

    async def authenticate(token: str, _now: datetime) -> Principal | None:
        return people.get(token)

    look = partial(house.store.read, queries)
    history = History(partial(house.store.read, HistoryLookQueries), SHANGHAI)
    listed = history_routes.routes(history, Export(partial(house.store.write, ExportQueries), look))
    app = web.Application()
    table = route_table([Feature(listed, history_routes.problems)])
    app.add_subapp("/api", build_api(table, Gate(authenticate, Edge(), lambda: AFTER), version="1"))
    opened = await client(app)
    cookies = {cookie_name(Audience.STAFF, secure=False): "doctor"}
    response = await opened.get(f"/api/v1{line}", cookies=cookies)
    assert response.status == 200, await response.text()
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "no-store"
    return await response.read()


SPAN = "from=2026-11-21T12:00:00Z&until=2026-11-21T13:00:00Z"


async def test_over_http_a_bundle_is_whole_and_fhir(house: House, aiohttp_client: AiohttpClient) -> None:
    content = await ask(house, aiohttp_client, f"/patients/patient/export?format=fhir&{SPAN}")
    bundle = Bundle.model_validate_json(content)
    kinds = [entry.resource.__class__.__name__ for entry in bundle.entry or []]
    assert kinds == ["Patient", "Device", *["Observation"] * 24]


async def test_over_http_half_a_file_never_looks_whole(house: House, aiohttp_client: AiohttpClient) -> None:
    Failing.asked = 0
    with pytest.raises(ClientPayloadError):
        await ask(house, aiohttp_client, f"/patients/patient/export?format=csv&{SPAN}", Failing)


async def test_a_chart_over_http(house: House, aiohttp_client: AiohttpClient) -> None:
    content = await ask(house, aiohttp_client, f"/patients/patient/history?metric=temp&{SPAN}&points=500")
    answer = msgspec.json.decode(content)
    assert (answer["level"], answer["unit"], len(answer["points"])) == ("single", "Cel", 24)
    assert answer["points"][0] == [1_795_262_400_000, 36.0, 36.0, 36.0, 36.0, 1]
