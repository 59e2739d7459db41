"""Certificates that a device may show at the door in place of its secret: bound to it one by one, and ended.

An authority says who may hold a certificate at all; that this one is this device's, the registry says. What is kept is
its fingerprint: neither certificate nor key. One that has ended is never bound again.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final, Protocol

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from server.access.audit import AuditEntry
from server.monitoring.associations import Done
from server.monitoring.credentials import CredentialChange
from server.monitoring.device_state import IN_SERVICE
from server.monitoring.errors import CertificateRefused, DeviceStateWrong, NotFound
from server.monitoring.registry import DeviceRow
from server.monitoring.views import CertificateView

MOST: Final = 2  # of one device at once: the next one is bound before the old one expires
LONGEST_PEM: Final = 16 * 1024


@dataclass(frozen=True, slots=True)
class Certificate:
    """``fingerprint``: SHA-256 of its DER form, as ``openssl x509 -fingerprint -sha256`` prints it."""

    fingerprint: bytes
    common_name: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Bound:
    """A row to be."""

    device_id: str
    certificate: Certificate
    at: datetime


class CertificateTx(Protocol):
    async def lock_device(self, device_id: str) -> DeviceRow | None: ...

    async def certificates(self, device_id: str) -> Sequence[CertificateView]:
        """Those that count, the oldest first."""

    async def bind_certificate(self, bound: Bound) -> bool:
        """False where it was bound before, to whichever device."""

    async def end_certificate(self, device_id: str, fingerprint: bytes, at: datetime) -> bool: ...
    async def audit(self, entry: AuditEntry) -> None: ...


class DeviceCertificates:
    """``changed`` is called after the commit, with nothing to tell a broker outside: whoever lets devices in looks
    again, and cuts who may no longer speak."""

    def __init__(
        self,
        begin: Callable[[], AbstractAsyncContextManager[CertificateTx]],
        changed: Callable[[Sequence[CredentialChange]], Awaitable[None]],
    ) -> None:
        self._begin = begin
        self._changed = changed

    async def bind(self, actor: str, device_id: str, pem: str, now: datetime) -> list[CertificateView]:
        """What counts from now on. Raises ``NotFound``, ``DeviceStateWrong``, ``CertificateRefused``."""
        certificate = read_certificate(pem)
        async with self._begin() as tx:
            device = await _in_service(tx, device_id)
            _check(certificate, device.id, now)
            if len(await tx.certificates(device_id)) >= MOST:
                raise CertificateRefused("too_many", f"The device has {MOST} certificates. End one first.")
            if not await tx.bind_certificate(Bound(device_id, certificate, now)):
                raise CertificateRefused("bound_before", "This certificate was bound before. Make a new one.")
            await tx.audit(_entry(Done(actor, now), "device.certificate_bound", device_id, certificate.fingerprint))
            counting = list(await tx.certificates(device_id))
        await self._changed(())
        return counting

    async def end(self, actor: str, device_id: str, fingerprint: str, now: datetime) -> None:
        """Live sessions of the device are cut: which of them it opened is not known. Raises ``NotFound``."""
        hash_ = _hash(fingerprint)
        async with self._begin() as tx:
            if await tx.lock_device(device_id) is None or not await tx.end_certificate(device_id, hash_, now):
                raise NotFound
            await tx.audit(_entry(Done(actor, now), "device.certificate_ended", device_id, hash_))
        await self._changed(())


def read_certificate(pem: str) -> Certificate:
    """Of the first certificate in it. Raises ``CertificateRefused``."""
    try:
        read = x509.load_pem_x509_certificate(pem[:LONGEST_PEM].encode())
        names = read.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        name = str(names[0].value) if len(names) == 1 else ""
        return Certificate(sha256(read.public_bytes(Encoding.DER)).digest(), name, read.not_valid_after_utc)
    except ValueError:
        raise CertificateRefused("malformed", "This is no certificate in PEM form.") from None


async def _in_service(tx: CertificateTx, device_id: str) -> DeviceRow:
    device = await tx.lock_device(device_id)
    if device is None:
        raise NotFound
    if device.state not in IN_SERVICE:
        raise DeviceStateWrong(device.state)
    return device


def _check(certificate: Certificate, device_id: str, now: datetime) -> None:
    """The common name is the device's id, so that a broker outside, which knows no fingerprint, sees it as well."""
    if certificate.common_name != device_id:
        raise CertificateRefused("wrong_name", f"Its common name must be {device_id}, and stand there once.")
    if certificate.expires_at <= now:
        raise CertificateRefused("expired", "It has expired.")


def _hash(fingerprint: str) -> bytes:
    try:
        return bytes.fromhex(fingerprint)
    except ValueError:
        raise NotFound from None


def _entry(done: Done, action: str, device_id: str, fingerprint: bytes) -> AuditEntry:
    return AuditEntry(done.at, done.by, action, f"device:{device_id}", {"fingerprint": fingerprint.hex()})
