"""The registry, wired: which devices there are, who wears them, how they prove themselves, what is seen of them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from server.monitoring.associations import Associations
from server.monitoring.bulk import Bulk
from server.monitoring.certificates import DeviceCertificates
from server.monitoring.claiming import Claims, Codes
from server.monitoring.device_list import DeviceReader
from server.monitoring.registry import Devices
from server.monitoring.replacing import Replacing
from server.monitoring.sightings import Sightings
from server.settings import Mqtt
from server.store.certificates import CertificateQueries
from server.store.devices import BulkQueries, ClaimQueries, DeviceQueries, ReplaceQueries, SightingQueries
from server.store.engine import Store
from server.store.monitoring import AssociationQueries
from server.surroundings import House, Outside


@dataclass(frozen=True, kw_only=True)
class Registering:
    devices: Devices
    certificates: DeviceCertificates
    device_reader: DeviceReader
    claims: Claims
    replacing: Replacing
    bulk: Bulk
    sightings: Sightings
    associations: Associations


def build_registering(mqtt: Mqtt, store: Store, house: House, outside: Outside) -> Registering:
    zone, credentials_changed, worn = house.sender.zone, outside.credentials_changed, outside.wearer_changed
    look_device, look_bulk = partial(store.read, DeviceQueries), partial(store.read, BulkQueries)
    codes = Codes(house.link_key, house.public_url)
    sightings = Sightings(partial(store.write, SightingQueries), outside.on_record, partial(_told_of, outside.tell))
    outside_broker, tells_accounts = mqtt.broker == "outside", mqtt.accounts == "dynsec"
    return Registering(
        devices=Devices(partial(store.write, DeviceQueries), credentials_changed),
        certificates=DeviceCertificates(partial(store.write, CertificateQueries), credentials_changed),
        device_reader=DeviceReader(
            look_device, sightings, outside_broker=outside_broker, tells_accounts=tells_accounts
        ),
        claims=Claims(partial(store.write, ClaimQueries), codes, worn, zone),
        replacing=Replacing(partial(store.write, ReplaceQueries), credentials_changed, worn),
        bulk=Bulk(partial(store.write, BulkQueries), look_bulk, codes, credentials_changed),
        sightings=sightings,
        associations=Associations(partial(store.write, AssociationQueries), worn, zone),
    )


async def _told_of(tell: Callable[[str], Awaitable[None]], device_id: str) -> None:
    await tell(f"device:{device_id}")
