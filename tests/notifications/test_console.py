"""The console gateway prints the whole message and nothing else."""

import io

from server.notifications.gateways.console import ConsoleGateway


async def test_the_message_is_printed_with_its_number_and_id() -> None:
    stream = io.StringIO()
    assert await ConsoleGateway(stream).send("d1", "+8613800000001", "您的号为7号") is None
    assert stream.getvalue().splitlines() == ["┌ SMS +8613800000001", "│ 您的号为7号", "└ d1"]
