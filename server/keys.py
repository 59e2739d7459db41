"""The installation's own secrets, made once beside the database and readable by the owner only."""

import os
import secrets
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

LINK_KEY = "link.key"
AUDIT_KEY = "audit.key"
PUSH_KEY = "push.pem"


def link_key(directory: Path) -> bytes:
    """32 bytes that join links are derived from. Losing the file ends every link that is on its way."""
    return _random(directory / LINK_KEY)


def audit_key(directory: Path) -> bytes:
    """32 bytes that the audit's chain is sealed with. Losing the file ends sealing and verifying."""
    return _random(directory / AUDIT_KEY)


def push_key(directory: Path) -> bytes:
    """The P-256 key (PEM) that web push services know this installation by (VAPID, RFC 8292).

    Losing the file ends every browser's subscription.
    """
    path = directory / PUSH_KEY
    if not path.exists():
        fresh = ec.generate_private_key(ec.SECP256R1())
        write_private(path, fresh.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path.read_bytes()


def _random(path: Path) -> bytes:
    if not path.exists():
        write_private(path, secrets.token_bytes(32))
    return path.read_bytes()


def write_private(path: Path, content: bytes) -> None:
    """Write a file of mode 0600 whole or not at all; the folder is made, for the owner only."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{secrets.token_hex(4)}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
