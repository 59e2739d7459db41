"""Messages with known meaning: those that ship with the project, and those whose licence keeps them beside it."""

import os
from pathlib import Path

import pytest

SHIPPED = Path(__file__).with_name("samples")
ELSEWHERE = Path(__file__).parents[4] / "shared" / "data" / "samples"


def shipped(name: str) -> bytes:
    return (SHIPPED / name).read_bytes()


def elsewhere(name: str) -> bytes:
    """Skips the test where the sample is not there, and fails it where CI says that it must be."""
    path = ELSEWHERE / name
    if path.is_file():
        return path.read_bytes()
    message = f"{name} is not in {ELSEWHERE}"
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        pytest.fail(message)
    pytest.skip(message)
