"""Readings on their way into the agent: lines however they are cut, files that are taken once."""

import asyncio
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.agent import MOST_BYTES, Agent, Answer
from devices.agent_inputs import MOST_LINES, Lines, listen, take_files
from tests.devices.test_agent import line, setup_of


@given(st.lists(st.binary(min_size=1, max_size=9).filter(lambda one: b"\n" not in one and one.strip())), st.data())
def test_a_stream_gives_the_same_lines_wherever_it_is_cut(said: list[bytes], data: st.DataObject) -> None:
    stream, lines, heard = b"\n".join(said), Lines(), list[bytes]()
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        heard += lines.feed(stream[:size])
        stream = stream[size:]
    assert heard + lines.end() == said


def test_a_line_without_end_takes_no_memory_and_is_refused_for_its_length(tmp_path: Path) -> None:
    lines = Lines()
    for _ in range(100):
        assert lines.feed(b"x" * 10_000) == []
    agent = Agent(setup_of(tmp_path))
    [long, good] = lines.feed(b"\n" + line(97) + b"\n")
    assert len(long) == MOST_BYTES + 1
    assert [receipt.answer for receipt in agent.take([long, good])] == [Answer.TOO_LARGE, Answer.KEPT]
    agent.close()


@pytest.mark.parametrize("place", ["socket", "port"])
async def test_each_line_on_a_socket_is_answered_by_a_line(tmp_path: Path, place: str) -> None:
    agent = Agent(setup_of(tmp_path / "agent"))
    server = await listen(agent, str(tmp_path / "socket") if place == "socket" else "127.0.0.1:0")
    address = server.sockets[0].getsockname()
    opening = asyncio.open_unix_connection(address) if place == "socket" else asyncio.open_connection(*address)
    reader, writer = await opening
    writer.write(line(96, "a") + b"\n" + b"nonsense\n" + line(96, "a") + b"\n")
    answers = [json.loads(await reader.readline()) for _ in range(3)]
    assert answers == [
        {"answer": "kept", "seq": 1, "key": "a"},
        {"answer": "malformed"},
        {"answer": "kept before", "key": "a"},
    ]
    writer.close()
    server.close()
    agent.close()


@pytest.mark.parametrize("place", ["0.0.0.0:9", "192.168.0.7:9", "127.0.0.1:"])
async def test_readings_are_taken_from_this_machine_alone(tmp_path: Path, place: str) -> None:
    agent = Agent(setup_of(tmp_path))
    with pytest.raises(ValueError, match="this machine"):
        await listen(agent, place)
    agent.close()


def test_a_file_is_taken_away_once_it_is_kept_and_taken_once(tmp_path: Path) -> None:
    agent = Agent(setup_of(tmp_path / "agent"))
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "1").write_bytes(line(96) + b"\n" + line(97) + b"\n")
    (inbox / ".2").write_bytes(line(98))
    content = (inbox / "1").read_bytes()
    take_files(agent, inbox)
    assert ([file.name for file in inbox.iterdir()], agent.status.held) == ([".2"], 2)
    (inbox / "1").write_bytes(content)  # as though it had been killed before it could remove it
    take_files(agent, inbox)
    assert ([file.name for file in inbox.iterdir()], agent.status.held) == ([".2"], 2)
    agent.close()


def test_a_file_that_can_never_be_kept_is_set_aside_and_its_good_lines_are_kept(tmp_path: Path) -> None:
    agent = Agent(setup_of(tmp_path / "agent"))
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "bad").write_bytes(line(96) + b"\nnonsense\n")
    (inbox / "long").write_bytes(b"\n".join([b"{}"] * (MOST_LINES + 1)))
    take_files(agent, inbox)
    assert sorted(file.name for file in (inbox / "refused").iterdir()) == ["bad", "long"]
    assert agent.status.held == 1
    agent.close()
