"""The console gateway prints the whole message to a terminal, and to what is kept nothing of it."""

import io

from server.notifications.deliveries import Letter
from server.notifications.gateways.console import ConsoleGateway


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def letter(text: str) -> Letter:
    return Letter("d1", "+8613800000001", text, template="called", locale="zh-CN", urgent=False)


async def test_on_a_terminal_the_message_is_printed_with_its_number_and_id() -> None:
    stream = Terminal()
    assert await ConsoleGateway(stream).send(letter("您的号为7号")) is None
    assert stream.getvalue().splitlines() == ["┌ SMS +8613800000001", "│ 您的号为7号", "└ d1"]


async def test_a_journal_or_a_file_gets_neither_number_nor_words() -> None:
    stream = io.StringIO()
    assert await ConsoleGateway(stream).send(letter("https://visit.example/join#secret")) is None
    assert stream.getvalue().splitlines() == ["┌ SMS – number and words are in the outbox", "└ d1"]
