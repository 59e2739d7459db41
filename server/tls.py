"""HTTPS for a hospital without a certificate: a private authority, made once, signs this machine's names.

A phone's camera needs a secure context, so the local network gets HTTPS from the first start. Nothing here serves.
"""

import ipaddress
import os
import socket
import ssl
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_LIFE = timedelta(days=3650)
LEAF_LIFE = timedelta(days=397)  # CA/Browser Forum baseline §6.3.2: what browsers accept at most
_USAGES = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
           "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")  # fmt: skip
RENEW_BEFORE = timedelta(days=30)


@dataclass(frozen=True)
class Certificates:
    """The files that HTTPS needs. ``authority`` is what a phone has to trust; None with a certificate of your own."""

    certificate: Path
    key: Path
    authority: Path | None

    def context(self, clients: Path | None = None) -> ssl.SSLContext:
        """``clients``: the authorities of certificates that a client may show, and need not. Raises OSError."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.certificate, self.key)
        if clients is not None:
            if not clients.is_file():
                raise FileNotFoundError(f"{clients}: no such file")  # OpenSSL does not name it
            context.load_verify_locations(clients)
            context.verify_mode = ssl.CERT_OPTIONAL
        return context


def lan_addresses() -> list[str]:
    """IPv4 addresses under which other machines may reach this one, the likeliest first; loopback left out."""
    found: list[str] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, suppress(OSError):
        probe.connect(("192.0.2.1", 9))  # TEST-NET-1: chooses a route, sends nothing
        found.append(probe.getsockname()[0])
    with suppress(OSError):
        found += [str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)]
    return [address for address in dict.fromkeys(found) if not ipaddress.ip_address(address).is_loopback]


def machine_names() -> list[str]:
    """DNS names and addresses that the certificate must carry."""
    host = socket.gethostname().split(".")[0]
    return list(dict.fromkeys(["localhost", "127.0.0.1", "::1", host, f"{host}.local", *lan_addresses()]))


def ensure_certificates(directory: Path, names: Iterable[str], now: datetime) -> Certificates:
    """Return certificates for ``names``; made where missing, signed again where names changed or 30 days are left."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    authority = directory / "ca.crt"
    if not authority.exists():
        _make_authority(directory, now)
    files = Certificates(directory / "server.crt", directory / "server.key", authority)
    if not _still_good(files.certificate, set(names), now):
        _sign_leaf(directory, files, list(names), now)
    return files


def _still_good(certificate: Path, names: set[str], now: datetime) -> bool:
    if not certificate.exists():
        return False
    leaf = x509.load_pem_x509_certificate(certificate.read_bytes())
    carried = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    has = set(carried.get_values_for_type(x509.DNSName)) | {str(a) for a in carried.get_values_for_type(x509.IPAddress)}
    return names <= has and now + RENEW_BEFORE < leaf.not_valid_after_utc


def _make_authority(directory: Path, now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Bedside private CA ({socket.gethostname()})")])
    usage = x509.KeyUsage(**dict.fromkeys(_USAGES, False) | {"key_cert_sign": True, "crl_sign": True})
    certificate = (
        _unsigned(name, name, key.public_key(), (now, now + AUTHORITY_LIFE))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write_key(directory / "ca.key", key)
    (directory / "ca.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _sign_leaf(directory: Path, files: Certificates, names: list[str], now: datetime) -> None:
    authority = x509.load_pem_x509_certificate((directory / "ca.crt").read_bytes())
    signer = serialization.load_pem_private_key((directory / "ca.key").read_bytes(), None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)  # noqa: S101 – we made it
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    certificate = (
        _unsigned(subject, authority.subject, key.public_key(), (now, now + LEAF_LIFE))
        .add_extension(x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )
    _write_key(files.key, key)
    chain = certificate.public_bytes(serialization.Encoding.PEM) + authority.public_bytes(serialization.Encoding.PEM)
    files.certificate.write_bytes(chain)


def _unsigned(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, valid: tuple[datetime, datetime]
) -> x509.CertificateBuilder:
    start, end = valid
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - timedelta(hours=1))  # a phone's clock may be a little behind
        .not_valid_after(end - timedelta(hours=2))
    )


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
