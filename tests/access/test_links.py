"""Join links: derived, so that they can be rendered again; unguessable; hashed where they are kept."""

import hashlib
from base64 import urlsafe_b64decode
from datetime import UTC, datetime, timedelta

from server.access.links import TRIES, link_token, new_link, token_hash

KEY = bytes(range(32))
NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


def test_a_token_is_128_bits_that_stand_in_an_address_as_they_are() -> None:
    token = link_token(KEY, "a" * 32)
    assert len(urlsafe_b64decode(token + "==")) == 16
    assert token.replace("-", "").replace("_", "").isalnum()


def test_the_same_link_gives_the_same_token_another_link_or_key_another() -> None:
    token = link_token(KEY, "a" * 32)
    assert token == link_token(KEY, "a" * 32)
    assert token not in {link_token(KEY, "b" * 32), link_token(bytes(32), "a" * 32)}


def test_a_new_link_keeps_only_the_hash_of_its_token() -> None:
    link = new_link(KEY, "ticket", NOW, NOW + timedelta(hours=8))
    token = link_token(KEY, link.id)
    assert link.token_hash == token_hash(token) == hashlib.sha256(token.encode()).digest()
    assert link.tries_left == TRIES == 5
    assert new_link(KEY, "ticket", NOW, NOW).token_hash != link.token_hash
