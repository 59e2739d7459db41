"""A provider that this file does not know: the message as JSON to an address of yours, receipts from it.

Both ways signed as Standard Webhooks has it (github.com/standard-webhooks, spec 1.0): HMAC-SHA256 over
``id.timestamp.body``, five minutes of grace. ``webhook-id`` is the delivery's id: the same id is the same message.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from server.notifications.deliveries import DeliveryState, Letter, Receipt
from server.notifications.gateways.http import Http, NotTaken, Request
from server.notifications.outbox import Refused
from server.notifications.receipts import BadSignature, Unreadable

WINDOW = timedelta(minutes=5)
FINAL = frozenset({400, 413, 422})  # the answers that mean this message; any other may be different next time


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookAccount:
    """``secret`` as Standard Webhooks writes it: ``whsec_`` and at least 24 bytes in base64."""

    url: str
    secret: str = field(repr=False)


class _Reply(msgspec.Struct):
    id: str | None = None


class _Report(msgspec.Struct):
    id: str
    state: Literal["delivered", "failed", "expired"]
    at: datetime
    error: str | None = None


class _Reports(msgspec.Struct):
    receipts: list[_Report]


class WebhookGateway:
    name = "webhook"
    receipts = True

    def __init__(self, account: WebhookAccount, http: Http, clock: Callable[[], datetime]) -> None:
        self._account, self._http, self._clock = account, http, clock
        self._key = key_of(account.secret)

    async def send(self, letter: Letter) -> str | None:
        body = msgspec.json.encode(
            {
                "id": letter.delivery_id,
                "to": letter.address,
                "text": letter.text,
                "template": letter.template,
                "locale": letter.locale,
                "urgent": letter.urgent,
            }
        )
        headers = signed_headers(self._key, letter.delivery_id, self._clock(), body)
        answer = await self._http.post(Request(self._account.url, headers, body))
        if answer.status in FINAL:
            raise Refused(f"{self.name}: HTTP {answer.status}")
        if not answer.good:
            raise NotTaken(f"{self.name}: HTTP {answer.status}")
        return (answer.read(_Reply).id if answer.body else None) or letter.delivery_id


def key_of(secret: str) -> bytes:
    """Raises ``ValueError`` where it is not ``whsec_`` and 24 to 64 bytes in base64."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise ValueError("whsec_ and base64") from error
    if not 24 <= len(key) <= 64:
        raise ValueError("24 to 64 bytes in base64")
    return key


def signed_headers(key: bytes, message_id: str, now: datetime, body: bytes) -> dict[str, str]:
    timestamp = str(int(now.timestamp()))
    return {
        "content-type": "application/json",
        "idempotency-key": message_id,
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": signature(key, message_id, timestamp, body),
    }


def signature(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    digest = hmac.new(key, _bytes(f"{message_id}.{timestamp}.") + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def parse(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> list[Receipt]:
    """``{"receipts": [{"id", "state", "at", "error"?}]}``. Raises ``BadSignature``, also when late; ``Unreadable``."""
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    _require_recent(timestamp, now)
    expected = signature(key_of(secret), message_id, timestamp, body).encode()
    given = headers.get("webhook-signature", "").split()  # several while a secret is being changed
    if not message_id or not any(hmac.compare_digest(_bytes(one), expected) for one in given):
        raise BadSignature("webhook-signature does not fit")
    try:
        reports = msgspec.json.decode(body, type=_Reports).receipts
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unreadable("not a list of receipts") from error
    return [_receipt(report, now) for report in reports]


def _bytes(header: str) -> bytes:
    """As they came, whatever they were."""
    return header.encode(errors="surrogateescape")


def _require_recent(timestamp: str, now: datetime) -> None:
    try:
        sent = datetime.fromtimestamp(int(timestamp), UTC)
    except (ValueError, OverflowError, OSError):
        raise BadSignature("no webhook-timestamp") from None
    if abs(now - sent) > WINDOW:
        raise BadSignature("too old, or from a clock that is wrong")


def _receipt(report: _Report, now: datetime) -> Receipt:
    at = report.at if report.at.tzinfo else report.at.replace(tzinfo=UTC)
    return Receipt(report.id, DeliveryState(report.state), min(at, now), report.error and report.error[:64])
