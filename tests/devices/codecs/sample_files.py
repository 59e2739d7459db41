"""Messages with known meaning: those that ship with the project, and those whose licence keeps them out of it.

``SAMPLES=folder`` says where the latter are; without it their tests are skipped, on every machine alike.
"""

import os
from pathlib import Path

import pytest

SHIPPED = Path(__file__).with_name("samples")
ELSEWHERE = os.environ.get("SAMPLES")


def shipped(name: str) -> bytes:
    return (SHIPPED / name).read_bytes()


def elsewhere(name: str) -> bytes:
    """Skips the test where nobody said where they are; a wrong folder is FileNotFoundError."""
    if ELSEWHERE is None:
        pytest.skip(f"{name} does not ship with the project: SAMPLES=folder plays it")
    return (Path(ELSEWHERE) / name).read_bytes()
