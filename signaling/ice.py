"""Which STUN and TURN servers a browser is told of, with TURN credentials that end. Pure.

Without a setting there is none: never a public STUN server, which would learn who talks to whom.
"""

import hmac
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from signaling.messages import IceServer

SCHEMES = ("stun:", "stuns:", "turn:", "turns:")  # RFC 7064, RFC 7065


@dataclass(frozen=True, slots=True)
class TurnServer:
    """A TURN server that shares ``secret`` with us (coturn: use-auth-secret, static-auth-secret)."""

    urls: tuple[str, ...]
    secret: bytes
    valid_for: timedelta = timedelta(hours=4)

    def credentials(self, who: str, now: datetime) -> IceServer:
        """A user name that says when it ends and its HMAC-SHA1 (draft-uberti-behave-turn-rest-00 §2.2)."""
        username = f"{int((now + self.valid_for).timestamp())}:{who}"
        digest = hmac.digest(self.secret, username.encode(), "sha1")
        return IceServer(self.urls, username, b64encode(digest).decode())


class IceServers:
    """The ICE policy: ``fixed`` servers as they are, ``turn`` servers with credentials made for each who asks.

    Raises ValueError for an address that is not one of STUN or TURN.
    """

    def __init__(self, fixed: Sequence[IceServer] = (), turn: Sequence[TurnServer] = ()) -> None:
        for url in (url for urls in [*(s.urls for s in fixed), *(t.urls for t in turn)] for url in urls):
            if not url.startswith(SCHEMES):
                raise ValueError(f"{url!r} is no STUN or TURN address: it starts with one of {', '.join(SCHEMES)}")
        self._fixed, self._turn = tuple(fixed), tuple(turn)

    def offered_to(self, who: str, now: datetime) -> tuple[IceServer, ...]:
        """The ``iceServers`` of one browser; empty unless set."""
        return self._fixed + tuple(server.credentials(who, now) for server in self._turn)
