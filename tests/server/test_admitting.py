"""Who may speak follows what is on record: let in once it is read, cut off once it is revoked, read once a change."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from functools import partial

from server.admitting import Admitting
from server.monitoring.credentials import CredentialChange
from server.monitoring.registry import Devices
from server.store.devices import DeviceQueries
from server.store.engine import Store

NOW = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)


async def untold(_changes: Sequence[CredentialChange]) -> None:
    """No broker outside."""


async def test_a_device_is_let_in_by_what_is_on_record_and_cut_off_by_it_once(store: Store) -> None:
    devices = Devices(partial(store.write, DeviceQueries), untold)
    cut: list[Collection[str]] = []
    admitting = Admitting(store, cut.append)
    secret = (await devices.add("system", "OX-1", None, NOW)).secret
    assert not admitting.registry.check("OX-1", secret)
    await admitting.read()
    assert admitting.registry.check("OX-1", secret)
    await devices.revoke("system", "OX-1", NOW)
    await admitting.read()
    await admitting.read()
    assert not admitting.registry.check("OX-1", secret)
    assert cut == [frozenset(), {"OX-1"}]
