"""What an outside broker asks before it lets a client in, speak or listen: EMQX's HTTP hooks. It is told yes or no.

Whoever is not sure is told no: EMQX takes any other answer for "I do not know" and goes on to its next rule.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
import structlog

from devices import topics
from devices.broker_frames import Fault
from devices.broker_guard import Client
from server.access.errors import TooManyTries
from server.access.limits import Allowance, Limiter

GUESSES = Allowance(20, timedelta(seconds=3))  # of one name from one address; a good one costs nothing
STATUS = "status"  # the one channel that is retained
NEWS = "$SYS/brokers/"  # what the broker counts

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ServersOwn:
    """The account of the server's link, which no device may bear."""

    client_id: str
    username: str
    password: str = field(repr=False)


class Connecting(msgspec.Struct, frozen=True):
    """A client that wants in; what the broker does not know is empty."""

    clientid: str = ""
    username: str = ""
    password: str = ""
    peerhost: str = ""


class Wish(msgspec.Struct, frozen=True):
    """What a client that is in wants to do: ``action`` publish or subscribe, ``topic`` a topic or a filter."""

    clientid: str = ""
    username: str = ""
    action: str = ""
    topic: str = ""
    qos: str | int = "0"
    retain: str | bool = "false"


@dataclass
class Counts:
    """Since the start."""

    asked: int = 0
    refused: int = 0
    strangers: int = 0  # who did not know the hook's secret


def nobody(_device_id: str, _reason: str) -> None:
    """Is told of a refusal."""


class BrokerHook:
    """``check`` knows whose secret it is, and takes as long for an unknown device; ``known`` who may speak at all.
    ``told`` hears who was refused and why: the broker tells nobody."""

    def __init__(
        self,
        secret: str,
        server: ServersOwn,
        check: Callable[[str, str], bool],
        known: Callable[[str], bool],
        *,
        told: Callable[[str, str], None] = nobody,
    ) -> None:
        self.counts = Counts()
        self._secret = secret
        self._server = server
        self._check = check
        self._known = known
        self._told = told
        self._guesses = Limiter(GUESSES)

    def believes(self, secret: str) -> bool:
        """Whether it is the broker that asks."""
        believed = hmac.compare_digest(secret.encode(errors="replace"), self._secret.encode())
        self.counts.strangers += not believed
        return believed

    def lets_in(self, client: Connecting, now: datetime) -> bool:
        """Client id and user name are one, so that nobody takes another's session, and the secret is that device's."""
        self.counts.asked += 1
        named = client.clientid == client.username
        reason = Fault.CREDENTIAL if named else Fault.CLIENT_ID
        return self._counted(self._is_who_it_says(client, now), client.username, reason)

    def may(self, wish: Wish) -> bool:
        """As at the embedded broker; a device that was revoked since may nothing more."""
        self.counts.asked += 1
        reason = Fault.FOREIGN_TOPIC if self._known(wish.username) else Fault.REVOKED
        return self._counted(self._is_allowed(wish), wish.username, reason)

    def _is_who_it_says(self, client: Connecting, now: datetime) -> bool:
        key = f"{client.username[:64]} {client.peerhost[:64]}"
        try:
            self._guesses.take(key, now)
        except TooManyTries:
            return False
        good = self._is_server(client) or self._is_device(client)
        if good:
            self._guesses.give_back(key)
        return good

    def _is_device(self, client: Connecting) -> bool:
        right = self._check(client.username, client.password)
        return right and client.clientid == client.username and topics.DEVICE_ID.fullmatch(client.clientid) is not None

    def _is_server(self, client: Connecting) -> bool:
        right = hmac.compare_digest(client.password.encode(errors="replace"), self._server.password.encode())
        return right and (client.clientid, client.username) == (self._server.client_id, self._server.username)

    def _is_allowed(self, wish: Wish) -> bool:
        if (wish.clientid, wish.username) == (self._server.client_id, self._server.username):
            return _server_may(wish)
        if wish.clientid != wish.username or not self._known(wish.clientid):
            return False
        return _device_may(Client(wish.clientid), wish)

    def _counted(self, good: bool, name: str, reason: Fault) -> bool:
        if not good:
            self.counts.refused += 1
            logger.info("broker.refused", device=name if topics.DEVICE_ID.fullmatch(name) else "?", reason=reason)
            self._told(name, reason)
        return good


def _device_may(client: Client, wish: Wish) -> bool:
    """No QoS 2, no wildcard, and nothing retained but the status."""
    if str(wish.qos) not in {"0", "1"}:
        return False
    if wish.action == "subscribe":
        return client.may_subscribe(wish.topic)
    if wish.action != "publish" or set(wish.topic) & {"+", "#"}:
        return False
    retained = str(wish.retain).lower() != "false"
    return client.may_publish(wish.topic) and (not retained or wish.topic == topics.status(client.id))


def _server_may(wish: Wish) -> bool:
    client = Client(wish.clientid, service=True)
    if wish.action == "subscribe":
        return client.may_subscribe(wish.topic) or wish.topic.startswith(NEWS)
    return wish.action == "publish" and client.may_publish(wish.topic)
