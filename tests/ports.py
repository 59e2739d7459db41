"""A free port of 127.0.0.1, below those that the system hands to outgoing connections: nobody takes it meanwhile."""

import random
import socket

CHOICE = range(20_000, 32_000)  # Linux' ephemeral ports begin at 32768


def free_port() -> int:
    while True:
        port = random.choice(CHOICE)  # noqa: S311
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
