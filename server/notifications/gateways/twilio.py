"""SMS by Twilio: the Messages resource under basic authentication, receipts by its signed status callback.

Signature: twilio.com/docs/usage/webhooks/webhooks-security. It covers the address and the form, and no time: a copied
receipt can be said again, and says the same.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import msgspec

from server.notifications.deliveries import DeliveryState, Letter, Receipt
from server.notifications.gateways.http import Http, NotTaken, Request, rejection
from server.notifications.gateways.unsigned import CALLED_URL
from server.notifications.receipts import BadSignature, Unreadable

FINAL = frozenset({  # of twilio.com/docs/api/errors: what is wrong with the number or the words
    "21211",  # invalid To
    "21265",  # a short code as To
    "21610",  # the recipient has unsubscribed
    "21612",  # no route from this sender to this number
    "21614",  # not a mobile number
    "21617",  # more than 1600 characters
    "21635",  # a landline
})  # fmt: skip
STATES: Mapping[str, DeliveryState] = {
    "delivered": DeliveryState.DELIVERED,
    "read": DeliveryState.DELIVERED,
    "undelivered": DeliveryState.FAILED,
    "failed": DeliveryState.FAILED,
    "canceled": DeliveryState.FAILED,
}  # the others (queued, sending, sent …) say that it is on its way, which is known


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioAccount:
    """``sender``: a number in E.164, a name, or a messaging service (MG…). ``callback``: where receipts are wanted."""

    sid: str
    auth_token: str = field(repr=False)
    sender: str
    callback: str | None
    endpoint: str


class _Reply(msgspec.Struct):
    sid: str = ""
    code: int | None = None


class TwilioGateway:
    """The Messages resource has no key that makes a repetition harmless: an answer that was lost may send twice."""

    name = "twilio"

    def __init__(self, account: TwilioAccount, http: Http) -> None:
        self._account, self._http = account, http
        self.receipts = account.callback is not None
        login = base64.b64encode(f"{account.sid}:{account.auth_token}".encode()).decode()
        self._headers = {"authorization": f"Basic {login}", "content-type": "application/x-www-form-urlencoded"}
        self._url = f"{account.endpoint}/2010-04-01/Accounts/{account.sid}/Messages.json"

    async def send(self, letter: Letter) -> str | None:
        answer = await self._http.post(Request(self._url, self._headers, self._form(letter)))
        reply = answer.read(_Reply)
        if not answer.good:
            raise rejection(self.name, str(reply.code or f"HTTP {answer.status}"), FINAL)
        if not reply.sid:
            raise NotTaken(f"{self.name}: an answer without a sid")
        return reply.sid

    def _form(self, letter: Letter) -> bytes:
        service = self._account.sender.startswith("MG")
        form = {"To": letter.address, "Body": letter.text}
        form["MessagingServiceSid" if service else "From"] = self._account.sender
        if self._account.callback:
            form["StatusCallback"] = self._account.callback
        return urlencode(form).encode()


def signature(auth_token: str, url: str, form: Mapping[str, list[str]]) -> str:
    """What ``X-Twilio-Signature`` must be: the address, then every name with its values, sorted, each value once."""
    fields = "".join(name + value for name in sorted(form) for value in sorted(set(form[name])))
    digest = hmac.new(
        auth_token.encode(), (url + fields).encode(errors="surrogateescape"), hashlib.sha1
    )  # Twilio signs by HMAC-SHA1
    return base64.b64encode(digest.digest()).decode()


def parse(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> list[Receipt]:
    """A status callback. Raises ``BadSignature``, ``Unreadable``."""
    try:
        form = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=100)
    except ValueError as error:
        raise Unreadable("not a form") from error
    given = headers.get("x-twilio-signature", "").encode(errors="surrogateescape")
    expected = [signature(secret, url, form).encode() for url in _spellings(headers.get(CALLED_URL, ""))]
    if not secret or not any(hmac.compare_digest(given, one) for one in expected):
        raise BadSignature("X-Twilio-Signature does not fit")
    return _receipts(form, now)


def _receipts(form: Mapping[str, list[str]], now: datetime) -> list[Receipt]:
    sid, status = form.get("MessageSid", [""])[0], form.get("MessageStatus", [""])[0]
    if not sid or not status:
        raise Unreadable("a status callback without MessageSid or MessageStatus")
    if status not in STATES:
        return []
    error = form.get("ErrorCode", [""])[0][:64] or None
    return [Receipt(sid, STATES[status], now, error)]


def _spellings(url: str) -> tuple[str, str]:
    """With the port and without: Twilio's own libraries accept both, since its services write either."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return urlunsplit(parts._replace(netloc=host)), urlunsplit(parts._replace(netloc=f"{host}:{port}"))
