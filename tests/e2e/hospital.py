"""A hospital of its own for a test: the real server as a process, on free ports and in an empty folder."""

import asyncio
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tomllib
import urllib.error
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
from tests.children import ROOT, Child, nursery
from tests.ports import free_port

START_S = 90.0  # generous: how soon it starts is measured in bench/


@dataclass
class Hospital:
    """``data`` is its folder; ``settings`` are further BEDSIDE_… values. Stop and start it as often as you like.

    ``preloaded``: its commands come from a nursery that has loaded their modules, not from nothing.
    ``template``: a migrated file to begin with; without it there is no database until something makes one."""

    data: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | Child | None = None
    preloaded: bool = False
    module: str = "server.__main__"
    template: Path | None = None

    def __post_init__(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        if self.template:
            shutil.copy(self.template, self.data / "bedside.sqlite")
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
        """Run the command line; what it printed."""
        done = self.run(*words, typed=typed)
        assert done.returncode == 0, f"bedside {words[0]}: {done.stderr or done.stdout}"
        return done.stdout

    def run(self, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        """The command line, whatever comes of it."""
        if self.preloaded:
            return nursery(self.module).run(words, self.environment, typed)
        return subprocess.run(
            [sys.executable, "-m", self.module, *words],
            env=self.environment, cwd=ROOT, input=typed, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip

    async def start(self, *words: str) -> None:
        self.process = self._begun("serve", *words)
        deadline = asyncio.get_running_loop().time() + START_S
        while not await asyncio.to_thread(self.is_ready):
            assert self.process.poll() is None, f"the server ended:\n{self.log()[-3000:]}"
            assert asyncio.get_running_loop().time() < deadline, f"{self.readiness()}\n{self.log()[-3000:]}"
            await asyncio.sleep(0.05)

    def _begun(self, *words: str) -> subprocess.Popen[bytes] | Child:
        if self.preloaded:
            return nursery(self.module).bear(words, self.environment, self.log_file, out=self.out_file)
        with self.log_file.open("ab") as log, self.out_file.open("ab") as out:
            return subprocess.Popen(
                [sys.executable, "-m", self.module, *words],
                env=self.environment, cwd=ROOT, stdout=out, stderr=log, start_new_session=True,
            )  # fmt: skip

    @property
    def log_file(self) -> Path:
        return self.data / "server.log"

    @property
    def out_file(self) -> Path:
        """Where its standard output goes: with its log."""
        return self.log_file

    def is_ready(self) -> bool:
        with suppress(OSError), urllib.request.urlopen(f"{self.url}/readyz", timeout=1) as reply:  # noqa: S310
            return bool(json.load(reply)["ready"])
        return False

    def readiness(self) -> str:
        """What it says of itself, or why it says nothing."""
        try:
            with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as reply:  # noqa: S310
                return str(reply.read().decode())
        except urllib.error.HTTPError as not_ready:
            return not_ready.read().decode()
        except OSError as silent:
            return repr(silent)

    async def stop(self, how: signal.Signals = signal.SIGTERM) -> int | None:
        """The exit code; None where it did not run."""
        if self.process is None or self.process.poll() is not None:
            return self.process.returncode if self.process else None
        self.process.send_signal(how)
        return await asyncio.to_thread(self.process.wait, 15)

    def log(self) -> str:
        return self.log_file.read_text() if self.log_file.exists() else ""

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

    def disable(self, login: str) -> None:
        self._order(lambda settings: desk.disable_user(settings, login))

    def add_session(self, login: str, title: str) -> None:
        opens = datetime.now(ZoneInfo("Asia/Shanghai")).replace(minute=0, second=0, microsecond=0)
        hours = (f"{opens:%Y-%m-%dT%H:%M}", f"{opens + timedelta(hours=6):%Y-%m-%dT%H:%M}")
        self._order(lambda settings: desk.add_session(settings, login, title, hours))

    def add_device(self, device_id: str) -> str:
        """The secret."""
        printed = self._order(lambda settings: desk.add_device(settings, device_id, f"Oximeter {device_id}"))
        return next(line.split()[1] for line in printed.splitlines() if line.startswith("secret"))

    def claim_code(self, device_id: str) -> str:
        return self._order(lambda settings: desk.claim_code(settings, device_id, 1)).split()[1]

    def _order(self, order: Callable[[Settings], Coroutine[None, None, str]]) -> str:
        """What a command does, without a process of its own: each takes a second to start."""
        sections: dict[str, dict[str, str]] = defaultdict(dict)
        for name, value in {**self._own, **self.settings}.items():
            section, key = name.lower().split("__")
            sections[section][key] = value
        with ThreadPoolExecutor(1) as aside:  # the test's own loop is running in this thread
            return aside.submit(lambda: asyncio.run(order(Settings(**sections)))).result()  # type: ignore[arg-type]
