"""tests/ports.py: a port belongs to one test process until it ends."""

import socket
import subprocess
import sys

from tests.ports import CHOICE, _reserved, _unused, free_port


def test_a_port_is_given_once() -> None:
    assert len({free_port() for _ in range(200)}) == 200


def test_a_port_of_another_process_is_not_given() -> None:
    port = free_port()
    ask = f"from tests.ports import _reserved; raise SystemExit(_reserved({port}))"
    assert subprocess.run([sys.executable, "-c", ask], check=False, timeout=30).returncode == 0
    assert _reserved(port)


def test_a_port_that_is_listened_on_is_not_given() -> None:
    with socket.create_server(("127.0.0.1", free_port())) as busy:
        port = busy.getsockname()[1]
        assert port in CHOICE
        assert not _unused(port)
