"""What a use case says goes over the bus to every node; what only this node's outbox has to do, it hears at once."""

import pytest

from server.bus import Hint
from server.bus.memory import MemoryBus
from server.telling import LINES, LIVE, READINGS, Telling


class Node:
    """A bus of one process, what was heard on it, and how often the outbox was woken."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, Hint]] = []
        self.woken = 0
        self.bus = MemoryBus()
        self.bus.subscribe(self._hear, self._missed)
        self.telling = Telling(self.bus, self._wake)

    async def delivered(self) -> list[tuple[str, Hint]]:
        await self.bus._deliver()
        return self.heard

    async def _hear(self, channel: str, hint: Hint) -> None:
        self.heard.append((channel, hint))

    async def _missed(self) -> None:
        raise AssertionError

    def _wake(self) -> None:
        self.woken += 1


@pytest.fixture
def node() -> Node:
    return Node()


async def test_where_a_line_moves_waiting_times_are_others_too(node: Node) -> None:
    await node.telling.changed("line:s1")
    assert await node.delivered() == [(LINES, {"session": "s1"}), (LIVE, {"topic": "line:s1"})]


async def test_where_only_waiting_times_are_others_they_are_not_asked_for_again(node: Node) -> None:
    await node.telling.tell("line:s1")
    assert await node.delivered() == [(LIVE, {"topic": "line:s1"})]


async def test_a_letter_that_was_written_wakes_the_outbox(node: Node) -> None:
    await node.telling.changed("outbox")
    await node.telling.changed("visit:v1")
    assert node.woken == 1


async def test_a_device_is_a_page_and_a_row_of_the_list(node: Node) -> None:
    await node.telling.device("OX-1")
    assert await node.delivered() == [(LIVE, {"topic": "device:OX-1"}), (LIVE, {"topic": "devices"})]


async def test_readings_are_told_on_a_channel_of_their_own(node: Node) -> None:
    await node.telling.elsewhere("patient:p1")
    assert await node.delivered() == [(READINGS, {"topic": "patient:p1"})]
