"""A real Mosquitto of our own: own configuration, free port, temporary folder."""

import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from tests.ports import free_port

START_S = 30.0
BINARY = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def required() -> str:
    """The program; without it the test is skipped, and fails where CI=true."""
    if BINARY is None:
        message = "mosquitto is not installed: apt install mosquitto"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return BINARY


class Mosquitto:
    """Anonymous, with persistence; ``kill`` is SIGKILL, ``start`` again keeps the port.

    With a ``certificate`` and its key (PEM files) it also listens on ``tls_port``. Not ``at_once``, it holds small
    packets back, as it does without a word in its configuration.
    """

    def __init__(self, folder: Path, certificate: tuple[Path, Path] | None = None, *, at_once: bool = True) -> None:
        self._binary = required()
        self.port, self.tls_port = free_port(), free_port()
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nuser root\n"
            f"set_tcp_nodelay {'true' if at_once else 'false'}\n"
            f"persistence true\npersistence_location {folder}/\nautosave_interval 1\nlog_dest none\n"
            + (
                f"listener {self.tls_port} 127.0.0.1\ncertfile {{}}\nkeyfile {{}}\n".format(*certificate)
                if certificate
                else ""
            )
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:  # one of its ports was not yet free
                self._process = subprocess.Popen([self._binary, "-c", str(self._config)])
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 0.2):
                return
            time.sleep(0.05)
        self.kill()
        raise TimeoutError("mosquitto did not start")

    def stall(self) -> None:
        if self._process:
            self._process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        """After ``stall``."""
        if self._process:
            self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """As its own service is stopped: it writes down what it holds."""
        if self._process:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def forget(self) -> None:
        """Throw its database away."""
        for file in self._config.parent.glob("*.db*"):
            file.unlink()
