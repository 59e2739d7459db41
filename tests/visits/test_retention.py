"""What is past its clock goes, whole and on record, and nothing before its day: on both databases."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from devices.waves import TILE_S, microseconds
from server.clinic.errors import NotFound
from server.store import tables
from server.store.append_only import OPENED
from server.store.engine import Store
from server.store.retention import RetentionQueries
from server.store.tables import metadata
from server.visits.policy.errors import PolicyRefused
from server.visits.policy.packs import CN_2022, NONE
from server.visits.retention import Holding, Retention
from tests.clinic.house import ZONE
from tests.store.filled import NOON, contents, fill, plain

ACTOR = "system"
OF_NO_PATIENT = {
    "installation", "users", "totp_factors", "passkeys", "audit", "audit_seals", "departments", "doctor_profiles",
    "session_templates", "holidays", "sessions", "session_doctors", "openings", "devices", "partitions",
    "rollup_progress", "streams", "message_counts", "message_templates", "broker_counts", "broker_drops",
    "device_certificates",
}  # fmt: skip


def after(years: int, days: int = 0) -> datetime:
    return NOON.replace(year=NOON.year + years) + timedelta(days=days)


@dataclass
class Archive:
    """One row in every table, all of one patient's one ticket, whose visit ended on NOON's day."""

    store: Store

    @property
    def retention(self) -> Retention:
        return self.under(CN_2022)

    def under(self, pack: Any) -> Retention:  # noqa: ANN401 – a pack
        begin, look = partial(self.store.write, RetentionQueries), partial(self.store.read, RetentionQueries)
        return Retention(begin, look, pack, ZONE)

    async def change(self, table: sa.Table, **values: object) -> dict[str, object]:
        """What stood there before."""
        async with self.store.write(plain) as connection:
            row = (await connection.execute(sa.select(table).limit(1))).mappings().one()
            await connection.execute(sa.update(table).values(values))
        return {name: row[name] for name in values}

    async def counted(self, now: datetime) -> set[Holding]:
        """Of what something could be deleted."""
        return {spent.holding for spent in await self.retention.spent(now) if spent.count}

    async def held(self) -> set[str]:
        """The tables that have a row."""
        return {name for name, rows in (await contents(self.store)).items() if rows}

    async def audited(self) -> Sequence[tuple[str, str]]:
        rows = (await contents(self.store))["audit"]
        return [(row["subject"], row["detail"]["held"]) for row in rows if row["action"] == "retention.deleted"]


@pytest.fixture
async def archive(store: Store) -> Archive:
    await fill(store)
    archive = Archive(store)
    await archive.change(tables.tickets, state="completed")
    await archive.change(tables.alarms, state="resolved")
    [ticket] = (await contents(store))["tickets"]
    await archive.change(tables.deliveries, cause=f"ticket:{ticket['id']}:booked", link_id=None, provider_id="p1")
    await archive.change(tables.receipts, provider_id="p1")
    await archive.change(tables.sign_ins, user_id=None, ticket_id=ticket["id"])
    recorded, second = microseconds(NOON), int(NOON.timestamp())
    await archive.change(tables.associations, until_at=NOON + timedelta(minutes=1))
    await archive.change(tables.waves, start_us=recorded, until_us=recorded + 1)
    await archive.change(tables.wave_tiles, start=second - second % TILE_S)
    await archive.change(tables.push_subscriptions, recipient=f"patient:{ticket['patient_id']}")
    return archive


async def ticket_id(archive: Archive) -> str:
    [ticket] = (await contents(archive.store))["tickets"]
    return str(ticket["id"])


async def test_nothing_goes_before_its_day(archive: Archive) -> None:
    before = await contents(archive.store)
    assert [spent.count for spent in await archive.retention.spent(after(3))] == [0, 0, 0, 0]
    await archive.retention.delete(ACTOR, after(3))
    assert await contents(archive.store) == before


async def test_after_three_years_how_it_came_about_goes_and_the_record_stays(archive: Archive) -> None:
    held, own = await archive.held(), await ticket_id(archive)
    gone = await archive.retention.delete(ACTOR, after(3, days=1))
    assert {spent.holding: spent.count for spent in gone if spent.count} == {Holding.PROCESS: 1, Holding.LOOSE: 4}
    assert held - await archive.held() == {
        "device_tests", "predictions", "interventions", "join_links", "sign_ins", "deliveries", "receipts",
        "waiting_list", "quarantine", "quarantine_copies", "link_recoveries", "device_gaps", "passkey_challenges",
    }  # fmt: skip
    assert await archive.audited() == [(f"ticket:{own}", "process"), ("process:loose", "loose")]


async def test_messages_that_are_nobodys_go_with_those_that_were_refused(archive: Archive) -> None:
    """But one on which an alarm stands, as of a device that named another patient."""
    [held] = (await contents(archive.store))["messages"]
    await archive.change(tables.messages, patient_id=None, partition=None, position=None)
    await archive.change(tables.alarms, message_id=held["id"])
    await archive.retention.delete(ACTOR, after(3, days=1))
    assert "messages" in await archive.held()
    await archive.change(tables.alarms, message_id=None)
    assert "messages" in await archive.held()
    await archive.retention.delete(ACTOR, after(3, days=1))
    assert "messages" not in await archive.held()


async def test_after_fifteen_years_nothing_of_the_patient_is_left_in_any_table(archive: Archive) -> None:
    own = await ticket_id(archive)
    await archive.retention.delete(ACTOR, after(15, days=1))
    assert await archive.held() <= OF_NO_PATIENT
    assert (f"ticket:{own}", "record") in await archive.audited()
    assert [spent.count for spent in await archive.retention.spent(after(15, days=1))] == [0, 0, 0, 0]


async def test_it_is_counted_before_as_it_is_deleted(archive: Archive) -> None:
    counted = await archive.retention.spent(after(3, days=1))
    assert counted == await archive.retention.delete(ACTOR, after(3, days=1))


async def test_what_has_not_ended_is_kept_whatever_the_day(archive: Archive) -> None:
    for table, values in (
        (tables.tickets, {"state": "arrived"}),
        (tables.visits, {"ended_at": None}),
        (tables.sessions, {"closes_at": after(14)}),
    ):
        before = await archive.change(table, **values)
        assert Holding.RECORD not in await archive.counted(after(15, days=1)), table
        await archive.change(table, **before)
    assert Holding.RECORD in await archive.counted(after(15, days=1))


async def test_a_patient_who_is_watched_or_was_heard_of_later_stays(archive: Archive) -> None:
    own, day = await ticket_id(archive), after(15, days=1)
    await archive.retention.delete_ticket(own, ACTOR, day)
    for table, values in (
        (tables.associations, {"until_at": None}),
        (tables.alarms, {"state": "active"}),
        (tables.messages, {"received_at": after(1)}),
    ):
        before = await archive.change(table, **values)
        assert Holding.PATIENT not in await archive.counted(day), table
        await archive.change(table, **before)
    assert Holding.PATIENT in await archive.counted(day)


async def test_one_ticket_is_refused_by_name_until_its_clock_has_run_out(archive: Archive) -> None:
    own = await ticket_id(archive)
    with pytest.raises(PolicyRefused) as refused:
        await archive.retention.delete_ticket(own, ACTOR, after(15))
    assert refused.value.rule == "record-kept-15-years"
    assert "notes" in await archive.held()
    await archive.retention.delete_ticket(own, ACTOR, after(15, days=1))
    assert not {"tickets", "notes", "deliveries"} & await archive.held()
    with pytest.raises(NotFound):
        await archive.retention.delete_ticket(own, ACTOR, after(15, days=1))


async def test_without_a_clock_nobody_has_said_when_and_nothing_goes(archive: Archive) -> None:
    before = await contents(archive.store)
    assert await archive.under(NONE).delete(ACTOR, after(99)) == []
    with pytest.raises(NotFound):
        await archive.under(NONE).delete_ticket(await ticket_id(archive), ACTOR, after(99))
    assert await contents(archive.store) == before


async def test_more_than_fit_into_one_transaction_go_one_after_another(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.visits.retention.AT_ONCE", 2)
    [first] = (await contents(archive.store))["tickets"]
    more = [{**first, "id": f"more-{n}", "serial": 100 + n, "came_from": None} for n in range(5)]
    async with archive.store.write(plain) as connection:
        await connection.execute(sa.insert(tables.tickets), more)
    gone = await archive.retention.delete(ACTOR, after(15, days=1))
    assert {spent.holding: spent.count for spent in gone}[Holding.RECORD] == 6
    assert "tickets" not in await archive.held()


async def test_what_is_append_only_is_so_again_afterwards_and_after_a_failure(archive: Archive) -> None:
    await archive.retention.delete(ACTOR, after(3, days=1))
    with pytest.raises(ZeroDivisionError):
        await _delete_and_fail(archive)
    for name in (*OPENED, "audit"):
        if name == "interventions":  # went with what came about
            continue
        with pytest.raises(DBAPIError, match="append-only"):
            async with archive.store.write(plain) as connection:
                await connection.execute(sa.delete(metadata.tables[name]))


async def _delete_and_fail(archive: Archive) -> None:
    own = await ticket_id(archive)
    async with archive.store.write(RetentionQueries) as tx:
        await tx.delete(Holding.RECORD, [own])
        raise ZeroDivisionError


async def test_the_hospitals_day_counts_and_not_that_of_greenwich(archive: Archive) -> None:
    """NOON is 20:00 in Hangzhou; five hours later the day there is the next."""
    await archive.change(tables.visits, ended_at=NOON + timedelta(hours=5))
    own, late = await ticket_id(archive), after(15, days=1)
    with pytest.raises(PolicyRefused):
        await archive.retention.delete_ticket(own, ACTOR, late)
    await archive.retention.delete_ticket(own, ACTOR, late + timedelta(days=1))


def test_the_rules_are_asked_for_each_whatever_a_query_says() -> None:
    longer = replace(CN_2022, clocks={kept: replace(clock, years=30) for kept, clock in CN_2022.clocks.items()})
    with pytest.raises(PolicyRefused):
        longer.check_deletion(next(iter(longer.clocks)), NOON.date(), after(15, days=1).date())
