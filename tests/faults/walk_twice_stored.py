"""The short walk with a bug planted: no unique key, and no look at what is stored already."""

from tests.faults import twice_stored  # noqa: F401 – to load it is to plant it
from tests.faults.walk import main

__all__ = ["main"]
