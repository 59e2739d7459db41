"""SMS by Alibaba Cloud: SendSms of Dysmsapi 2017-05-25 under signature V3, receipts as SmsReport pushes them.

Signature: help.aliyun.com, "V3 request structure and signature" (ACS3-HMAC-SHA256). The parameters stand in the query
of a POST, where the published API has them; the query is signed, and nobody here logs it.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

import msgspec

from server.notifications.deliveries import DeliveryState, Letter, Receipt
from server.notifications.gateways.approved import ApprovedText, ApprovedTexts
from server.notifications.gateways.http import Http, Request, rejection
from server.notifications.gateways.unsigned import china_time, require_key
from server.notifications.receipts import Unreadable

ALGORITHM = "ACS3-HMAC-SHA256"
FINAL = frozenset({  # of help.aliyun.com/document_detail/101346: what no later attempt would change
    "isv.MOBILE_NUMBER_ILLEGAL",
    "isv.MOBILE_COUNT_OVER_LIMIT",
    "isv.DOMESTIC_NUMBER_NOT_SUPPORTED",
    "isv.TEMPLATE_MISSING_PARAMETERS",
    "isv.TEMPLATE_PARAMS_ILLEGAL",
    "isv.INVALID_JSON_PARAM",
    "isv.INVALID_PARAMETERS",
    "isv.PARAM_LENGTH_LIMIT",
    "isv.PARAM_NOT_SUPPORT_URL",
    "isv.BLACK_KEY_CONTROL_LIMIT",
    "isv.SMS_CONTENT_ILLEGAL",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class AliyunAccount:
    key_id: str
    key_secret: str = field(repr=False)
    sign_name: str
    templates: Sequence[ApprovedText]
    receipts: bool  # the provider was given an address for them
    endpoint: str


class _Reply(msgspec.Struct, rename="pascal"):
    code: str
    biz_id: str = ""


class _Report(msgspec.Struct):
    biz_id: str
    success: bool
    err_code: str = ""
    report_time: str = ""


class AliyunGateway:
    """Nothing in SendSms makes a repetition harmless: ``OutId`` carries the delivery's id, and is only echoed."""

    name = "aliyun"

    def __init__(self, account: AliyunAccount, http: Http, clock: Callable[[], datetime]) -> None:
        self._account, self._http, self._clock = account, http, clock
        self._texts, self.receipts = ApprovedTexts(account.templates), account.receipts

    async def send(self, letter: Letter) -> str | None:
        query = self._query(letter)
        headers = call_headers(urlsplit(self._account.endpoint).netloc, self._clock(), secrets.token_hex(16))
        headers["authorization"] = authorization(self._account.key_id, self._account.key_secret, query, headers)
        answer = await self._http.post(Request(f"{self._account.endpoint}/?{query}", headers, b""))
        reply = answer.read(_Reply)
        if reply.code != "OK":
            raise rejection(self.name, reply.code, FINAL)
        return reply.biz_id or None

    def _query(self, letter: Letter) -> str:
        fitting = self._texts.fit(letter.text)
        return canonical_query(
            {
                "PhoneNumbers": _number(letter.address),
                "SignName": self._account.sign_name,
                "TemplateCode": fitting.code,
                "TemplateParam": json.dumps(fitting.values, ensure_ascii=False),
                "OutId": letter.delivery_id,
            }
        )


def call_headers(host: str, now: datetime, nonce: str) -> dict[str, str]:
    """The headers of a call without body, all of which are signed."""
    return {
        "host": host,
        "x-acs-action": "SendSms",
        "x-acs-version": "2017-05-25",
        "x-acs-date": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": nonce,
        "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
    }


def canonical_query(parameters: Mapping[str, str]) -> str:
    """Sorted by name, encoded as RFC 3986 has it: what is signed and what is sent."""
    return "&".join(f"{quote(name, safe='~')}={quote(parameters[name], safe='~')}" for name in sorted(parameters))


def authorization(key_id: str, key_secret: str, query: str, headers: Mapping[str, str]) -> str:
    """The Authorization header of a POST to ``/`` with this query, these headers and no body."""
    names = ";".join(sorted(headers))
    listed = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
    canonical = "\n".join(["POST", "/", query, listed, names, headers["x-acs-content-sha256"]])
    to_sign = f"{ALGORITHM}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(key_secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    return f"{ALGORITHM} Credential={key_id},SignedHeaders={names},Signature={signature}"


def parse(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> list[Receipt]:
    """A pushed SmsReport. Raises ``BadSignature`` without the address's key, ``Unreadable``."""
    require_key(headers, secret)
    try:
        reports = msgspec.json.decode(body, type=list[_Report])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unreadable("not an SmsReport") from error
    return [_receipt(report, now) for report in reports]


def _receipt(report: _Report, now: datetime) -> Receipt:
    state = DeliveryState.DELIVERED if report.success else DeliveryState.FAILED
    error = None if report.success else report.err_code[:64]
    return Receipt(report.biz_id, state, china_time(report.report_time, now), error)


def _number(address: str) -> str:
    """E.164 → what SendSms wants: eleven digits inside mainland China, country code and number elsewhere."""
    return address.removeprefix("+86") if address.startswith("+86") else address.removeprefix("+")
