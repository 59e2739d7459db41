"""The bus of several nodes, over Redis publish/subscribe. This node's own hints never depend on it.

Redis may stall, restart or forget: the nodes come back by themselves and read again what they may have missed.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from random import uniform
from secrets import token_hex
from typing import NoReturn

import msgspec
import redis.asyncio as redis
import structlog
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from server.bus import Handler, Hint, Missed
from server.bus.memory import WAITING, MemoryBus

log = structlog.get_logger()

CHANNEL = "bedside:hints"
BEAT_S = 2.0  # each node hears itself through Redis at least this often …
SILENCE_S = 6.0  # … and takes this much silence for a connection that is dead
BACK_OFF_S = (0.2, 0.5, 1.0, 2.0, 5.0)
FRAME_LIMIT = 16 * 1024  # bytes


class Frame(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What goes through Redis. Without a channel it is a beat; ``missed``: earlier frames could not be sent."""

    node: str
    channel: str = ""
    hint: dict[str, str] = {}
    missed: bool = False


class RedisBus:
    """``url``: redis:// or rediss://. ``beat_s`` and ``silence_s`` are shorter in tests."""

    def __init__(self, url: str, *, beat_s: float = BEAT_S, silence_s: float = SILENCE_S) -> None:
        self._node = token_hex(8)
        self._local = MemoryBus()
        never_by_itself = Retry(NoBackoff(), 0)  # a silent reconnection would hide that hints were missed
        # Timeouts are ours: with a socket_timeout the library waits by asyncio.wait_for, which on Python 3.11 may
        # swallow the cancellation that is to end run().
        self._redis = redis.from_url(url, socket_timeout=None, socket_connect_timeout=silence_s, retry=never_by_itself)
        self._beat_s, self._silence_s = beat_s, silence_s
        self._outgoing: deque[Frame] = deque()
        self._published = asyncio.Event()
        self._owes_missed = False
        self._heard = False

    @property
    def ready(self) -> bool:
        return self._heard

    def subscribe(self, handler: Handler, missed: Missed) -> None:
        self._local.subscribe(handler, missed)

    async def publish(self, channel: str, hint: Hint) -> None:
        await self._local.publish(channel, hint)
        if len(self._outgoing) >= WAITING:
            self._outgoing.clear()
            self._owes_missed = True
        self._outgoing.append(Frame(self._node, channel, dict(hint)))
        self._published.set()

    def tell_missed(self) -> None:
        self._local.tell_missed()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._local.run())
            group.create_task(self._again_and_again(self._send))
            group.create_task(self._again_and_again(self._listen))

    async def close(self) -> None:
        await self._redis.aclose()

    async def _again_and_again(self, connected: Callable[[], Awaitable[None]]) -> NoReturn:
        """Runs until the connection breaks, then again after a pause that grows, for ever."""
        tries = 0
        while True:
            started = _now()
            try:
                await connected()
            except (RedisError, OSError, TimeoutError) as error:
                tries = 0 if _now() - started > self._silence_s else tries + 1
                log.warning("bus_interrupted", error=type(error).__name__, tries=tries)
            await asyncio.sleep(BACK_OFF_S[min(tries, len(BACK_OFF_S) - 1)] * uniform(0.5, 1.0))  # noqa: S311  jitter

    async def _send(self) -> None:
        while True:
            if not self._outgoing:
                await self._pause()
            frame = self._outgoing.popleft() if self._outgoing else Frame(self._node)
            await self._send_one(Frame(self._node, missed=True) if self._owes_missed else None)
            await self._send_one(frame)

    async def _send_one(self, frame: Frame | None) -> None:
        """What cannot be sent is owed: the others read again when they hear of us next."""
        if frame is None:
            return
        try:
            async with asyncio.timeout(self._silence_s):
                await self._redis.publish(CHANNEL, msgspec.json.encode(frame))
        except BaseException:
            self._owes_missed = self._owes_missed or bool(frame.channel)
            raise
        if frame.missed:
            self._owes_missed = False

    async def _pause(self) -> None:
        """Until something is published, or the next beat."""
        self._published.clear()
        try:
            async with asyncio.timeout(self._beat_s):
                await self._published.wait()
        except TimeoutError:
            return

    async def _listen(self) -> None:
        try:
            async with aclosing(self._redis.pubsub()) as pubsub:
                await pubsub.subscribe(CHANNEL)
                while True:
                    await self._hear(pubsub)
        finally:
            self._heard = False

    async def _hear(self, pubsub: redis.client.PubSub) -> None:
        async with asyncio.timeout(self._silence_s):
            message = await pubsub.get_message(timeout=None)
        if message is None:
            return
        if message["type"] == "subscribe":  # from here on nothing is missed; before, something may have been
            self._heard = True
            self._local.tell_missed()
        elif message["type"] == "message":
            await self._take(message["data"])

    async def _take(self, data: bytes) -> None:
        try:
            frame = msgspec.json.decode(data[: FRAME_LIMIT + 1], type=Frame)
        except msgspec.DecodeError:
            log.warning("hint_not_understood", size=len(data))
            return self._local.tell_missed()
        if frame.node == self._node:
            return None
        if frame.missed:
            return self._local.tell_missed()
        return await self._local.publish(frame.channel, frame.hint) if frame.channel else None


def _now() -> float:
    return asyncio.get_running_loop().time()
