"""Where a broker is, who we are to it, and how to come back to it. No paho, no I/O but reading certificates."""

import ssl
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class Library(StrEnum):
    """Which MQTT client reads: our own parsing over paho, or paho as it comes."""

    WIRE = "wire"
    PAHO = "paho"


@dataclass(frozen=True)
class Tls:
    """Files in PEM form. Without ``ca`` the system's authorities are believed; ``cert`` and ``key`` go together."""

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None


@dataclass(frozen=True)
class Endpoint:
    """A broker, and who we are to it.

    ``persistent``: the broker keeps what we miss (MQTT 5, clean start off, our fixed client id). Without it the
    connection is MQTT 3.1.1 with a clean session, which is all that the embedded broker speaks. ``window`` is how many
    messages may be here, or on their way here, without a PUBACK.
    """

    host: str
    port: int
    client_id: str
    password: str = field(repr=False)
    user: str | None = None  # None: the client id
    tls: Tls | None = None
    persistent: bool = False
    keep_alive_s: int = 30
    window: int = 10_000
    library: Library = Library.WIRE
    news: tuple[str, ...] = ()  # what else the server's link hears: the broker about itself, under $SYS


@dataclass(frozen=True)
class Backoff:
    """Seconds until the next try: doubling, and jittered over its upper half so that many do not return together."""

    first_s: float = 0.5
    most_s: float = 30.0

    def delay_s(self, failures: int, jitter: float) -> float:
        """``failures`` in a row so far, ``jitter`` in [0, 1)."""
        return min(self.most_s, self.first_s * 2.0 ** min(failures, 16)) * (0.5 + jitter / 2)


def tls_context(tls: Tls | None) -> ssl.SSLContext | None:
    """Raises OSError or ssl.SSLError where a file is missing or is no PEM."""
    if tls is None:
        return None
    context = ssl.create_default_context(cafile=tls.ca)
    if tls.cert is not None:
        context.load_cert_chain(tls.cert, tls.key)
    return context
