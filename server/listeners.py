"""The listeners for analysers and monitors that speak over TCP: which are on, where, and for whom."""

import ssl
from collections.abc import Callable, Mapping
from datetime import datetime
from ipaddress import ip_network

from devices.tcp.astm import Astm
from devices.tcp.conversation import Conversation
from devices.tcp.listener import Listener, Peers, Place, Store
from devices.tcp.mllp import Mllp
from devices.tcp.poct1a import Poct1a
from server.listener_settings import ListenerSection
from server.settings import Settings

PROTOCOLS: Mapping[str, Callable[[], Conversation]] = {"mllp": Mllp, "poct1a": Poct1a, "astm": Astm}


class Listeners:
    """Those that the settings turn on, by their section."""

    def __init__(self, settings: Settings, store: Store, clock: Callable[[], datetime]) -> None:
        sections: dict[str, ListenerSection] = {name: getattr(settings, name) for name in PROTOCOLS}
        self._sections = {name: section for name, section in sections.items() if section.listen}
        self._listeners = {
            name: Listener(PROTOCOLS[name], _peers(section), store, clock) for name, section in self._sections.items()
        }

    async def start(self, tls: Callable[[], ssl.SSLContext]) -> Mapping[str, int]:
        """The ports, by section. Raises OSError for a port in use."""
        places = {
            name: Place(section.host, section.port, tls() if section.tls else None)
            for name, section in self._sections.items()
        }
        return {name: await listener.start(places[name]) for name, listener in self._listeners.items()}

    def cut(self, device_id: str) -> None:
        """Its connections, of whatever protocol."""
        for listener in self._listeners.values():
            listener.cut(device_id)

    async def close(self) -> None:
        for listener in self._listeners.values():
            await listener.close()

    def counters(self) -> Mapping[str, float]:
        faults = {
            f"{name}_{fault.value}": count
            for name, listener in self._listeners.items()
            for fault, count in listener.faults.items()
        }
        return {**{f"{name}_messages": listener.stored for name, listener in self._listeners.items()}, **faults}


def _peers(section: ListenerSection) -> Peers:
    return Peers([ip_network(network) for network in section.allow], section.devices)
