"""The installation's own secrets, made once beside the database and readable by the owner only."""

import os
import secrets
from pathlib import Path

LINK_KEY = "link.key"
RUNNING = "running.json"  # where a running server listens, for the command line


def link_key(directory: Path) -> bytes:
    """32 bytes that join links are derived from. Losing the file ends every link that is on its way."""
    path = directory / LINK_KEY
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
