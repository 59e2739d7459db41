"""The sections of the settings by which messages leave the house: one a provider, and which of them is used."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from server.setting_types import (
    LOOPBACK,
    Contact,
    MailSender,
    Port,
    ProviderUrl,
    ReceiptKey,
    Section,
    WebhookSecret,
)


class Gateways(Section):
    """Who carries the messages of each channel."""

    sms: Literal["console", "aliyun", "tencent", "twilio", "webhook", "smpp"] = "console"
    mail: Literal["none", "smtp"] = "none"
    push: Literal["none", "webpush"] = "none"

    def sections(self) -> dict[str, str]:
        """The sections that must be filled in, and the choice that makes each necessary."""
        chosen: dict[str, str] = {self.sms: f'gateways.sms = "{self.sms}"'} if self.sms != "console" else {}
        if self.mail == "smtp":
            chosen["mail"] = 'gateways.mail = "smtp"'
        if self.push == "webpush":
            chosen["push"] = 'gateways.push = "webpush"'
        return chosen


class ApprovedTemplate(Section):
    code: str = Field(min_length=1, max_length=64)
    body: str = Field(min_length=1, max_length=500, pattern="^[^【】]*$")  # the signature is the provider's to add


class Aliyun(Section):
    access_key_id: str = ""
    access_key_secret: SecretStr = SecretStr("")
    sign_name: str = ""
    endpoint: ProviderUrl = "https://dysmsapi.aliyuncs.com"
    receipt_key: ReceiptKey = SecretStr("")
    templates: tuple[ApprovedTemplate, ...] = ()


class Tencent(Section):
    secret_id: str = ""
    secret_key: SecretStr = SecretStr("")
    sdk_app_id: str = ""
    sign_name: str = ""
    region: str = "ap-guangzhou"
    endpoint: ProviderUrl = "https://sms.tencentcloudapi.com"
    receipt_key: ReceiptKey = SecretStr("")
    templates: tuple[ApprovedTemplate, ...] = ()


class Twilio(Section):
    account_sid: str = Field(default="", pattern="^(AC[0-9a-fA-F]{32})?$")
    auth_token: SecretStr = SecretStr("")
    sender: str = Field(default="", max_length=34)
    endpoint: ProviderUrl = "https://api.twilio.com"


class Webhook(Section):
    url: ProviderUrl = ""
    secret: WebhookSecret = SecretStr("")


class Smpp(Section):
    host: str = ""
    port: Port = 3550
    tls: bool = True
    ca: Path | None = None
    system_id: str = Field(default="", max_length=15, pattern="^[ -~]*$")  # SMPP 3.4 §4.1.5
    password: SecretStr = Field(default=SecretStr(""), max_length=8)
    system_type: str = Field(default="", max_length=12, pattern="^[ -~]*$")
    sender: str = Field(default="", pattern="^([+]?[0-9]{1,20}|[ -~]{1,11})?$")
    parts: Literal["udh", "payload"] = "udh"
    alphabet: Literal["gsm7", "ucs2"] = "gsm7"


class Mail(Section):
    host: str = ""
    port: Port = 465
    security: Literal["tls", "starttls", "none"] = "tls"
    ca: Path | None = None
    username: str = ""
    password: SecretStr = SecretStr("")
    sender: MailSender = ""

    @model_validator(mode="after")
    def plain_mail_stays_on_this_machine(self) -> Self:
        if self.security == "none" and self.host not in LOOPBACK:
            raise ValueError('mail.security: "tls" or "starttls" unless mail.host is this machine')
        return self


class Push(Section):
    contact: Contact = ""
    services: tuple[ProviderUrl, ...] = (  # whom browsers subscribe to: Chrome and most others, Firefox, Safari, Edge
        "https://fcm.googleapis.com",
        "https://*.push.services.mozilla.com",
        "https://*.push.apple.com",
        "https://*.notify.windows.com",
    )
    ttl_s: int = Field(default=900, ge=0, le=2_419_200)


NEEDED: dict[str, tuple[str, ...]] = {
    "aliyun": ("access_key_id", "access_key_secret", "sign_name", "templates"),
    "tencent": ("secret_id", "secret_key", "sdk_app_id", "sign_name", "templates"),
    "twilio": ("account_sid", "auth_token", "sender"),
    "webhook": ("url", "secret"),
    "smpp": ("host", "system_id", "password", "sender"),
    "mail": ("host", "sender"),
    "push": ("contact", "services"),
}
