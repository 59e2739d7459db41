"""A server loads of Socket.IO what it uses, and nothing that it does not."""

import subprocess
import sys


def test_a_server_loads_no_client_and_no_queue() -> None:
    ask = "import sys, server.app; raise SystemExit(bool({'requests', 'redis'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", ask], check=False, timeout=60).returncode == 0


def test_who_needs_them_has_them_afterwards() -> None:
    ask = "import signaling.library, redis.asyncio, requests; raise SystemExit(redis is None or requests is None)"
    assert subprocess.run([sys.executable, "-c", ask], check=False, timeout=60).returncode == 0
