"""Where a running server listens, told to the command line by a file. A server that was killed cannot take it back."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from server.keys import write_private
from server.occupancy import is_occupied

RUNNING: Final = "running.json"


class NotRunning(Exception):
    """Nobody serves this data directory; the sentence says whether the last one was killed."""


def announce(directory: Path, ports: Mapping[str, int]) -> None:
    write_private(directory / RUNNING, json.dumps(ports).encode())


def withdraw(directory: Path) -> bool:
    """False where nothing had been announced. A start finds True after a run that ended without a goodbye."""
    announced = (directory / RUNNING).exists()
    (directory / RUNNING).unlink(missing_ok=True)
    return announced


def where(directory: Path) -> Mapping[str, int]:
    """The ports by name. The file alone proves nothing: the lock falls with the process. Raises NotRunning."""
    path = directory / RUNNING
    if not path.exists():
        raise NotRunning(f"no server runs on {directory}: start it first")
    if not is_occupied(directory):
        raise NotRunning(f"no server runs on {directory}, and the last one was killed: start it again")
    ports: Mapping[str, int] = json.loads(path.read_text())
    return ports
