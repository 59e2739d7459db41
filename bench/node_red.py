"""Node-RED with the flow that people begin with: MQTT in, JSON, out to pages by WebSocket. It stores nothing.

Found as ``node-red`` on the path, or by NODE_RED=/path/to/node_modules/node-red/red.js. Its pages are sockets that a
process of its own empties: they cost the machine next to nothing.
"""

import json
import os
import selectors
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.sharedctypes import SynchronizedArray
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from tests.ports import free_port

START_S = 120.0
CHUNK = 1 << 20
SCRIPT = os.environ.get("NODE_RED") or shutil.which("node-red")
HANDSHAKE = (
    "GET /readings HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class NodeRed:
    """Running, with its pages."""

    def __init__(self, process: "subprocess.Popen[bytes]", seen: "SynchronizedArray[float]") -> None:
        self._process = psutil.Process(process.pid)
        self._seen = seen

    @property
    def frames(self) -> int:
        """That the first page has had."""
        return int(self._seen[0])

    @property
    def last_at(self) -> float:
        """When it had the last of them."""
        return self._seen[1]

    def cpu_s(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)


@contextmanager
def node_red(folder: Path, mqtt_port: int, pages: int) -> Iterator[NodeRed]:
    port, spawn = free_port(), get_context("spawn")
    _write(folder, port, mqtt_port)
    process = subprocess.Popen(_command(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seen = spawn.Array("d", 2)  # the frames that the first page has had, and when it had the last of them
    watchers = spawn.Process(target=_watch, args=(port, pages, seen), daemon=True)
    try:
        _wait_for(port)
        watchers.start()
        time.sleep(5)  # it subscribes, and so do the pages
        yield NodeRed(process, seen)
    finally:
        with suppress(AttributeError, ValueError):  # not started
            watchers.kill()
        process.kill()
        process.wait()


def _command(folder: Path) -> list[str]:
    script = SCRIPT or ""
    started_by = ["node"] if script.endswith(".js") else []
    return [*started_by, script, "-u", str(folder), "-s", str(folder / "settings.js"), str(folder / "flow.json")]


def _write(folder: Path, port: int, mqtt_port: int) -> None:
    settings = {"uiPort": port, "uiHost": "127.0.0.1", "httpAdminRoot": False, "logging": {"console": {"level": "off"}}}
    (folder / "settings.js").write_text(f"module.exports = {json.dumps(settings)}")
    broker = {"id": "b", "type": "mqtt-broker", "broker": "127.0.0.1", "port": str(mqtt_port), "clientid": "node-red"}
    heard = {"id": "i", "type": "mqtt in", "z": "t", "broker": "b", "topic": "bedside/v1/#", "qos": "1"}
    flow = [
        {"id": "t", "type": "tab", "label": "readings"},
        {**broker, "protocolVersion": "5", "keepalive": "60", "cleansession": True, "autoConnect": True},
        {**heard, "datatype": "json", "wires": [["o"]]},
        {"id": "l", "type": "websocket-listener", "path": "/readings", "wholemsg": "false"},
        {"id": "o", "type": "websocket out", "z": "t", "server": "l", "client": "", "wires": []},
    ]
    (folder / "flow.json").write_text(json.dumps(flow))


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.5):
            return
        time.sleep(0.2)
    raise TimeoutError("node-red did not start")


def _watch(port: int, pages: int, seen: "SynchronizedArray[float]") -> None:
    """Empty all pages' sockets; count the frames of the first."""
    peers = [_page(port) for _ in range(pages)]
    selector = selectors.DefaultSelector()
    for peer in peers:
        selector.register(peer, selectors.EVENT_READ)
    rest = b""
    while True:
        for key, _ in selector.select():
            data = peers[peers.index(key.fileobj)].recv(CHUNK)  # type: ignore[arg-type]
            if key.fileobj is peers[0]:
                frames, rest = _frames(rest + data)
                seen[0], seen[1] = seen[0] + frames, time.monotonic()


def _page(port: int) -> socket.socket:
    peer = socket.create_connection(("127.0.0.1", port))
    peer.sendall(HANDSHAKE.encode())
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += peer.recv(1)
    assert b" 101 " in answer, answer
    return peer


def _frames(buffer: bytes) -> tuple[int, bytes]:
    """How many are whole (RFC 6455 §5.2, unmasked), and what is left."""
    at = frames = 0
    while len(buffer) - at >= 10:
        length, start = buffer[at + 1] & 127, at + 2
        if length > 125:
            wide = 2 if length == 126 else 8
            length, start = int.from_bytes(buffer[start : start + wide], "big"), start + wide
        if start + length > len(buffer):
            break
        at, frames = start + length, frames + 1
    return frames, buffer[at:]
