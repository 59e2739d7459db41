"""WHICH DEVICES MAY SPEAK: the registry as it is held in memory, and how it follows the one on record."""

import asyncio
from collections.abc import Callable, Collection

from server.store.engine import Store
from server.store.registry import DeviceRegistry, RegistryQueries

EVERY_S = 3.0  # how soon a device that the command line added is let in


class Admitting:
    """``cut_off`` is told the ids of those whose credential is dead: they lose their connections now."""

    def __init__(self, store: Store, cut_off: Callable[[Collection[str]], None]) -> None:
        self.registry = DeviceRegistry()
        self._store, self._cut_off = store, cut_off
        self._version: tuple[int, ...] | None = None
        self._reading = asyncio.Lock()

    async def run(self) -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            await self.read()

    async def read(self) -> None:
        async with self._reading, self._store.read(RegistryQueries) as look:
            version = await look.version()
            if version == self._version:
                return
            dead = self.registry.replace(await look.registered(), await look.ended())
            self._version = version
        self._cut_off(dead)
