"""What sections of the settings are made of: their base, and types whose refusals say what is allowed."""

import re
from ipaddress import ip_network
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
WEBHOOK_SECRET = re.compile(r"whsec_[A-Za-z0-9+/]{32,86}={0,2}")


def _port(value: int) -> int:
    if not 0 <= value <= 65535:
        raise ValueError("a port from 1 to 65535, or 0 for any free one")
    return value


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError("an IANA time zone, such as Asia/Shanghai") from None
    return value


def _network(value: str) -> str:
    try:
        return str(ip_network(value))
    except ValueError:
        raise ValueError("an address or network, such as 127.0.0.1 or 10.0.0.0/8") from None


def _host_and_port(value: str) -> str:
    if value and not re.fullmatch(r"[A-Za-z0-9.-]{1,253}:[0-9]{1,5}", value):
        raise ValueError("empty, or name:port, such as mqtt.example.org:8883")
    return value


def _database_url(value: str) -> str:
    if value and urlsplit(value).scheme not in {"sqlite", "postgresql"}:
        raise ValueError("empty (an SQLite file in the data directory), sqlite:///PATH or postgresql://USER@HOST/NAME")
    return value


def _origin(value: str) -> str:
    if value and (
        urlsplit(value).scheme not in {"http", "https"} or not urlsplit(value).netloc or urlsplit(value).path.strip("/")
    ):
        raise ValueError("empty (found by itself) or an origin such as https://visit.hospital.example")
    return value.rstrip("/")


def _provider(value: str) -> str:
    parts = urlsplit(value)
    private = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    if value and not (private and parts.hostname):
        raise ValueError("an address that begins with https:// (http:// on this machine alone)")
    return value.rstrip("/")


def _webhook_secret(value: SecretStr) -> SecretStr:
    if value and not WEBHOOK_SECRET.fullmatch(value.get_secret_value()):
        raise ValueError("whsec_ and 24 to 64 bytes in base64, such as: echo whsec_$(openssl rand -base64 32)")
    return value


def _receipt_key(value: SecretStr) -> SecretStr:
    if value and not re.fullmatch(r"[A-Za-z0-9_-]{24,64}", value.get_secret_value()):
        raise ValueError("24 to 64 letters and digits, such as: openssl rand -hex 16")
    return value


def _sender(value: str) -> str:
    if value and not re.fullmatch(r"([^<>\r\n\"]{1,60} )?<[^<>\s@]+@[^<>\s@]+>|[^<>\s@]+@[^<>\s@]+", value):
        raise ValueError("an address such as no-reply@hospital.example, or Hospital <no-reply@hospital.example>")
    return value


def _contact(value: str) -> str:
    if value and not value.startswith(("mailto:", "https://")):
        raise ValueError("mailto:it@hospital.example or https://hospital.example/contact")
    return value


Port = Annotated[int, AfterValidator(_port)]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Network = Annotated[str, AfterValidator(_network)]
DatabaseUrl = Annotated[str, AfterValidator(_database_url)]
HostAndPort = Annotated[str, AfterValidator(_host_and_port)]
Origin = Annotated[str, AfterValidator(_origin)]
ProviderUrl = Annotated[str, AfterValidator(_provider)]
WebhookSecret = Annotated[SecretStr, AfterValidator(_webhook_secret)]
ReceiptKey = Annotated[SecretStr, AfterValidator(_receipt_key)]
MailSender = Annotated[str, AfterValidator(_sender)]
Contact = Annotated[str, AfterValidator(_contact)]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
