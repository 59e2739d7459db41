"""Web push (RFC 8030) to a browser, encrypted for it alone (RFC 8291), under this installation's VAPID key (RFC 8292).

The only file that imports pywebpush and py_vapid, and only when it is used: they bring a second HTTP client along. A
push service gives no receipt; the page that could read the message says so itself.
"""

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from server.notifications.deliveries import Letter
from server.notifications.gateways.http import Http, NotTaken, Request
from server.notifications.outbox import Gone, Refused

CLAIM_LIFE = timedelta(hours=12)  # RFC 8292 §2: at most 24 hours
PLAINTEXT_LIMIT = 3993  # RFC 8291 §4: what fits a record of 4096 octets
TOPIC_LIMIT = 32  # RFC 8030 §5.4
FINAL = frozenset({400, 413})
ENDPOINT = re.compile(r"(https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?)/[!-~]*")  # no user, no space, no line break
LINK = re.compile(r"https?://\S+")  # what a tap on the message opens


@dataclass(frozen=True, slots=True)
class Subscription:
    """Where a browser is reached and what is encrypted for it; keys in base64url as ``PushSubscription`` gives them."""

    endpoint: str
    p256dh: str = field(repr=False)
    auth: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PushAccount:
    """``contact``: mailto: or https:, whom a push service asks when something is wrong. ``title`` of what is shown."""

    key_pem: bytes = field(repr=False)
    contact: str
    title: str
    services: Sequence[str]  # origins that may be posted to, * for any name
    ttl_s: int


class _Keys(msgspec.Struct):
    p256dh: str
    auth: str


class _Given(msgspec.Struct):
    endpoint: str
    keys: _Keys


class PushGateway:
    """A repetition takes the place of the first while that waits at the push service: its topic is the delivery."""

    name = "push"
    receipts = True  # by the page, not by the service

    def __init__(self, account: PushAccount, http: Http, clock: Callable[[], datetime]) -> None:
        from py_vapid import Vapid02  # noqa: PLC0415 – see above

        self._account, self._http, self._clock = account, http, clock
        self._vapid = Vapid02(load_pem_private_key(account.key_pem, None))

    async def send(self, letter: Letter) -> str | None:
        to = subscription(letter.address, self._account.services)
        body = _encrypted(to, self._plaintext(letter))
        answer = await self._http.post(Request(to.endpoint, self._headers(to, letter), body))
        if answer.status in {404, 410}:
            raise Gone(f"{self.name}: HTTP {answer.status}")
        if answer.status in FINAL:
            raise Refused(f"{self.name}: HTTP {answer.status}")
        if not answer.good:
            raise NotTaken(f"{self.name}: HTTP {answer.status}")
        return None

    def _plaintext(self, letter: Letter) -> bytes:
        link = LINK.search(letter.text)
        where = link[0] if link else ""
        shown = {"id": letter.delivery_id, "title": self._account.title, "text": letter.text, "url": where}
        plaintext = msgspec.json.encode(shown)
        if len(plaintext) > PLAINTEXT_LIMIT:
            raise Refused(f"{self.name}: too long")
        return plaintext

    def _headers(self, to: Subscription, letter: Letter) -> dict[str, str]:
        parts = urlsplit(to.endpoint)
        expires = int((self._clock() + CLAIM_LIFE).timestamp())
        claims = {"aud": f"{parts.scheme}://{parts.netloc}", "exp": expires, "sub": self._account.contact}
        return {
            "authorization": str(self._vapid.sign(claims)["Authorization"]),
            "content-type": "application/octet-stream",
            "content-encoding": "aes128gcm",
            "ttl": str(self._account.ttl_s),
            "urgency": "high",  # RFC 8030 §5.3: somebody waits for it, also on low battery
            "topic": letter.delivery_id[:TOPIC_LIMIT],
        }


def public_key(key_pem: bytes) -> str:
    """What a page gives to ``PushManager.subscribe`` as ``applicationServerKey``."""
    key = load_pem_private_key(key_pem, None)
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(point).rstrip(b"=").decode()


def subscription(address: str, services: Sequence[str]) -> Subscription:
    """A ``PushSubscription`` as JSON. Raises ``Refused``.

    Anybody may post one, and this server posts to it: so only to the push services that are listed, and under keys
    that exist.
    """
    try:
        given = msgspec.json.decode(address, type=_Given)
        _require_keys(given.keys)
    except (msgspec.DecodeError, ValueError):
        raise Refused("push: not a subscription") from None
    endpoint = ENDPOINT.fullmatch(given.endpoint)
    if not endpoint or not any(fnmatchcase(endpoint[1], service) for service in services):
        raise Refused("push: not a known push service")
    return Subscription(given.endpoint, given.keys.p256dh, given.keys.auth)


def _require_keys(keys: _Keys) -> None:
    """RFC 8291 §2: a point of P-256, 16 octets. Raises ``ValueError``."""
    ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _bytes(keys.p256dh))
    if len(_bytes(keys.auth)) != 16:
        raise ValueError("an authentication secret of 16 octets")


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("base64url") from error


def _encrypted(to: Subscription, plaintext: bytes) -> bytes:
    from pywebpush import WebPusher  # noqa: PLC0415 – see above

    keys = {"p256dh": to.p256dh, "auth": to.auth}
    body: bytes = WebPusher({"endpoint": to.endpoint, "keys": keys}).encode(plaintext, "aes128gcm")["body"]
    return body
