"""Which gateway serves which channel, and whose receipts are believed: the settings turned into what sends.

Part of the composition root. A new gateway is a line in ``SMS`` and, if it gives receipts, in ``_receipts``.
"""

import ssl
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from server.gateway_settings import ApprovedTemplate
from server.keys import push_key
from server.notifications.deliveries import Channel
from server.notifications.gateways import aliyun, push, tencent, twilio, webhook
from server.notifications.gateways.aliyun import AliyunAccount, AliyunGateway
from server.notifications.gateways.approved import ApprovedText
from server.notifications.gateways.console import ConsoleGateway
from server.notifications.gateways.http import Http
from server.notifications.gateways.mail import MailAccount, MailGateway
from server.notifications.gateways.push import PushAccount, PushGateway
from server.notifications.gateways.smpp import SmppAccount, SmppGateway
from server.notifications.gateways.tencent import TencentAccount, TencentGateway
from server.notifications.gateways.twilio import TwilioAccount, TwilioGateway
from server.notifications.gateways.webhook import WebhookAccount, WebhookGateway
from server.notifications.outbox import Gateway
from server.notifications.receipts import Source
from server.settings import Settings

RECEIPTS_PATH = "/api/v1/receipts"


@dataclass(frozen=True, kw_only=True)
class Gateways:
    """``smpp`` has a connection of its own to be kept (``run``). ``push_key`` is what a page subscribes under."""

    by_channel: Mapping[Channel, Gateway]
    receipts: Mapping[str, Source]
    smpp: SmppGateway | None
    push_key: str
    push_services: tuple[str, ...]
    http: Http

    async def close(self) -> None:
        await self.http.close()


@dataclass(frozen=True)
class Outfit:
    """What a gateway is made of: the settings and what all of them share."""

    settings: Settings
    public_url: str
    http: Http
    clock: Callable[[], datetime]


def open_gateways(settings: Settings, public_url: str, clock: Callable[[], datetime]) -> Gateways:
    """Nothing is connected yet. A channel that was not chosen is absent; SMS is always there."""
    outfit = Outfit(settings, public_url, Http(), clock)
    sms = SMS[settings.gateways.sms](outfit)
    by_channel: dict[Channel, Gateway] = {Channel.SMS: sms}
    if settings.gateways.mail == "smtp":
        by_channel[Channel.MAIL] = _mail(outfit)
    if settings.gateways.push == "webpush":
        by_channel[Channel.PUSH] = _push(outfit)
    return Gateways(
        by_channel=by_channel,
        receipts=_receipts(settings),
        smpp=sms if isinstance(sms, SmppGateway) else None,
        push_key=push.public_key(push_key(settings.data.directory)) if Channel.PUSH in by_channel else "",
        push_services=settings.push.services,
        http=outfit.http,
    )


def _receipts(settings: Settings) -> dict[str, Source]:
    """Those of the chosen gateway alone: what is not used answers nobody. SMPP's come over its own connection."""
    known = {
        "aliyun": (aliyun.parse, settings.aliyun.receipt_key),
        "tencent": (tencent.parse, settings.tencent.receipt_key),
        "twilio": (twilio.parse, settings.twilio.auth_token),
        "webhook": (webhook.parse, settings.webhook.secret),
    }
    chosen = settings.gateways.sms
    return {
        name: Source(parse, secret.get_secret_value())
        for name, (parse, secret) in known.items()
        if name == chosen and secret
    }


def _aliyun(outfit: Outfit) -> Gateway:
    chosen = outfit.settings.aliyun
    account = AliyunAccount(
        key_id=chosen.access_key_id,
        key_secret=chosen.access_key_secret.get_secret_value(),
        sign_name=chosen.sign_name,
        templates=_approved(chosen.templates),
        receipts=bool(chosen.receipt_key),
        endpoint=chosen.endpoint,
    )
    return AliyunGateway(account, outfit.http, outfit.clock)


def _tencent(outfit: Outfit) -> Gateway:
    chosen = outfit.settings.tencent
    account = TencentAccount(
        secret_id=chosen.secret_id,
        secret_key=chosen.secret_key.get_secret_value(),
        sdk_app_id=chosen.sdk_app_id,
        sign_name=chosen.sign_name,
        templates=_approved(chosen.templates),
        receipts=bool(chosen.receipt_key),
        region=chosen.region,
        endpoint=chosen.endpoint,
    )
    return TencentGateway(account, outfit.http, outfit.clock)


def _twilio(outfit: Outfit) -> Gateway:
    """Twilio refuses a message whose callback it cannot reach: so none is asked for where there is no public HTTPS."""
    chosen, url = outfit.settings.twilio, f"{outfit.public_url}{RECEIPTS_PATH}/twilio"
    account = TwilioAccount(
        sid=chosen.account_sid,
        auth_token=chosen.auth_token.get_secret_value(),
        sender=chosen.sender,
        callback=url if outfit.settings.web.public_url.startswith("https://") else None,
        endpoint=chosen.endpoint,
    )
    return TwilioGateway(account, outfit.http)


def _webhook(outfit: Outfit) -> Gateway:
    chosen = outfit.settings.webhook
    account = WebhookAccount(url=chosen.url, secret=chosen.secret.get_secret_value())
    return WebhookGateway(account, outfit.http, outfit.clock)


def _smpp(outfit: Outfit) -> Gateway:
    chosen = outfit.settings.smpp
    account = SmppAccount(
        host=chosen.host,
        port=chosen.port,
        system_id=chosen.system_id,
        password=chosen.password.get_secret_value(),
        system_type=chosen.system_type,
        sender=chosen.sender,
        tls=_authorities(chosen.ca) if chosen.tls else None,
        parts=chosen.parts,
        ucs2_only=chosen.alphabet == "ucs2",
    )
    return SmppGateway(account, outfit.clock)


def _mail(outfit: Outfit) -> Gateway:
    chosen = outfit.settings.mail
    account = MailAccount(
        host=chosen.host,
        port=chosen.port,
        security=chosen.security,
        username=chosen.username,
        password=chosen.password.get_secret_value(),
        sender=chosen.sender,
        subject=outfit.settings.hospital.name,
        tls=_authorities(chosen.ca),
    )
    return MailGateway(account, outfit.clock)


def _push(outfit: Outfit) -> Gateway:
    chosen = outfit.settings.push
    account = PushAccount(
        key_pem=push_key(outfit.settings.data.directory),
        contact=chosen.contact,
        title=outfit.settings.hospital.name,
        services=chosen.services,
        ttl_s=chosen.ttl_s,
    )
    return PushGateway(account, outfit.http, outfit.clock)


SMS: Mapping[str, Callable[[Outfit], Gateway]] = {
    "console": lambda _: ConsoleGateway(sys.stdout),
    "aliyun": _aliyun,
    "tencent": _tencent,
    "twilio": _twilio,
    "webhook": _webhook,
    "smpp": _smpp,
}


def _approved(templates: tuple[ApprovedTemplate, ...]) -> tuple[ApprovedText, ...]:
    return tuple(ApprovedText(template.code, template.body) for template in templates)


def _authorities(ca: Path | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca)
