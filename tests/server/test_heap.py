"""The C library's heaps: threads of a server share one."""

import subprocess
import sys

import pytest

COUNT = """
import ctypes, sys, tempfile
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from server.heap import share_one_heap
{first}
libc, together = ctypes.CDLL(None), Barrier(4)
libc.malloc.restype = ctypes.c_void_p
def work(_):
    together.wait()
    return [libc.malloc(1000) for _ in range(100)]
with ThreadPoolExecutor(4) as pool:
    list(pool.map(work, range(4)))
libc.fdopen.restype = ctypes.c_void_p
libc.malloc_info(0, ctypes.c_void_p(libc.fdopen(1, b"w")))
libc.fflush(None)
"""


def heaps(first: str) -> int:
    script = COUNT.format(first=first)
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return told.stdout.count("<heap nr=")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's own")
def test_threads_share_one_heap_and_would_not_by_themselves() -> None:
    assert heaps("share_one_heap()") == 1
    assert heaps("") > 1
