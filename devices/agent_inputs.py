"""How readings reach the agent: lines of JSON on a stream – standard input, a socket on this machine – and files in a
folder. Each line is answered by a line; a file is taken away once it is kept, under its name as the key.
"""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from devices.agent import MOST_BYTES, Agent, Answer
from devices.held_log import KEYS

CHUNK = 64 * 1024
AT_ONCE = 100  # lines of a file that share a sync
MOST_LINES = KEYS // 2  # of a file: it must be known again by its keys, should we be killed before it is removed
LOOK_EVERY_S = 0.5
NO_KEY = b'""'
REFUSED = "refused"  # the folder, inside the watched one, for files that can never be kept
LATER = {Answer.FULL, Answer.DISK_FULL}


class Lines:
    """A stream → whole lines. Of one that is longer than may be only a beginning is kept, long enough to be refused."""

    def __init__(self) -> None:
        self._begun = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        *whole, self._begun = (self._begun + chunk).split(b"\n")
        self._begun = self._begun[: MOST_BYTES + 1]
        return [line for line in whole if line.strip()]

    def end(self) -> list[bytes]:
        return [self._begun] if self._begun.strip() else []


async def answer_lines(agent: Agent, reader: asyncio.StreamReader, answer: Callable[[bytes], None]) -> None:
    """To the end of the stream. What is here already is kept together."""
    lines = Lines()
    while chunk := await reader.read(CHUNK):
        _answered(agent, lines.feed(chunk), answer)
    _answered(agent, lines.end(), answer)


def _answered(agent: Agent, lines: Sequence[bytes], answer: Callable[[bytes], None]) -> None:
    if lines:
        answer(b"".join(msgspec.json.encode(receipt) + b"\n" for receipt in agent.take(lines)))


async def listen(agent: Agent, place: str) -> asyncio.Server:
    """On a Unix socket, or on ``127.0.0.1:PORT``: whoever connects is believed, so any other is a ValueError."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer_lines(agent, reader, writer.write)
        except ConnectionError:
            pass  # whoever was not answered hands it over again
        finally:
            writer.close()

    host, colon, port = place.rpartition(":")
    if not colon:
        return await asyncio.start_unix_server(serve, place)
    if host not in {"127.0.0.1", "[::1]", "localhost"} or not port.isdigit():
        raise ValueError("readings are taken from this machine alone: 127.0.0.1:PORT, or the path of a socket")
    return await asyncio.start_server(serve, host.strip("[]"), int(port))


async def watch(agent: Agent, folder: Path) -> None:
    """For ever. A file is to be written under a name that begins with a dot, and renamed: names are used once."""
    while True:
        take_files(agent, folder)
        await asyncio.sleep(LOOK_EVERY_S)


def take_files(agent: Agent, folder: Path) -> None:
    """Those that are there, in the order of their names."""
    for file in sorted(folder.iterdir()):
        if file.is_file() and not file.name.startswith("."):
            take_file(agent, file)


def take_file(agent: Agent, file: Path) -> None:
    """Each line of it is a message. Kept and not yet removed when killed: known by its key, and only removed."""
    lines = [line for line in file.read_bytes().split(b"\n") if line.strip()]
    if len(lines) > MOST_LINES:
        _set_aside(file)
        return
    keyed = [_keyed(line, f"{file.name}:{number}") for number, line in enumerate(lines)]
    batches = (keyed[first : first + AT_ONCE] for first in range(0, len(keyed), AT_ONCE))
    answers = {receipt.answer for batch in batches for receipt in agent.take(batch)}
    if answers & LATER:
        return  # it stays where it is, until there is room
    if answers <= {Answer.KEPT, Answer.KEPT_BEFORE}:
        file.unlink()
    else:
        _set_aside(file)


def _set_aside(file: Path) -> None:
    (file.parent / REFUSED).mkdir(exist_ok=True)
    file.replace(file.parent / REFUSED / file.name)


def _keyed(line: bytes, key: str) -> bytes:
    """With a key of its own where it has none; what is no object stays as it is, to be refused."""
    try:
        said = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return line
    own = bytes(said.get("key", NO_KEY))
    return line if own != NO_KEY else msgspec.json.encode({**said, "key": key})
