"""Mosquitto's dynamic-security plugin over its control topic: admit, bar, reconcile. ``dynsec`` decides what is said.

Every operation has a connection of its own, so that it either took or raises; whoever asks tries again.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from itertools import islice
from typing import TypeVar

import msgspec

from devices import dynsec
from devices.dynsec import Account, Command, Difference, Listed, Reply, Role, Service, Wanted
from devices.mqtt import DeviceClient
from devices.mqtt_endpoint import Endpoint

T = TypeVar("T")

BATCH = 5  # commands in one message: the broker serves nobody while it works them off
REST_S = 0.05  # between two, for everybody else
ANSWER_S = 20.0  # with a thousand accounts a command takes some tenths of a second
PAUSES_S = (0.2, 0.4, 0.8, 1.6, 3.2)  # at most, before a conversation that was cut begins anew


class NotTakenError(ConnectionError):
    """The plugin refused a command, or gave no answer that can be read."""


class _CutError(ConnectionError):
    """The broker had let us in, and ended the connection while an answer was waited for."""


class Dynsec:
    """The accounts of one Mosquitto. Each operation may be repeated; it raises OSError or TimeoutError when it did not
    take. ``kept``: accounts that are no devices and stay as they are."""

    def __init__(self, endpoint: Endpoint, service: Service, kept: Collection[str] = ()) -> None:
        self._endpoint = endpoint
        self._service = service
        self._kept = frozenset({service.username, endpoint.user or endpoint.client_id, *kept})
        self._one_at_a_time = asyncio.Lock()  # a second connection with the same account would end the first

    async def admit(self, device_id: str, secret: str) -> None:
        """From now on the device is let in with this secret and no other; its live session is cut."""
        await self._do(device_id, dynsec.admitted(device_id, secret))

    async def bar(self, device_id: str) -> None:
        """The device is refused, and its live session cut."""
        await self._do(device_id, dynsec.barred(device_id))

    async def reconcile(self, registry: Callable[[], Awaitable[Collection[Wanted]]]) -> Difference:
        """Make the broker's list the registry's, the server's own account included. What was done, and who is missing.

        The registry is asked after the broker: who is at the broker already is then in the registry too. Twice in a
        row, the second has no steps.
        """

        async def talk(ask: _Ask) -> Difference:
            listed = await _listed(ask)
            await _work_off(ask, dynsec.serving(self._service, listed))
            found = dynsec.difference(await registry(), listed, self._kept)
            await _work_off(ask, found.steps)
            return found

        return await self._converse(talk)

    async def _do(self, device_id: str, commands: Sequence[Command]) -> None:
        if device_id in self._kept:
            raise NotTakenError(f"{device_id} is no device's account")
        await self._converse(lambda ask: _work_off(ask, commands))

    async def _converse(self, talk: Callable[["_Ask"], Awaitable[T]]) -> T:
        """Begun anew where it is cut: a command and the server share the account, and the newer connection ends the
        older (the broker takes the user's name for the client id, so that no device takes another's place)."""
        for most_s in PAUSES_S:
            try:
                return await self._once(talk)
            except _CutError:
                await asyncio.sleep(random.uniform(most_s / 4, most_s))  # noqa: S311 – so that both come through
        return await self._once(talk)

    async def _once(self, talk: Callable[["_Ask"], Awaitable[T]]) -> T:
        async with self._one_at_a_time:
            ask = _Ask(self._endpoint)
            try:
                await ask.open()
                return await talk(ask)
            finally:
                ask.close()


class _Ask:
    """One connection to the plugin: commands in, their replies out, one message after the other."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._client = DeviceClient(endpoint, [dynsec.RESPONSE])
        self._answers: asyncio.Queue[bytes | OSError] = asyncio.Queue()
        self._up = asyncio.Event()
        self._was_up = False
        self._client.on_up = self._came_up
        self._client.on_message = lambda _topic, payload: self._answers.put_nowait(payload)
        self._client.on_down = self._down

    async def open(self) -> None:
        async with asyncio.timeout(ANSWER_S):
            await self._client.connect()
            await self._up.wait()

    def close(self) -> None:
        self._client.disconnect()

    async def __call__(self, commands: Sequence[Command]) -> tuple[Reply, ...]:
        self._client.publish(dynsec.CONTROL, dynsec.said(commands))
        async with asyncio.timeout(ANSWER_S):
            answer = await self._answers.get()
        if isinstance(answer, OSError):
            raise answer
        return _checked(commands, answer)

    def _came_up(self) -> None:
        self._was_up = True
        self._up.set()

    def _down(self, reason: str) -> None:
        kind = _CutError if self._was_up else ConnectionError
        self._answers.put_nowait(kind(f"the broker ended the connection: {reason}"))
        self._up.set()


def _checked(commands: Sequence[Command], answer: bytes) -> tuple[Reply, ...]:
    """Raises NotTakenError. A command is named without its fields: a password may be among them."""
    try:
        replies = dynsec.heard(answer)
    except ValueError as error:
        raise NotTakenError("an answer that is none of the plugin's") from error
    if [reply.command for reply in replies] != [command.name for command in commands]:
        raise NotTakenError("an answer to something else")
    for command, reply in zip(commands, replies, strict=True):
        if reply.error and reply.error not in command.fine:
            raise NotTakenError(f"{command.name}: {reply.error}")
    return replies


async def _work_off(ask: _Ask, commands: Sequence[Command]) -> None:
    for batch in _batches(commands):
        await ask(batch)
        await asyncio.sleep(REST_S)


def _batches(commands: Sequence[Command]) -> Iterator[Sequence[Command]]:
    left = iter(commands)
    while batch := tuple(islice(left, BATCH)):
        yield batch


async def _listed(ask: _Ask) -> Listed:
    accounts = await _pages(ask, "listClients", "clients")
    roles = await _pages(ask, "listRoles", "roles")
    (reply,) = await ask([dynsec.DEFAULTS])
    defaults = {str(acl["acltype"]): bool(acl["allow"]) for acl in reply.data["acls"]}
    return Listed(msgspec.convert(accounts, list[Account]), msgspec.convert(roles, list[Role]), defaults)


async def _pages(ask: _Ask, listing: str, key: str) -> list[object]:
    """Everything of a listing, page by page."""
    found: list[object] = []
    while True:
        (reply,) = await ask([dynsec.page_of(listing, len(found))])
        page = reply.data.get(key, [])
        found += page
        if not page or len(found) >= int(reply.data.get("totalCount", 0)):
            return found
