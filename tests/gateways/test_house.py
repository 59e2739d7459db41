"""A booking's text from the outbox through a gateway to a provider, and its receipt back through the house's door."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from server.access.principal import Principal
from server.access.roles import Role
from server.access.users import UserWish
from server.app import Bedside, open_bedside
from server.clinic.session import Hours
from server.notifications.deliveries import DeliveryState, NewDelivery
from server.notifications.messages import cancelled
from server.notifications.reader import DeliveryView
from server.notifications.templates import Locale
from server.patients.patient import PatientDetails, Sex
from server.settings import Settings
from server.store.notifications import DeliveryQueries
from tests.gateways.local import serving
from tests.gateways.providers import Aliyun, Twilio, WebhookReceiver
from tests.gateways.smsc import Smsc, listening
from tests.gateways.test_push import Browser, PushService
from tests.ports import free_port

PUBLIC = "https://visit.example"
KEY = "k" * 32
MIN = PatientDetails("Zhao Min", Sex.FEMALE, date(1957, 3, 14), "+8613812345678", "zh-CN")
BOOKED = "您的就诊号为${serial}号，${at}开始看诊。请用手机打开本链接签到候诊： https://visit.example/join#${token}"


@asynccontextmanager
async def house(directory: Path, **sections: dict[str, Any]) -> AsyncIterator[Bedside]:
    web = {"host": "127.0.0.1", "http_port": free_port(), "https_port": free_port(), "public_url": PUBLIC}
    mqtt = {"port": 0, "tls_port": free_port()}
    bedside = await open_bedside(Settings(web=web, mqtt=mqtt, data={"directory": directory}, **sections), demo=False)  # type: ignore[arg-type]
    await bedside.start()
    try:
        yield bedside
    finally:
        await bedside.stop()


async def book(bedside: Bedside) -> tuple[Principal, str]:
    """The doctor and the session."""
    services, now = bedside.services, datetime.now(UTC)
    wish = UserWish(login="dr.wei", name="Lin Wei", role=Role.DOCTOR, password="correct-horse", phone=None)
    user = await services.users.create(wish, "system", now)
    hours = Hours(user.id, "Cardiology", now, now + timedelta(hours=4))
    session_id = await services.consulting.clinic.create_session(hours, "system", now)
    doctor = Principal(Role.DOCTOR, user.id, user.name, "s")
    await services.consulting.clinic.book(doctor, session_id, MIN, now)
    return doctor, session_id


async def booking(bedside: Bedside, state: DeliveryState) -> DeliveryView:
    return await telling(bedside, "booked", state)


async def telling(bedside: Bedside, template: str, state: DeliveryState) -> DeliveryView:
    """The newest message of this template once it is in this state."""
    async with asyncio.timeout(20):
        while True:
            found: list[DeliveryView] = [
                one for one in await bedside.services.messaging.doors.outbox.newest() if one.template == template
            ]
            if found and found[0].state is state:
                return found[0]
            await asyncio.sleep(0.02)


async def tell_of_a_cancelled_visit(bedside: Bedside, patient_id: str, now: datetime) -> None:
    text = cancelled(bedside.house.sender, Locale.ZH, serial=1, opens_at=now)
    new = NewDelivery("ticket:1:cancelled", f"patient:{patient_id}", MIN.phone, text, now, now + timedelta(hours=1))
    async with bedside.store.write(DeliveryQueries) as tx:
        await tx.add_delivery(new)


async def say(bedside: Bedside, path: str, headers: dict[str, str], body: bytes) -> int:
    url = f"http://127.0.0.1:{bedside.ports['http']}/api/v1/receipts/{path}"
    async with aiohttp.ClientSession() as provider, provider.post(url, headers=headers, data=body) as answer:
        return answer.status


async def test_by_webhook(tmp_path: Path) -> None:
    receiver = WebhookReceiver(now=datetime.now(UTC))
    async with serving(receiver.answer) as origin:
        webhook = {"url": origin, "secret": receiver.secret}
        async with house(tmp_path, gateways={"sms": "webhook"}, webhook=webhook) as bedside:
            await book(bedside)
            shown = await booking(bedside, DeliveryState.SENT)
            [message] = receiver.seen.values()
            assert (message["to"], message["text"]) == (MIN.phone, shown.body)
            at = str(int(datetime.now(UTC).timestamp()))
            told = {"id": "own-77", "state": "delivered", "at": datetime.now(UTC).isoformat()}
            body = json.dumps({"receipts": [told]}).encode()
            headers = {"webhook-id": "r1", "webhook-timestamp": at, "webhook-signature": receiver.sign("r1", at, body)}
            assert await say(bedside, "webhook", headers, body + b" ") == 403
            assert await say(bedside, "webhook", headers, body) == 200
            await booking(bedside, DeliveryState.DELIVERED)


async def test_by_twilio(tmp_path: Path) -> None:
    provider = Twilio()
    async with serving(provider.answer) as origin:
        twilio = {"account_sid": provider.sid, "auth_token": provider.token, "sender": "Clinic", "endpoint": origin}
        async with house(tmp_path, gateways={"sms": "twilio"}, twilio=twilio) as bedside:
            await book(bedside)
            shown = await booking(bedside, DeliveryState.SENT)
            [sent] = provider.sent
            assert (sent["To"], sent["Body"]) == (MIN.phone, shown.body)
            form = {"MessageSid": "SM" + "0" * 31 + "1", "MessageStatus": "undelivered", "ErrorCode": "30003"}
            signed = provider.sign(sent["StatusCallback"], form)
            headers = {"X-Twilio-Signature": signed, "Content-Type": "application/x-www-form-urlencoded"}
            assert await say(bedside, "twilio", headers, urlencode(form | {"ErrorCode": "0"}).encode()) == 403
            assert await say(bedside, "twilio", headers, urlencode(form).encode()) == 200
            assert (await booking(bedside, DeliveryState.FAILED)).error == "30003"


async def test_by_alibaba(tmp_path: Path) -> None:
    provider = Aliyun(now=datetime.now(UTC))
    async with serving(provider.answer) as origin:
        aliyun = {
            "access_key_id": "aliyun-key",
            "access_key_secret": provider.secret,
            "sign_name": "青山",
            "receipt_key": KEY,
            "templates": [{"code": "SMS_1", "body": BOOKED}],
            "endpoint": origin,
        }
        async with house(tmp_path, gateways={"sms": "aliyun"}, aliyun=aliyun) as bedside:
            await book(bedside)
            shown = await booking(bedside, DeliveryState.SENT)
            values = json.loads(provider.sent[0]["TemplateParam"])
            assert shown.body.endswith(f"{PUBLIC}/join#{values['token']}")
            body = json.dumps([{"biz_id": "900619746936498440^1", "success": True}]).encode()
            assert await say(bedside, "aliyun?key=other", {}, body) == 403
            assert await say(bedside, f"aliyun?key={KEY}", {"Content-Type": "application/json"}, body) == 200
            await booking(bedside, DeliveryState.DELIVERED)


async def test_by_smpp(tmp_path: Path) -> None:
    smsc = Smsc()
    async with listening(smsc) as port:
        smpp = {"host": "127.0.0.1", "port": port, "tls": False, "system_id": "bedside", "password": smsc.password}
        async with house(tmp_path, gateways={"sms": "smpp"}, smpp=smpp | {"sender": "Clinic"}) as bedside:
            await book(bedside)
            shown = await booking(bedside, DeliveryState.SENT)
            assert smsc.telephone == [(MIN.phone, shown.body)]
            for at in range(len(smsc.submitted)):
                assert await smsc.report(f"id-{at + 1}") == 0
            await booking(bedside, DeliveryState.DELIVERED)


async def test_by_web_push(tmp_path: Path) -> None:
    """A patient whose page has subscribed is told by push and by nothing else, once the page says that it came."""
    browser, service = Browser(), PushService(now=datetime.now(UTC))
    async with serving(service.answer) as origin:
        push = {"contact": "mailto:it@hospital.example", "services": [origin]}
        async with house(tmp_path, gateways={"push": "webpush"}, push=push) as bedside:
            doors, now = bedside.services.messaging.doors, datetime.now(UTC)
            service.key = doors.subscriptions.key
            doctor, session_id = await book(bedside)
            [ticket] = (await bedside.services.consulting.clinic_reader.line(doctor, session_id)).tickets
            patient = Principal(Role.PATIENT, ticket.id, "", "s")
            await doors.subscriptions.subscribe(patient, browser.subscribe(f"{origin}/push/1"), now)
            await tell_of_a_cancelled_visit(bedside, ticket.patient.id, now)
            shown = await telling(bedside, "cancelled", DeliveryState.SENT)
            [body] = service.waiting.values()
            read = browser.read(body)
            assert (read["text"], read["id"]) == (shown.body, shown.id)
            assert (
                await say(
                    bedside,
                    "../push/received",
                    {"Content-Type": "application/json"},
                    json.dumps({"id": read["id"]}).encode(),
                )
                < 300
            )
            await telling(bedside, "cancelled", DeliveryState.DELIVERED)


@pytest.mark.parametrize("path", ["console", "twilio", "pigeon"])
async def test_who_was_not_chosen_is_not_there(tmp_path: Path, path: str) -> None:
    async with house(tmp_path) as bedside:
        assert await say(bedside, path, {}, b"{}") == 404
