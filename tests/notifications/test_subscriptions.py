"""Web-push subscriptions: a browser is one person's, only known services are posted to, a gone one is forgotten."""

import base64
import json
from functools import partial

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from server.access.principal import Principal
from server.access.roles import Role
from server.notifications.deliveries import Channel, DeliveryState, Letter
from server.notifications.outbox import Gone
from server.notifications.subscriptions import BadSubscription, NoPush, Subscriptions
from server.store.engine import Store
from server.store.subscriptions import SubscriptionQueries
from tests.notifications.people import Booked, book, doctor
from tests.notifications.post import ALARM, NOON, Outbox, Telephone, running, until
from tests.store.filled import contents

SERVICES = ("https://push.example",)
DOCTOR = Principal(Role.DOCTOR, "doctor", "李医生", "sign-in")
PATIENT = Principal(Role.PATIENT, "t1", "王小明", "sign-in")


def given(endpoint: str = "https://push.example/abc") -> str:
    """What a browser gives."""
    point = ec.generate_private_key(ec.SECP256R1()).public_key()
    raw = point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    keys = {"p256dh": _base64(raw), "auth": _base64(bytes(16))}
    return json.dumps({"endpoint": endpoint, "keys": keys})


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.fixture
async def subscriptions(store: Store) -> Subscriptions:
    await doctor(store)
    await book(store, Booked("t1"))
    return Subscriptions(partial(store.write, SubscriptionQueries), SERVICES, "key")


async def owners(store: Store) -> list[str]:
    return [row["recipient"] for row in (await contents(store))["push_subscriptions"]]


async def test_staff_and_patients_subscribe_each_for_themselves(store: Store, subscriptions: Subscriptions) -> None:
    await subscriptions.subscribe(DOCTOR, given("https://push.example/1"), NOON)
    await subscriptions.subscribe(PATIENT, given("https://push.example/2"), NOON)
    assert sorted(await owners(store)) == ["patient:p-t1", "user:doctor"]


async def test_a_shared_browser_is_the_last_ones_who_asked(store: Store, subscriptions: Subscriptions) -> None:
    await subscriptions.subscribe(DOCTOR, given(), NOON)
    await subscriptions.subscribe(PATIENT, given(), NOON)
    assert await owners(store) == ["patient:p-t1"]


@pytest.mark.parametrize("endpoint", ["https://evil.example/x", "http://push.example/x", "http://127.0.0.1:6379/"])
async def test_this_server_posts_to_no_address_that_a_page_makes_up(
    store: Store, subscriptions: Subscriptions, endpoint: str
) -> None:
    with pytest.raises(BadSubscription):
        await subscriptions.subscribe(DOCTOR, given(endpoint), NOON)
    assert await owners(store) == []


async def test_a_house_without_web_push_says_so(store: Store) -> None:
    with pytest.raises(NoPush):
        await Subscriptions(partial(store.write, SubscriptionQueries), SERVICES, "").subscribe(DOCTOR, given(), NOON)


async def test_a_push_goes_to_the_subscription_and_a_gone_one_is_forgotten(
    store: Store, subscriptions: Subscriptions
) -> None:
    browser = given()
    await subscriptions.subscribe(DOCTOR, browser, NOON)
    outbox, push = Outbox(store), Addressed()
    outbox.gateways = {Channel.SMS: outbox.phone, Channel.PUSH: push}
    await outbox.add("transition:1")
    async with running(outbox.dispatcher()):
        await until(lambda: len(outbox.changed) == 2)
    assert json.loads(push.addresses[0]) == json.loads(browser)
    assert {row.channel: row.state for row in await outbox.rows()} == {
        Channel.SMS: DeliveryState.SENT,
        Channel.PUSH: DeliveryState.FAILED,
    }
    assert [row["ended_at"] for row in (await contents(store))["push_subscriptions"]] != [None]
    await outbox.add("transition:2", ALARM)
    assert [row.channel for row in await outbox.rows() if row.cause == "transition:2"] == [Channel.SMS]


class Addressed(Telephone):
    """A push service whose every browser is gone."""

    def __init__(self) -> None:
        super().__init__(receipts=True)
        self.addresses: list[str] = []

    async def send(self, letter: Letter) -> str | None:
        self.addresses.append(letter.address)
        raise Gone("uninstalled")
