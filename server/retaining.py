"""What the command line does with what is past its clock: ``bedside retention``. It returns what is printed."""

from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

from server.access.audit import SYSTEM
from server.safeguards import pack_of
from server.settings import Settings
from server.store.engine import Store, open_store
from server.store.readings_retention import ReadingsRetentionQueries
from server.store.retention import RetentionQueries
from server.visits.policy.errors import PolicyError
from server.visits.policy.pack import Pack
from server.visits.readings_retention import Old, ReadingsRetention
from server.visits.retention import Holding, Retention, Spent

REFUSALS = (PolicyError,)
NAMES = {
    Holding.PROCESS: "tickets with texts, links, tests and waiting times",
    Holding.LOOSE: "texts to staff, waiting-list entries, messages that were refused or are nobody's, gaps of devices",
    Holding.RECORD: "tickets with their visits, notes, consents and documents",
    Holding.PATIENT: "patients without any ticket, with readings and alarms",
}


async def retention(settings: Settings, *, delete: bool, ticket_id: str | None) -> str:
    """List what is past its clock, or delete that; or one ticket. Raises ``PolicyRefused``, ``NotFound``."""
    store = await open_store(settings.data.database_url)
    pack, now = pack_of(settings, demonstration=False), datetime.now(UTC)
    begin, look = partial(store.write, RetentionQueries), partial(store.read, RetentionQueries)
    zone = ZoneInfo(settings.hospital.time_zone)
    keeping, readings = Retention(begin, look, pack, zone), _readings(settings, store, pack)
    try:
        if ticket_id is not None:
            return f"{await keeping.delete_ticket(ticket_id, SYSTEM, now)} rows of ticket {ticket_id} are deleted."
        readings.before(now)  # what is set must fit the rules before anything goes
        if delete:
            old = await readings.delete(SYSTEM, now)
            return _told(await keeping.delete(SYSTEM, now), "deleted", pack.name) + _told_readings(old)
        return _told(await keeping.spent(now), "past its clock", pack.name) + _told_readings(await readings.spent(now))
    finally:
        await store.close()


def _readings(settings: Settings, store: Store, pack: Pack) -> ReadingsRetention:
    begin, look = partial(store.write, ReadingsRetentionQueries), partial(store.read, ReadingsRetentionQueries)
    zone, days = ZoneInfo(settings.hospital.time_zone), settings.readings.single_days
    return ReadingsRetention(begin, look, pack, zone, days=days)


def _told(found: list[Spent], what: str, policy: str) -> str:
    if not found:
        return f"The policy {policy} has no clock: nothing is deleted by this command."
    lines = [
        f"{spent.count:>7}  {NAMES[spent.holding]}, ended on {spent.until} or before ({spent.clock.name})"
        for spent in found
    ]
    return "\n".join([f"{what} under {policy}:", *lines, "The audit stays. A backup still holds what it held."])


def _told_readings(old: Old) -> str:
    if old.before is None:
        return "\nSingle readings are kept: readings.single_days is 0."
    return f"\n{old.messages:>7}  messages of single readings, measured before {old.before.isoformat()}"
