"""How nodes hear each other: hints that something changed, never the record. A hint says where to look, no more.

Losing one loses nothing: whoever may have missed some is told so, and reads again.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

Hint = Mapping[str, str]  # ids and names; never a person's data
Handler = Callable[[str, Hint], Awaitable[None]]  # channel, hint
Missed = Callable[[], Awaitable[None]]  # hints may be missing: read again


class Bus(Protocol):
    """A hint reaches the subscribers of this node and of every other, its publisher's own included."""

    @property
    def ready(self) -> bool: ...  # whether other nodes are heard; this node's own hints pass in any case
    async def publish(self, channel: str, hint: Hint) -> None: ...  # never waits for the network
    def subscribe(self, handler: Handler, missed: Missed) -> None: ...  # before run()
    def tell_missed(self) -> None: ...  # this node's subscribers read again
    async def run(self) -> None: ...
    async def close(self) -> None: ...
