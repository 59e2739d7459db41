"""One heap for all threads of the server: each waiting page would else pay for a share of many."""

import ctypes
from contextlib import suppress
from typing import Final

M_ARENA_MAX: Final = -8  # glibc's malloc.h


def share_one_heap() -> None:
    """Before any thread begins. The C library gives up to eight heaps a core to threads, each as large as the largest
    answer that was ever made in it, SQLite's threads above all: by turns, each of 500 waiting pages cost 54 to 64 KB
    with many and 49 to 56 with one. Threads that take turns at the interpreter gain nothing by many. Where the library
    is another one, nothing happens."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)
