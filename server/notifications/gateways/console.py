"""The gateway of a house without a provider: prints the message where the operator of the machine can read it."""

from typing import TextIO

from server.notifications.deliveries import Letter


class ConsoleGateway:
    """Prints to ``stream`` and keeps nothing; what was said stays in the outbox.

    To a terminal the whole message. Anything else – a journal, a file, a container's log – is kept by somebody, and
    is told that a message went, without number and words: a join link in a log would be a way in.
    """

    name = "console"
    receipts = False

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    async def send(self, letter: Letter) -> str | None:
        end = f"└ {letter.delivery_id}"
        whole = (f"┌ SMS {letter.address}", *(f"│ {line}" for line in letter.text.splitlines()), end)
        lines = whole if self._stream.isatty() else ("┌ SMS – number and words are in the outbox", end)
        self._stream.write("\n".join(lines) + "\n")
        self._stream.flush()
        return None
