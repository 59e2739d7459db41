"""What an outside broker may let in and pass on: the rules of the embedded one, asked one by one."""

from datetime import UTC, datetime, timedelta

import pytest

from server.monitoring.broker_hook import BrokerHook, Connecting, ServersOwn, Wish

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECRETS = {"ox1": "secret of ox1", "ox2": "secret of ox2"}
SERVER = ServersOwn("bedside-server", "bedside-server", "secret of the server")


@pytest.fixture
def hook() -> BrokerHook:
    return BrokerHook("the hook's", SERVER, lambda device, secret: SECRETS.get(device) == secret, SECRETS.__contains__)


def connecting(user: str, secret: str, *, client: str | None = None, host: str = "192.0.2.7") -> Connecting:
    return Connecting(user if client is None else client, user, secret, host)


@pytest.mark.parametrize("name", [*SECRETS, "bedside-server"])
def test_a_device_and_the_server_are_let_in_with_their_own_secret(hook: BrokerHook, name: str) -> None:
    assert hook.lets_in(connecting(name, {**SECRETS, SERVER.username: SERVER.password}[name]), NOON)


@pytest.mark.parametrize(
    "client",
    [
        connecting("ox1", "secret of ox2"),
        connecting("ox1", ""),
        connecting("ox1", "secret of ox1", client="ox2"),
        connecting("ox1", "secret of ox1", client="ox1/x"),
        connecting("ox1", "secret of ox1", client=""),
        connecting("ox9", "secret of ox9"),
        connecting("bedside-server", "secret of ox1"),
        connecting("bedside-server", ""),
        connecting("ox1", "secret of the server", client="bedside-server"),
        connecting("", ""),
        connecting("undefined", "undefined"),
        connecting("ox1", "\udcff"),
    ],
)
def test_nobody_else_is(hook: BrokerHook, client: Connecting) -> None:
    assert not hook.lets_in(client, NOON)
    assert hook.counts.refused == 1


def test_why_a_device_was_refused_is_told_since_the_broker_tells_nobody() -> None:
    told: list[tuple[str, str]] = []
    check, known = lambda device, secret: SECRETS.get(device) == secret, SECRETS.__contains__
    hook = BrokerHook("the hook's", SERVER, check, known, told=lambda device, reason: told.append((device, reason)))
    hook.lets_in(connecting("ox1", "secret of ox1"), NOON)
    hook.lets_in(connecting("ox1", "secret of ox2"), NOON)
    hook.lets_in(connecting("ox1", "secret of ox1", client="phone"), NOON)
    hook.may(Wish("ox1", "ox1", "publish", "home/spo2"))
    hook.may(Wish("ox9", "ox9", "publish", "bedside/v1/ox9/readings"))
    assert told == [("ox1", "credential"), ("ox1", "client_id"), ("ox1", "foreign_topic"), ("ox9", "revoked")]


def wish(action: str, topic: str, **more: str) -> Wish:
    return Wish("ox1", "ox1", action, topic, **more)


ALLOWED = (
    wish("publish", "bedside/v1/ox1/readings", qos="1"),
    wish("publish", "bedside/v1/ox1/gatt/2a5f"),
    wish("publish", "bedside/v1/ox1/status", retain="true"),
    wish("subscribe", "bedside/v1/ox1/ack", qos="1"),
    wish("subscribe", "bedside/v1/ox1/command"),
)
REFUSED = (
    wish("publish", "bedside/v1/ox2/readings"),
    wish("publish", "bedside/v1/ox1/ack"),
    wish("publish", "bedside/v1/ox1/command"),
    wish("publish", "bedside/v1/+/readings"),
    wish("publish", "bedside/v1/ox1/#"),
    wish("publish", "$SYS/brokers"),
    wish("publish", "bedside/v1/ox1/readings", qos="2"),
    wish("publish", "bedside/v1/ox1/readings", retain="true"),
    wish("publish", "bedside/v1/ox1/readings", retain="undefined"),
    wish("subscribe", "#"),
    wish("subscribe", "bedside/v1/+/ack"),
    wish("subscribe", "bedside/v1/ox1/#"),
    wish("subscribe", "bedside/v1/ox2/ack"),
    wish("subscribe", "bedside/v1/ox1/readings"),
    wish("subscribe", "$share/g/bedside/v1/#"),
    wish("subscribe", "$SYS/brokers/#"),
    wish("delete", "bedside/v1/ox1/readings"),
    wish("", ""),
    Wish("ox2", "ox1", "publish", "bedside/v1/ox2/readings"),
    Wish("ox9", "ox9", "publish", "bedside/v1/ox9/readings"),
    Wish("", "", "publish", "bedside/v1//readings"),
)


@pytest.mark.parametrize("allowed", ALLOWED, ids=str)
def test_a_device_speaks_and_listens_on_its_own_branch(hook: BrokerHook, allowed: Wish) -> None:
    assert hook.may(allowed)


@pytest.mark.parametrize("refused", REFUSED, ids=str)
def test_and_nowhere_else(hook: BrokerHook, refused: Wish) -> None:
    assert not hook.may(refused)


def test_the_server_hears_every_device_and_what_the_broker_counts(hook: BrokerHook) -> None:
    own = ("bedside-server", "bedside-server")
    assert hook.may(Wish(*own, "subscribe", "bedside/v1/#"))
    assert hook.may(Wish(*own, "subscribe", "$SYS/brokers/+/metrics/messages/dropped"))
    assert hook.may(Wish(*own, "publish", "bedside/v1/ox1/ack"))
    assert not hook.may(Wish(*own, "publish", "$SYS/brokers"))
    assert not hook.may(Wish(*own, "subscribe", "#"))


def test_who_guesses_a_name_is_told_no_even_for_the_right_secret_and_nobody_else_is(hook: BrokerHook) -> None:
    for _ in range(20):
        assert not hook.lets_in(connecting("ox1", "a guess"), NOON)
    assert not hook.lets_in(connecting("ox1", "secret of ox1"), NOON)
    assert hook.lets_in(connecting("ox1", "secret of ox1", host="192.0.2.8"), NOON)
    assert hook.lets_in(connecting("ox2", "secret of ox2"), NOON)
    assert hook.lets_in(connecting("ox1", "secret of ox1"), NOON + timedelta(seconds=4))


def test_good_ones_cost_nothing(hook: BrokerHook) -> None:
    assert all(hook.lets_in(connecting("ox1", "secret of ox1"), NOON) for _ in range(1000))


def test_only_the_hooks_secret_is_believed(hook: BrokerHook) -> None:
    assert hook.believes("the hook's")
    assert not any(hook.believes(wrong) for wrong in ("", "the hook", "the hook's ", "\udcff"))
    assert hook.counts.strangers == 4
