"""SMS by Tencent Cloud: SendSms 2021-01-11 under TC3-HMAC-SHA256, receipts as its status callback brings them.

Signature: cloud.tencent.com/document/api/382/52072, "signature method v3". Approved templates only.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlsplit

import msgspec

from server.notifications.deliveries import DeliveryState, Letter, Receipt
from server.notifications.gateways.approved import ApprovedText, ApprovedTexts, Fitting
from server.notifications.gateways.http import Http, NotTaken, Request, rejection
from server.notifications.gateways.unsigned import china_time, require_key
from server.notifications.receipts import Unreadable

ALGORITHM = "TC3-HMAC-SHA256"
CONTENT_TYPE = "application/json; charset=utf-8"
SIGNED = "content-type;host;x-tc-action"
FINAL = frozenset({  # of cloud.tencent.com/document/api/382/59177: what no later attempt would change
    "FailedOperation.ContainSensitiveWord",
    "FailedOperation.PhoneNumberInBlacklist",
    "FailedOperation.TemplateParamSetNotMatchApprovedTemplate",
    "InvalidParameterValue.IncorrectPhoneNumber",
    "InvalidParameterValue.ContentLengthLimit",
    "InvalidParameterValue.TemplateParameterFormatError",
    "InvalidParameterValue.TemplateParameterLengthLimit",
    "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter",
})  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class TencentAccount:
    secret_id: str
    secret_key: str = field(repr=False)
    sdk_app_id: str
    sign_name: str
    templates: Sequence[ApprovedText]
    receipts: bool  # the provider was given an address for them
    region: str
    endpoint: str


@dataclass(frozen=True, slots=True)
class Call:
    """What TC3 signs of a request: ``service`` is the product's name in the credential's scope."""

    host: str
    service: str
    action: str
    payload: bytes
    at: datetime


class _Error(msgspec.Struct, rename="pascal"):
    code: str


class _Status(msgspec.Struct, rename="pascal"):
    code: str
    serial_no: str = ""


class _Response(msgspec.Struct, rename="pascal"):
    error: _Error | None = None
    send_status_set: list[_Status] = []


class _Reply(msgspec.Struct, rename="pascal"):
    response: _Response


class _Report(msgspec.Struct):
    sid: str
    report_status: str
    errmsg: str = ""
    user_receive_time: str = ""


class TencentGateway:
    """Nothing in SendSms makes a repetition harmless: ``SessionContext`` carries the delivery's id, only echoed."""

    name = "tencent"

    def __init__(self, account: TencentAccount, http: Http, clock: Callable[[], datetime]) -> None:
        self._account, self._http, self._clock = account, http, clock
        self._texts, self.receipts = ApprovedTexts(account.templates), account.receipts

    async def send(self, letter: Letter) -> str | None:
        payload = self._payload(letter, self._texts.fit(letter.text))
        call = Call(urlsplit(self._account.endpoint).netloc, "sms", "SendSms", payload, self._clock())
        answer = await self._http.post(Request(f"{self._account.endpoint}/", self._headers(call), payload))
        return self._serial_no(answer.read(_Reply).response)

    def _payload(self, letter: Letter, fitting: Fitting) -> bytes:
        ordered = sorted(fitting.values, key=int)  # {1}, {2} … wherever they stand in the text
        return msgspec.json.encode(
            {
                "PhoneNumberSet": [letter.address],
                "SmsSdkAppId": self._account.sdk_app_id,
                "SignName": self._account.sign_name,
                "TemplateId": fitting.code,
                "TemplateParamSet": [fitting.values[name] for name in ordered],
                "SessionContext": letter.delivery_id,
            }
        )

    def _headers(self, call: Call) -> dict[str, str]:
        return {
            "host": call.host,
            "content-type": CONTENT_TYPE,
            "x-tc-action": call.action,
            "x-tc-version": "2021-01-11",
            "x-tc-region": self._account.region,
            "x-tc-timestamp": str(int(call.at.timestamp())),
            "authorization": authorization(self._account.secret_id, self._account.secret_key, call),
        }

    def _serial_no(self, response: _Response) -> str | None:
        if response.error:
            raise rejection(self.name, response.error.code, FINAL)
        if not response.send_status_set:
            raise NotTaken(f"{self.name}: an answer without a status")
        status = response.send_status_set[0]
        if status.code != "Ok":
            raise rejection(self.name, status.code, FINAL)
        return status.serial_no or None


def authorization(secret_id: str, secret_key: str, call: Call) -> str:
    """The Authorization header of a POST to ``/``."""
    day = call.at.astimezone(UTC).strftime("%Y-%m-%d")
    scope = f"{day}/{call.service}/tc3_request"
    canonical = "\n".join([
        "POST", "/", "",
        f"content-type:{CONTENT_TYPE}\nhost:{call.host}\nx-tc-action:{call.action.lower()}\n",
        SIGNED, hashlib.sha256(call.payload).hexdigest(),
    ])  # fmt: skip
    hashed = hashlib.sha256(canonical.encode()).hexdigest()
    key = ("TC3" + secret_key).encode()
    for step in (day, call.service, "tc3_request"):
        key = _hmac(key, step)
    signature = _hmac(key, f"{ALGORITHM}\n{int(call.at.timestamp())}\n{scope}\n{hashed}").hex()
    return f"{ALGORITHM} Credential={secret_id}/{scope}, SignedHeaders={SIGNED}, Signature={signature}"


def parse(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> list[Receipt]:
    """A status callback. Raises ``BadSignature`` without the address's key, ``Unreadable``."""
    require_key(headers, secret)
    try:
        reports = msgspec.json.decode(body, type=list[_Report])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unreadable("not a status callback") from error
    return [_receipt(report, now) for report in reports]


def _receipt(report: _Report, now: datetime) -> Receipt:
    arrived = report.report_status == "SUCCESS"
    state = DeliveryState.DELIVERED if arrived else DeliveryState.FAILED
    return Receipt(
        report.sid, state, china_time(report.user_receive_time, now), None if arrived else report.errmsg[:64]
    )


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
