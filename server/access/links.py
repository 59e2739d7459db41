"""Join links: a pointer to one ticket, not a key. The token is derived, so that the database need not hold it."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from server.ids import new_id

TRIES: Final = 5  # birth dates a link; the operator's new link starts over


@dataclass(frozen=True)
class NewLink:
    """A row of ``join_links`` to be written in the booking's own transaction."""

    id: str
    token_hash: bytes
    ticket_id: str
    created_at: datetime
    expires_at: datetime
    tries_left: int = TRIES


def link_token(key: bytes, link_id: str) -> str:
    """128 bits, base64url without padding: what stands behind ``/join#``. ``key`` is the installation's link key."""
    digest = hmac.digest(key, link_id.encode(), hashlib.sha256)
    return urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()


def token_hash(token: str) -> bytes:
    """SHA-256: enough for random tokens, which nobody can guess from a list."""
    return hashlib.sha256(token.encode()).digest()


def new_link(key: bytes, ticket_id: str, now: datetime, expires_at: datetime) -> NewLink:
    link_id = new_id()
    return NewLink(link_id, token_hash(link_token(key, link_id)), ticket_id, now, expires_at)
