"""The file of the chain's heads in the data directory: outside the database, one line a head, only added to."""

import os
from collections.abc import Iterator
from pathlib import Path

from server.access.chain import Head, read_head

HEADS = "audit-heads.log"


def append_head(path: Path, head: Head) -> None:
    """On the disk when it returns; the file is made for its owner only."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "w") as file:
        file.write(f"{head.line}\n")
        file.flush()
        os.fsync(file.fileno())


def heads_in(path: Path) -> Iterator[Head]:
    """Line by line; nothing where there is no file. Raises BadHead."""
    if path.exists():
        with path.open() as lines:
            yield from (read_head(line) for line in lines if line.strip())
