"""An authority that signs devices' certificates, and what it signs: PEM files in a folder of its own."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HOUR = timedelta(hours=1)


class Pair(NamedTuple):
    certificate: Path
    key: Path

    @property
    def pem(self) -> str:
        return self.certificate.read_text()


class Authority:
    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named("devices")
        self._signed = 0
        made = self._begun(self._name, self._key, datetime.now(UTC) + HOUR)
        made = made.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.file = folder / "devices-ca.pem"
        self.file.write_bytes(made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def signs(self, device_id: str, until: datetime | None = None) -> Pair:
        key = ec.generate_private_key(ec.SECP256R1())
        made = self._begun(_named(device_id), key, until or datetime.now(UTC) + HOUR).sign(self._key, hashes.SHA256())
        self._signed += 1
        pair = Pair(self._folder / f"{self._signed}.pem", self._folder / f"{self._signed}.key")
        pair.certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        pair.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain))
        return pair

    def _begun(self, name: x509.Name, key: ec.EllipticCurvePrivateKey, until: datetime) -> x509.CertificateBuilder:
        made = x509.CertificateBuilder(self._name, name, key.public_key(), x509.random_serial_number())
        return made.not_valid_before(until - 48 * HOUR).not_valid_after(until)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
