"""ICE servers: none by default, and TURN credentials that coturn's own formula gives."""

from datetime import UTC, datetime, timedelta

import pytest

from signaling.ice import IceServers, TurnServer
from signaling.messages import IceServer

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
WHO = "user:3f"


def test_without_a_setting_no_server_is_named() -> None:
    assert IceServers().offered_to(WHO, NOW) == ()


def test_credentials_are_those_of_an_independent_hmac() -> None:
    # printf '1795267800:user:3f' | openssl dgst -binary -sha1 -hmac north | base64
    turn = TurnServer(("turn:turn.hospital.example:3478",), secret=b"north", valid_for=timedelta(hours=4))
    (server,) = IceServers(turn=[turn]).offered_to(WHO, NOW)
    assert server.username == "1795267800:user:3f"
    assert server.credential == "MgMp2aEwlQW8MCNQT1Mg0mfDOQc="


def test_credentials_end_when_they_say() -> None:
    turn = TurnServer(("turn:t",), secret=b"north", valid_for=timedelta(minutes=10))
    ends = int((turn.credentials(WHO, NOW).username or "").split(":")[0])
    assert ends == (NOW + timedelta(minutes=10)).timestamp()


def test_fixed_servers_come_first_and_unchanged() -> None:
    stun = IceServer(("stun:stun.hospital.example",))
    turn = TurnServer(("turns:turn.hospital.example",), secret=b"north")
    servers = IceServers(fixed=[stun], turn=[turn]).offered_to(WHO, NOW)
    assert [server.urls for server in servers] == [stun.urls, turn.urls]


@pytest.mark.parametrize("url", ["http://turn.hospital.example", "turn.hospital.example", ""])
def test_another_kind_of_address_is_refused_at_start(url: str) -> None:
    with pytest.raises(ValueError, match="no STUN or TURN address"):
        IceServers(turn=[TurnServer((url,), secret=b"north")])
