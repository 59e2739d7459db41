"""One heap for all threads of the server: each waiting page would else pay for a share of many."""

import ctypes
from contextlib import suppress
from typing import Final

M_ARENA_MAX: Final = -8  # glibc's malloc.h


def share_one_heap() -> None:
    """Before any thread begins. The C library gives up to eight heaps a core to threads, each as large as the largest
    answer that was ever made in it: SQLite's threads held a third of what 500 waiting pages cost. Threads that take
    turns at the interpreter gain nothing by them. Where the library is another one, nothing happens."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)
