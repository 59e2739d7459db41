"""Where a device reaches this hospital, from the settings and the ports that the running server really has."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from server.monitoring.device_lines import Addresses
from server.setting_types import LOOPBACK
from server.settings import Settings

OUR_CA = "ca.crt"


@dataclass(frozen=True)
class Listening:
    """The real ports; ``tls`` is the embedded broker's, None where there is none. ``own_authority``: devices must be
    given our certificate."""

    http: int
    mqtt: int
    tls: int | None
    own_authority: bool


def device_addresses(settings: Settings, public_url: str, at: Listening) -> Addresses:
    host = urlsplit(public_url).hostname or "localhost"
    outside = settings.mqtt.broker == "outside"
    if outside:
        reached, port, tls = _outside(settings)
    elif host in LOOPBACK or at.tls is None:
        reached, port, tls = "127.0.0.1", at.mqtt, False
    else:
        reached, port, tls = host, at.tls, True
    ours = at.own_authority and (public_url.startswith("https") or (tls and not outside))
    ca = _file_of(settings) if outside else OUR_CA if ours else ""
    return Addresses(
        mqtt_host=reached,
        mqtt_port=port,
        mqtt_tls=tls,
        mqtt_ca=ca if tls else "",
        http=public_url,
        ca_url=f"http://{host}:{at.http}/{OUR_CA}" if ours else None,
        by_hand=outside and settings.mqtt.accounts == "hand",
    )


def _file_of(settings: Settings) -> str:
    """The broker's own authority by the name of its file: whoever set it has it."""
    return settings.mqtt.ca.name if settings.mqtt.ca else ""


def _outside(settings: Settings) -> tuple[str, int, bool]:
    """Where the settings say that devices reach the broker; else as this server does."""
    host, _, port = settings.mqtt.reached_at.rpartition(":")
    if host:
        return host, int(port), True
    return settings.mqtt.host, settings.mqtt.port, settings.mqtt.tls
