"""A Mosquitto as deploy/ has it: exactly those files, with other paths and ports."""

import shutil
import subprocess
from collections.abc import Awaitable, Callable, Collection, Mapping
from enum import StrEnum
from pathlib import Path

from devices.dynsec import Service, Wanted
from devices.mqtt_endpoint import Endpoint
from tests.devices.mosquitto import Mosquitto
from tests.devices.test_broker import self_signed
from tests.ports import free_port

DEPLOY = Path(__file__).parents[2] / "deploy"
SERVER = Service("bedside-server", "password of the server")
REGISTRY, REGISTRY_PASSWORD = "bedside-registry", "password of the registry"


class Kept(StrEnum):
    """Who keeps the accounts: the file of deploy/ that stands in the included folder."""

    DYNSEC = "mosquitto-dynsec.conf"
    FILES = "mosquitto-files.conf"


class Hardened(Mosquitto):
    """Both listeners, persistence, accounts. ``secrets``: the devices that the files know, with their passwords."""

    def __init__(self, folder: Path, kept: Kept, secrets: Mapping[str, str] | None = None) -> None:
        super().__init__(folder)
        self._folder = folder
        self.certificate, self._key = self_signed(folder)
        key = self._key
        (folder / "bedside.d").mkdir()
        shutil.copy(DEPLOY / "bedside.acl", folder)
        self._place(DEPLOY / "mosquitto.conf", self._config, key)
        self._place(DEPLOY / kept, folder / "bedside.d" / kept, key)
        if kept is Kept.DYNSEC:
            _run("mosquitto_ctrl", "dynsec", "init", folder / "dynamic-security.json", REGISTRY, REGISTRY_PASSWORD)
        else:
            (folder / "bedside.passwords").touch(mode=0o600)
            for name, secret in {SERVER.username: SERVER.password, **(secrets or {})}.items():
                _run("mosquitto_passwd", "-b", folder / "bedside.passwords", name, secret)

    def takes_certificates(self, authority: Path) -> int:
        """Before the start: with the listener for those whom this authority signs. Its port."""
        shipped, port = "mosquitto-certificates.conf", free_port()
        (self._folder / "certs").mkdir()
        shutil.copy(authority, self._folder / "certs" / "devices-ca.pem")
        here = self._folder / "bedside.d" / shipped
        self._place(DEPLOY / shipped, here, self._key)
        here.write_text(here.read_text().replace("listener 8884", f"listener {port} 127.0.0.1"))
        return port

    @property
    def registry(self) -> Endpoint:
        """Who manages the accounts."""
        return Endpoint("127.0.0.1", self.port, REGISTRY, REGISTRY_PASSWORD)

    def change(self, *lines: tuple[str, str]) -> None:
        """For what takes too long, or too much, with the values as shipped."""
        text = self._config.read_text()
        for shipped, here in lines:
            assert shipped in text
            text = text.replace(shipped, here)
        self._config.write_text(text)

    def _place(self, source: Path, target: Path, key: Path) -> None:
        """Nothing is changed but where things are; this process may be root, and Mosquitto would then be another."""
        moved = {
            "listener 1883 127.0.0.1": f"user root\nlistener {self.port} 127.0.0.1",
            "listener 8883": f"listener {self.tls_port} 127.0.0.1",
            "/etc/mosquitto/certs/fullchain.pem": str(self.certificate),
            "/etc/mosquitto/certs/privkey.pem": str(key),
            "/etc/mosquitto": str(self._folder),
            "/var/lib/mosquitto": str(self._folder),
        }
        text = source.read_text()
        for shipped, here in moved.items():
            text = text.replace(shipped, here)
        target.write_text(text)


def devices(*ids: str) -> Callable[[], Awaitable[Collection[Wanted]]]:
    """A registry that knows these."""

    async def registry() -> Collection[Wanted]:
        return [Wanted(device_id) for device_id in ids]

    return registry


def _run(*words: object) -> None:
    subprocess.run([str(word) for word in words], check=True, capture_output=True)
