"""Providers that check what they get: written from their documentation, and from nothing of the code that they check.

Each refuses as the real one says it does: a wrong signature, an old date, a nonce that comes twice, a missing field.
"""

import base64
import hashlib
import hmac
import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, quote

from aiohttp import web

from tests.gateways.letters import NOON


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass
class Aliyun:
    """dysmsapi.aliyuncs.com, SendSms. help.aliyun.com: "V3 request structure and signature"; "SendSms"."""

    secret: str = "aliyun-secret"
    now: datetime = NOON
    refuse: str | None = None  # a code to answer with
    sent: list[dict[str, str]] = field(default_factory=list)
    nonces: set[str] = field(default_factory=set)

    async def answer(self, request: web.Request) -> web.Response:
        code = self._fault(request) or self.refuse
        if code:
            status = 200 if code.startswith("is") else 400  # business refusals come with 200
            return web.json_response({"Code": code, "Message": "号码13812345678不行", "RequestId": "R"}, status=status)
        self.sent.append(dict(parse_qsl(request.query_string)))
        biz_id = f"900619746936498440^{len(self.sent)}"
        return web.json_response({"Code": "OK", "Message": "OK", "BizId": biz_id, "RequestId": "R"})

    def _fault(self, request: web.Request) -> str | None:
        headers = request.headers
        date = datetime.strptime(headers["x-acs-date"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=self.now.tzinfo)
        if abs(date - self.now) > timedelta(minutes=15):
            return "InvalidTimeStamp.Expired"
        if headers["x-acs-signature-nonce"] in self.nonces:
            return "SignatureNonceUsed"
        self.nonces.add(headers["x-acs-signature-nonce"])
        if (headers["x-acs-action"], headers["x-acs-version"]) != ("SendSms", "2017-05-25"):
            return "InvalidAction.NotFound"
        return None if self._signed(request) else "SignatureDoesNotMatch"

    def _signed(self, request: web.Request) -> bool:
        found = re.fullmatch(
            r"ACS3-HMAC-SHA256 Credential=aliyun-key,SignedHeaders=([a-z0-9;-]+),Signature=([0-9a-f]{64})",
            request.headers["Authorization"],
        )
        if not found:
            return False
        names = found[1].split(";")
        must = {name.lower() for name in request.headers if name.lower().startswith("x-acs-")} | {"host"}
        if not must <= set(names) or names != sorted(names):
            return False
        pairs = sorted(parse_qsl(request.query_string, keep_blank_values=True))
        query = "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in pairs)
        lines = "".join(f"{name}:{request.headers[name].strip()}\n" for name in names)
        canonical = f"{request.method}\n{request.path}\n{query}\n{lines}\n{found[1]}\n{sha256(b'')}"
        wanted = hmac.new(self.secret.encode(), f"ACS3-HMAC-SHA256\n{sha256(canonical.encode())}".encode(), "sha256")
        return hmac.compare_digest(wanted.hexdigest(), found[2])


@dataclass
class Tencent:
    """sms.tencentcloudapi.com, SendSms 2021-01-11. cloud.tencent.com/document/api/382: "signature v3"; "SendSms"."""

    secret: str = "tencent-secret"
    now: datetime = NOON
    error: str | None = None  # of the call
    status: str = "Ok"  # of the message
    sent: list[dict[str, object]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        code = self._fault(request, body) or self.error
        if code:
            refusal = {"Code": code, "Message": "+8613812345678"}
            return web.json_response({"Response": {"Error": refusal, "RequestId": "R"}})
        asked = json.loads(body)
        self.sent.append(asked)
        status = {
            "SerialNo": f"5000:1045710669157053657{len(self.sent)}" if self.status == "Ok" else "",
            "PhoneNumber": asked["PhoneNumberSet"][0],
            "Fee": 1,
            "SessionContext": asked["SessionContext"],
            "Code": self.status,
            "Message": "send success",
            "IsoCode": "CN",
        }
        return web.json_response({"Response": {"SendStatusSet": [status], "RequestId": "R"}})

    def _fault(self, request: web.Request, body: bytes) -> str | None:
        headers = request.headers
        at = int(headers["X-TC-Timestamp"])
        if abs(at - self.now.timestamp()) > 300:
            return "AuthFailure.SignatureExpire"
        if headers["X-TC-Action"] != "SendSms" or headers["X-TC-Version"] != "2021-01-11":
            return "InvalidAction"
        if not headers.get("X-TC-Region"):
            return "MissingParameter"
        return None if self._signed(request, body, at) else "AuthFailure.SignatureFailure"

    def _signed(self, request: web.Request, body: bytes, at: int) -> bool:
        day = datetime.fromtimestamp(at, NOON.tzinfo).strftime("%Y-%m-%d")
        scope = f"{day}/sms/tc3_request"
        found = re.fullmatch(
            rf"TC3-HMAC-SHA256 Credential=tencent-id/{scope}, SignedHeaders=([a-z;-]+), Signature=([0-9a-f]{{64}})",
            request.headers["Authorization"],
        )
        if not found or not {"content-type", "host"} <= set(found[1].split(";")):
            return False
        values = {name: request.headers[name].strip().lower() for name in found[1].split(";")}
        lines = "".join(f"{name}:{value}\n" for name, value in values.items())
        canonical = f"POST\n/\n\n{lines}\n{found[1]}\n{sha256(body)}"
        key = b"TC3" + self.secret.encode()
        for step in (day, "sms", "tc3_request"):
            key = hmac.digest(key, step.encode(), "sha256")
        wanted = hmac.digest(key, f"TC3-HMAC-SHA256\n{at}\n{scope}\n{sha256(canonical.encode())}".encode(), "sha256")
        return hmac.compare_digest(wanted.hex(), found[2])


@dataclass
class Twilio:
    """api.twilio.com, Messages. twilio.com/docs: "Message resource"; "Secure webhooks"."""

    sid: str = "AC" + "1" * 32
    token: str = "twilio-token"
    refuse: tuple[int, int] | None = None  # status and code to answer with
    sent: list[dict[str, str]] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        login = base64.b64encode(f"{self.sid}:{self.token}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {login}":
            return web.json_response({"code": 20003, "message": "Authenticate", "status": 401}, status=401)
        if request.path != f"/2010-04-01/Accounts/{self.sid}/Messages.json" or request.method != "POST":
            return web.json_response({"code": 20404, "message": "not found", "status": 404}, status=404)
        if self.refuse:
            status, code = self.refuse
            return web.json_response({"code": code, "message": "+8613812345678 no", "status": status}, status=status)
        self.sent.append({key: str(value) for key, value in (await request.post()).items()})
        return web.json_response({"sid": f"SM{len(self.sent):032x}", "status": "queued"}, status=201)

    def sign(self, url: str, form: dict[str, str]) -> str:
        """The address as called, then every field in the order of its name, HMAC-SHA1, base64."""
        text = url
        for name in sorted(form):
            text += name + form[name]
        return base64.b64encode(hmac.digest(self.token.encode(), text.encode(), "sha1")).decode()


@dataclass
class WebhookReceiver:
    """The other side of Standard Webhooks 1.0, as a hospital's own integrator would write it from the specification."""

    secret: str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    now: datetime = NOON
    status: int = 200
    reply: bytes = b'{"id": "own-77"}'
    seen: dict[str, dict[str, object]] = field(default_factory=dict)  # by webhook-id: a repetition is the same message

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        message, timestamp = request.headers["webhook-id"], request.headers["webhook-timestamp"]
        if abs(int(timestamp) - self.now.timestamp()) > 300:
            return web.Response(status=401)
        if request.headers["webhook-signature"] != self.sign(message, timestamp, body):
            return web.Response(status=401)
        if self.status < 300:
            self.seen[message] = json.loads(body)
        return web.Response(status=self.status, body=self.reply)

    def sign(self, message: str, timestamp: str, body: bytes) -> str:
        key = base64.b64decode(self.secret[len("whsec_") :])
        digest = hmac.digest(key, b".".join([message.encode(), timestamp.encode(), body]), "sha256")
        return "v1," + base64.b64encode(digest).decode()
