"""The generic gateway against the published vector of Standard Webhooks, and against a receiver written from it."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from server.notifications.deliveries import DeliveryState, Receipt
from server.notifications.gateways.http import Http, NotTaken
from server.notifications.gateways.webhook import WebhookAccount, WebhookGateway, key_of, parse, signature
from server.notifications.outbox import Refused
from server.notifications.receipts import BadSignature, Unreadable
from tests.gateways.letters import NOON, TEXT, gives_nothing_away, letter, noon
from tests.gateways.local import serving
from tests.gateways.providers import WebhookReceiver

SECRET = WebhookReceiver.secret


@pytest.fixture
def receiver() -> WebhookReceiver:
    return WebhookReceiver()


@pytest.fixture
async def gateway(receiver: WebhookReceiver) -> AsyncIterator[WebhookGateway]:
    http = Http()
    async with serving(receiver.answer) as origin:
        yield WebhookGateway(WebhookAccount(url=f"{origin}/sms", secret=SECRET), http, noon)
        await http.close()


def test_the_published_vector_is_signed_as_published() -> None:
    signed = signature(key_of(SECRET), "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_a_message_arrives_signed_under_the_deliverys_id(
    gateway: WebhookGateway, receiver: WebhookReceiver
) -> None:
    assert await gateway.send(letter()) == "own-77"
    assert receiver.seen == {
        letter().delivery_id: {
            "id": letter().delivery_id,
            "to": "+8613812345678",
            "text": TEXT,
            "template": "booked",
            "locale": "zh-CN",
            "urgent": False,
        }
    }


async def test_a_message_that_comes_twice_is_one_to_the_receiver(
    gateway: WebhookGateway, receiver: WebhookReceiver
) -> None:
    await gateway.send(letter())
    await gateway.send(letter())
    assert len(receiver.seen) == 1


@pytest.mark.parametrize("reply", [b"", b"{}"])
async def test_without_an_id_of_its_own_the_delivery_keeps_ours(
    gateway: WebhookGateway, receiver: WebhookReceiver, reply: bytes
) -> None:
    receiver.reply = reply
    assert await gateway.send(letter()) == letter().delivery_id


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_a_refused_message_is_final(gateway: WebhookGateway, receiver: WebhookReceiver, status: int) -> None:
    receiver.status = status
    with pytest.raises(Refused, match=str(status)) as refused:
        await gateway.send(letter())
    assert gives_nothing_away(refused.value)


@pytest.mark.parametrize("status", [302, 401, 404, 409, 429, 500, 503])
async def test_any_other_answer_is_tried_again(gateway: WebhookGateway, receiver: WebhookReceiver, status: int) -> None:
    receiver.status = status
    with pytest.raises(NotTaken, match=str(status)):
        await gateway.send(letter())


async def test_a_clock_that_is_wrong_is_refused_there_and_tried_again_here(
    gateway: WebhookGateway, receiver: WebhookReceiver
) -> None:
    receiver.now = NOON + timedelta(minutes=6)
    with pytest.raises(NotTaken, match="401"):
        await gateway.send(letter())


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_c2hvcnQ=", "whsec_not base64 at all, but long enough for it"])
def test_a_secret_that_is_none_is_refused(secret: str) -> None:
    with pytest.raises(ValueError, match="base64"):
        key_of(secret)


RECEIPT = {"id": "own-77", "state": "delivered", "at": "2026-11-21T19:59:00+08:00"}


def said(receiver: WebhookReceiver, *receipts: object, at: int = int(NOON.timestamp())) -> tuple[dict[str, str], bytes]:
    body = json.dumps({"receipts": receipts}).encode()
    signed = receiver.sign("r-1", str(at), body)
    return {"webhook-id": "r-1", "webhook-timestamp": str(at), "webhook-signature": signed}, body


def test_signed_receipts_are_taken(receiver: WebhookReceiver) -> None:
    lost = {"id": "own-78", "state": "expired", "at": "2026-11-22T00:00:00Z", "error": "absent"}
    headers, body = said(receiver, RECEIPT, lost)
    assert parse(headers, body, SECRET, NOON) == [
        Receipt("own-77", DeliveryState.DELIVERED, NOON - timedelta(minutes=1)),
        Receipt("own-78", DeliveryState.EXPIRED, NOON, "absent"),  # it cannot have been later than now
    ]


def test_while_a_secret_is_changed_one_of_two_signatures_is_enough(receiver: WebhookReceiver) -> None:
    headers, body = said(receiver, RECEIPT)
    headers["webhook-signature"] = f"v1,{'A' * 43}= {headers['webhook-signature']}"
    assert parse(headers, body, SECRET, NOON)


@pytest.mark.parametrize("late", [timedelta(minutes=5, seconds=1), timedelta(minutes=-5, seconds=-1)])
def test_a_copied_receipt_is_refused_after_five_minutes(receiver: WebhookReceiver, late: timedelta) -> None:
    headers, body = said(receiver, RECEIPT)
    assert parse(headers, body, SECRET, NOON + timedelta(minutes=5))
    with pytest.raises(BadSignature):
        parse(headers, body, SECRET, NOON + late)


def test_what_was_changed_on_the_way_is_not_believed(receiver: WebhookReceiver) -> None:
    headers, body = said(receiver, RECEIPT)
    later = str(int(headers["webhook-timestamp"]) + 60)
    for forged in (
        (headers, body.replace(b"delivered", b"failed")),
        (headers | {"webhook-id": "r-2"}, body),
        (headers | {"webhook-timestamp": later}, body),
        (headers | {"webhook-signature": ""}, body),
        (headers | {"webhook-signature": "v1,\udcff"}, body),
        (headers | {"webhook-id": "\udcff"}, body),
        (headers | {"webhook-timestamp": "soon"}, body),
        (headers | {"webhook-timestamp": "9" * 30}, body),
        ({}, body),
    ):
        with pytest.raises(BadSignature):
            parse(*forged, SECRET, NOON)


def test_what_is_signed_and_no_receipt_is_said_to_be_none(receiver: WebhookReceiver) -> None:
    for receipt in (RECEIPT | {"state": "read"}, RECEIPT | {"at": "yesterday"}, {"id": 7}):
        headers, body = said(receiver, receipt)
        with pytest.raises(Unreadable):
            parse(headers, body, SECRET, NOON)
