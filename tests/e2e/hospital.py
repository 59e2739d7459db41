"""A hospital of its own for a test: the real server as a process, on free ports and in an empty folder."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tomllib
import urllib.request
from collections import defaultdict
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from server import desk
from server.settings import Settings
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
START_S = 20.0


@dataclass
class Hospital:
    """``data`` is its folder; ``settings`` are further BEDSIDE_… values. Stop and start it as often as you like."""

    data: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        self.http, self.mqtt = free_port(), free_port()
        self._https, self._mqtts = free_port(), free_port()

    @property
    def url(self) -> str:
        return f"http://localhost:{self.http}"

    @property
    def environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("BEDSIDE_")}
        return inherited | {f"BEDSIDE_{name}": value for name, value in {**self._own, **self.settings}.items()}

    @property
    def _own(self) -> dict[str, str]:
        return {
            "DATA__DIRECTORY": str(self.data),
            "WEB__HOST": "127.0.0.1",
            "WEB__HTTP_PORT": str(self.http),
            "WEB__HTTPS_PORT": str(self._https),
            "MQTT__PORT": str(self.mqtt),
            "MQTT__TLS_PORT": str(self._mqtts),
            "LOG__FORMAT": "json",
            "CLINIC__POLICY": "none",  # what a visit needs by law has tests of its own
        }

    def bedside(self, *words: str, typed: str = "") -> str:
        """Run the command line; what it printed. Raises CalledProcessError."""
        done = subprocess.run(
            [sys.executable, "-m", "server", *words],
            env=self.environment, cwd=ROOT, input=typed, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, f"bedside {words[0]}: {done.stderr or done.stdout}"
        return done.stdout

    async def start(self, *words: str) -> None:
        with (self.data / "server.log").open("ab") as log:
            self.process = subprocess.Popen(  # noqa: ASYNC220 – it starts at once and is waited for elsewhere
                [sys.executable, "-m", "server", "serve", *words],
                env=self.environment, cwd=ROOT, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        deadline = asyncio.get_running_loop().time() + START_S
        while not await asyncio.to_thread(self.is_ready):
            assert self.process.poll() is None, f"the server ended:\n{self.log()[-3000:]}"
            assert asyncio.get_running_loop().time() < deadline, f"not ready:\n{self.log()[-3000:]}"
            await asyncio.sleep(0.1)

    def is_ready(self) -> bool:
        with suppress(OSError), urllib.request.urlopen(f"{self.url}/readyz", timeout=1) as reply:  # noqa: S310
            return bool(json.load(reply)["ready"])
        return False

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> int | None:
        """The exit code; None where it did not run."""
        if self.process is None or self.process.poll() is not None:
            return self.process.returncode if self.process else None
        self.process.send_signal(how)
        return await asyncio.to_thread(self.process.wait, 15)

    def log(self) -> str:
        path = self.data / "server.log"
        return path.read_text() if path.exists() else ""

    def password(self, login: str) -> str:
        passwords: dict[str, str] = tomllib.loads((self.data / "demo-sign-ins.toml").read_text())["sign-in"]
        return passwords[login]

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """What the database holds, read past the server."""
        database = sqlite3.connect(f"file:{self.data / 'bedside.sqlite'}?mode=ro", uri=True)
        database.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in database.execute(query, values)]
        finally:
            database.close()

    def add_staff(self, role: str, login: str, name: str, password: str, phone: str = "") -> None:
        wish = desk.StaffWish(role, login, name, password, phone or None, "zh-CN")
        self._order(lambda settings: desk.add_user(settings, wish))

    def add_session(self, login: str, title: str) -> None:
        opens = datetime.now(ZoneInfo("Asia/Shanghai")).replace(minute=0, second=0, microsecond=0)
        hours = (f"{opens:%Y-%m-%dT%H:%M}", f"{opens + timedelta(hours=6):%Y-%m-%dT%H:%M}")
        self._order(lambda settings: desk.add_session(settings, login, title, hours))

    def add_device(self, device_id: str) -> str:
        """The secret."""
        printed = self._order(lambda settings: desk.add_device(settings, device_id, f"Oximeter {device_id}"))
        return next(line.split()[1] for line in printed.splitlines() if line.startswith("secret"))

    def _order(self, order: Callable[[Settings], Coroutine[None, None, str]]) -> str:
        """What a command does, without a process of its own: each takes a second to start."""
        sections: dict[str, dict[str, str]] = defaultdict(dict)
        for name, value in {**self._own, **self.settings}.items():
            section, key = name.lower().split("__")
            sections[section][key] = value
        with ThreadPoolExecutor(1) as aside:  # the test's own loop is running in this thread
            return aside.submit(lambda: asyncio.run(order(Settings(**sections)))).result()  # type: ignore[arg-type]
