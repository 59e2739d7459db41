"""Web push against a push service and a browser of our own: what is sent is decrypted, and the key is checked."""

import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import http_ece
import pytest
from aiohttp import web
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from server.gateway_settings import Push
from server.keys import PUSH_KEY, push_key
from server.notifications.gateways.http import Http, NotTaken
from server.notifications.gateways.push import PushAccount, PushGateway, public_key, subscription
from server.notifications.outbox import Gone, Refused
from tests.gateways.letters import NOON, TEXT, gives_nothing_away, letter, noon
from tests.gateways.local import serving

SERVICES = Push().services


def url64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def bytes64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Browser:
    """The receiving end of RFC 8291."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = bytes(range(16))

    def subscribe(self, endpoint: str) -> str:
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        keys = {"p256dh": url64(point), "auth": url64(self.auth)}
        return json.dumps({"endpoint": endpoint, "expirationTime": None, "keys": keys})

    def read(self, body: bytes) -> dict[str, str]:
        plaintext = http_ece.decrypt(body, private_key=self.key, auth_secret=self.auth, version="aes128gcm")
        shown: dict[str, str] = json.loads(plaintext)
        return shown


@dataclass
class PushService:
    """RFC 8030 §5 and RFC 8292 §4, as a push service has to check them."""

    key: str = ""  # the applicationServerKey that the browser subscribed under
    status: int = 201
    now: datetime = NOON
    waiting: dict[str, bytes] = field(default_factory=dict)  # by topic
    headers: list[dict[str, str]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        if self.status != 201:
            return web.Response(status=self.status)
        if not self.signed(request):
            return web.Response(status=403)
        if "TTL" not in request.headers or request.headers.get("Content-Encoding") != "aes128gcm":
            return web.Response(status=400)
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        self.waiting[request.headers["Topic"]] = await request.read()
        return web.Response(status=201, headers={"Location": "/m/1"})

    def signed(self, request: web.Request) -> bool:
        scheme, _, said = request.headers["Authorization"].partition(" ")
        parts = dict(part.strip().split("=", 1) for part in said.split(","))
        head, claims, signature = parts["t"].split(".")
        told = json.loads(bytes64(claims))
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bytes64(self.key))
        raw = bytes64(signature)
        encoded = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        point.verify(encoded, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
        lives = told["exp"] - self.now.timestamp()
        return (
            scheme == "vapid"
            and parts["k"] == self.key
            and json.loads(bytes64(head))["alg"] == "ES256"
            and told["aud"] == f"http://{request.host}"
            and told["sub"] == "mailto:it@hospital.example"
            and 0 < lives <= timedelta(hours=24).total_seconds()
        )


@dataclass
class Line:
    gateway: PushGateway
    service: PushService
    browser: Browser
    address: str


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Line]:
    pem, http, browser = push_key(tmp_path), Http(), Browser()
    service = PushService(key=public_key(pem))
    async with serving(service.answer) as origin:
        account = PushAccount(
            key_pem=pem, contact="mailto:it@hospital.example", title="青山互联网医院", services=[origin], ttl_s=900
        )
        yield Line(PushGateway(account, http, noon), service, browser, browser.subscribe(f"{origin}/push/abc"))
        await http.close()


async def test_the_browser_and_nobody_else_can_read_it(line: Line) -> None:
    assert await line.gateway.send(letter(address=line.address)) is None
    [body] = line.service.waiting.values()
    assert line.browser.read(body) == {
        "id": letter().delivery_id,
        "title": "青山互联网医院",
        "text": TEXT,
        "url": "https://visit.example/join#s3cret",
    }
    assert b"s3cret" not in body
    with pytest.raises(http_ece.ECEException):
        Browser().read(body)


async def test_it_is_urgent_and_does_not_wait_for_ever(line: Line) -> None:
    await line.gateway.send(letter(address=line.address))
    [headers] = line.service.headers
    assert (headers["urgency"], headers["ttl"]) == ("high", "900")


async def test_a_repetition_takes_the_place_of_the_first(line: Line) -> None:
    await line.gateway.send(letter(address=line.address))
    await line.gateway.send(letter(address=line.address))
    await line.gateway.send(letter(address=line.address, delivery_id="f" * 32))
    assert len(line.service.waiting) == 2


@pytest.mark.parametrize("status", [404, 410])
async def test_a_subscription_that_was_left_is_gone(line: Line, status: int) -> None:
    line.service.status = status
    with pytest.raises(Gone):
        await line.gateway.send(letter(address=line.address))


@pytest.mark.parametrize(("status", "error"), [(400, Refused), (413, Refused), (429, NotTaken), (500, NotTaken)])
async def test_other_answers(line: Line, status: int, error: type[Exception]) -> None:
    line.service.status = status
    with pytest.raises(error, match=str(status)) as raised:
        await line.gateway.send(letter(address=line.address))
    assert not isinstance(raised.value, Gone)
    assert gives_nothing_away(raised.value)


async def test_a_text_that_no_push_can_hold_is_refused(line: Line) -> None:
    with pytest.raises(Refused, match="too long"):
        await line.gateway.send(letter(address=line.address, text="号" * 1400))
    await line.gateway.send(letter(address=line.address, text="号" * 1200))


GOOD = json.loads(Browser().subscribe("https://fcm.googleapis.com/fcm/send/abc"))


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/abc",
        "https://updates.push.services.mozilla.com/wpush/v2/abc",
        "https://web.push.apple.com/abc",
        "https://wns2-par02p.notify.windows.com/w/?token=abc",
    ],
)
def test_browsers_push_services_are_known(endpoint: str) -> None:
    assert subscription(json.dumps(GOOD | {"endpoint": endpoint}), SERVICES).endpoint == endpoint


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/x",
        "https://127.0.0.1/x",
        "https://evil.example/fcm.googleapis.com",
        "https://fcm.googleapis.com.evil.example/x",
        "https://fcm.googleapis.com@evil.example/x",
        "https://user@fcm.googleapis.com/x",
        "https://fcm.googleapis.com:8443/x",
        "https://evil.example#.push.apple.com",
        "https://evil.example\\.push.apple.com/x",
        "https://evil.example?.push.apple.com",
        "https://evil.example/.push.apple.com",
        "https://fcm.googleapis.com/x\r\nX-Injected: y",
        "https://fcm.googleapis.com/x y",
        "https://fcm.googleapis.com",
        "file:///etc/passwd",
        "",
    ],
)
def test_nobody_makes_this_server_post_elsewhere(endpoint: str) -> None:
    with pytest.raises(Refused, match="push service"):
        subscription(json.dumps(GOOD | {"endpoint": endpoint}), SERVICES)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "+8613812345678",
        json.dumps({"endpoint": GOOD["endpoint"]}),
        json.dumps(GOOD | {"keys": GOOD["keys"] | {"auth": url64(b"short")}}),
        json.dumps(GOOD | {"keys": GOOD["keys"] | {"auth": "!" * 22}}),
        json.dumps(GOOD | {"keys": GOOD["keys"] | {"p256dh": url64(b"\x04" + bytes(64))}}),  # not on the curve
        json.dumps(GOOD | {"keys": GOOD["keys"] | {"p256dh": ""}}),
    ],
)
def test_what_is_no_subscription_is_refused(address: str) -> None:
    with pytest.raises(Refused, match="not a subscription"):
        subscription(address, SERVICES)


def test_the_key_is_made_once_and_for_the_owner_alone(tmp_path: Path) -> None:
    first = push_key(tmp_path)
    assert push_key(tmp_path) == first
    assert (tmp_path / PUSH_KEY).stat().st_mode & 0o777 == 0o600
    assert len(bytes64(public_key(first))) == 65
