"""Credentials that an outside broker has not taken yet: each version once, and no later one turned back."""

from server.store.devices import CredentialQueries, StoredCredentials
from server.store.engine import Store
from tests.store.ward import NOON, Ward


async def test_what_was_taken_is_pending_no_more(store: Store, ward: Ward) -> None:
    await ward.device("a", credential_version=3)
    await ward.device("b", credential_version=2, ended_as="lost", revoked_at=NOON)
    kept = StoredCredentials(store)
    assert [(one.device_id, one.version, one.live) for one in await kept.pending()] == [("a", 3, True), ("b", 2, False)]
    await kept.taken("b", 2)
    await kept.taken("a", 3)
    await kept.taken("a", 2)  # an answer that came late
    assert await kept.pending() == []
    async with store.read(CredentialQueries) as look:
        assert [(one.device_id, one.broker_version) for one in await look.credentials()] == [("a", 3), ("b", 2)]
