"""A lost link: the answer says nothing, its time says nothing, and the link goes to the number that is on record."""

from datetime import timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest

from server.notifications.messages import Sender
from server.notifications.recovery import ASKED_A_PHONE, ASKED_AN_ADDRESS, LINKS_AT_ONCE, LinkRecovery
from server.store import tables
from server.store.appointments import AppointmentQueries
from server.store.engine import Store
from tests.notifications.people import PHONE, Booked, book, doctor, update
from tests.notifications.post import NOON, Outbox
from tests.store.filled import contents

SENDER = Sender("青山互联网医院", ZoneInfo("Asia/Shanghai"), "https://h.example/console")
HOME = "192.0.2.7"


class Desk:
    """Asks and answers, and looks at what went out."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.told: list[str] = []
        self.recovery = LinkRecovery(partial(store.write, AppointmentQueries), SENDER, "CN", self._tell)

    async def _tell(self, topic: str) -> None:
        self.told.append(topic)

    async def ask(self, phone: str = PHONE, address: str = HOME) -> None:
        await self.recovery.ask(phone, address, NOON)

    async def sent(self) -> list[str]:
        await self.recovery.tick(NOON)
        return sorted(row.link_id or "" for row in await Outbox(self.store).rows())

    async def asked(self) -> int:
        return len((await contents(self.store))["link_recoveries"])


@pytest.fixture
async def desk(store: Store) -> Desk:
    await doctor(store)
    await book(store, Booked("t1"))
    return Desk(store)


async def test_the_living_link_comes_again_to_the_number_on_record(desk: Desk) -> None:
    await desk.ask("138 1234 5678")
    assert await desk.sent() == ["link-t1"]
    [row] = await Outbox(desk.store).rows()
    assert (row.address, row.recipient, row.template, row.origin) == (PHONE, "patient:p-t1", "link_recovered", HOME)
    assert desk.told == ["outbox"]
    assert await desk.sent() == ["link-t1"]  # answered once


async def test_an_unknown_number_is_asked_for_alike_and_answered_by_nothing(desk: Desk) -> None:
    await desk.ask("+8613912345678")
    assert await desk.asked() == 1  # the same row is written, in the same time
    assert await desk.sent() == []


async def test_a_family_gets_its_links_and_a_crowd_does_not(desk: Desk) -> None:
    for number in range(2, LINKS_AT_ONCE + 3):
        await book(desk.store, Booked(f"t{number}"))
    await desk.ask()
    assert len(await desk.sent()) == LINKS_AT_ONCE


@pytest.mark.parametrize("state", ["completed", "no_show", "cancelled", "transferred"])
async def test_what_is_over_is_not_sent(desk: Desk, state: str) -> None:
    await update(desk.store, tables.tickets, "t1", state=state)
    await desk.ask()
    assert await desk.sent() == []


async def test_a_link_that_wrong_birth_dates_have_locked_stays_locked(desk: Desk) -> None:
    await update(desk.store, tables.join_links, "link-t1", tries_left=0)
    await desk.ask()
    assert await desk.sent() == []


@pytest.mark.parametrize("typed", ["", "hello", "12", "+86138", "'; DROP TABLE patients; --"])
async def test_what_is_no_number_is_answered_alike_and_dropped(desk: Desk, typed: str) -> None:
    await desk.ask(typed)
    assert await desk.asked() == 0


async def test_a_number_cannot_be_flooded_from_many_addresses(desk: Desk) -> None:
    for host in range(20):
        await desk.ask(address=f"198.51.100.{host}")
    assert await desk.asked() == ASKED_A_PHONE.burst


async def test_an_address_cannot_ask_for_many_numbers(desk: Desk) -> None:
    for number in range(40):
        await desk.ask(f"+86138123456{number:02}")
    assert await desk.asked() == ASKED_AN_ADDRESS.burst


async def test_an_answer_that_comes_half_an_hour_late_is_not_given(desk: Desk) -> None:
    await desk.ask()
    await desk.recovery.tick(NOON + timedelta(minutes=31))
    assert await Outbox(desk.store).rows() == []
    assert all(row["done_at"] for row in (await contents(desk.store))["link_recoveries"])


async def test_a_recovery_is_audited_without_the_number(desk: Desk) -> None:
    await desk.ask()
    await desk.sent()
    [entry] = (await contents(desk.store))["audit"]
    assert (entry["action"], entry["subject"]) == ("link.recovered", "ticket:t1")
    assert PHONE not in str(entry)
