"""The certificates that devices may show: which are bound to which, and which count.

One counts while the credential stands beside which it was bound: a new secret, and the end of the device, end it too.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from server.monitoring.certificates import Bound
from server.store.devices import DeviceQueries
from server.store.tables import device_certificates as bound_to
from server.store.tables import devices


class CertificateQueries(DeviceQueries):
    """server.monitoring.certificates.CertificateTx."""

    async def bind_certificate(self, bound: Bound) -> bool:
        insert = (postgresql if self._connection.dialect.name == "postgresql" else sqlite).insert(bound_to)
        version = sa.select(devices.c.credential_version).where(devices.c.id == bound.device_id).scalar_subquery()
        row = insert.on_conflict_do_nothing().values(
            fingerprint=bound.certificate.fingerprint,
            device_id=bound.device_id,
            credential_version=version,
            expires_at=bound.certificate.expires_at,
            bound_at=bound.at,
        )
        return (await self._connection.execute(row)).rowcount == 1

    async def end_certificate(self, device_id: str, fingerprint: bytes, at: datetime) -> bool:
        own = (bound_to.c.device_id == device_id) & (bound_to.c.fingerprint == fingerprint)
        ended = sa.update(bound_to).where(own, bound_to.c.ended_at.is_(None)).values(ended_at=at)
        return (await self._connection.execute(ended)).rowcount == 1
