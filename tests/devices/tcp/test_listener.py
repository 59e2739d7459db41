"""A listener by real connections: acknowledged after storing, addresses, bounds in time and size."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest

from devices.arrivals import Arrival, KnownDevice
from devices.handover import NotTaken
from devices.reader import Entry, Reader
from devices.tcp.astm import Astm
from devices.tcp.conversation import Conversation, Fault
from devices.tcp.listener import Limits, Listener, Peers, Place
from devices.tcp.mllp import Mllp, block
from devices.tcp.poct1a import Poct1a
from tests.devices.codecs.sample_files import shipped

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
LAB, SESSION = shipped("hl7v2/poct_lab_loinc.hl7"), shipped("astm/session.bin")
HELLO, RESULTS = shipped("poct1a/hel.xml"), shipped("poct1a/obs.xml")
HERE = (ip_network("127.0.0.0/8"),)
METER, ROOMY = Peers(HERE, {"127.0.0.1": "GM-1"}), Limits()
IN_TIME_S = 60


class Registry:
    def known(self, device_id: str) -> KnownDevice | None:
        return KnownDevice(device_id, timedelta(0)) if device_id.startswith("GM") else None


class Store:
    """Reads like ingest, keeps what it was given, and commits when it is let."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.waiting = asyncio.Event()
        self.may_commit = asyncio.Event()
        self.may_commit.set()
        self.closed = False
        self._reader = Reader(Registry())

    async def __call__(self, arrival: Arrival) -> Entry:
        self.waiting.set()
        await self.may_commit.wait()
        if self.closed:
            raise NotTaken
        self.entries.append(self._reader.read(arrival))
        return self.entries[-1]

    @property
    def values(self) -> list[float]:
        messages = [entry.message for entry in self.entries if entry.message]
        return [reading.value for message in messages for reading in message.body.readings]


@pytest.fixture
def store() -> Store:
    return Store()


@asynccontextmanager
async def listening(
    converse: Callable[[], Conversation],
    store: Store,
    peers: Peers = METER,
    limits: Limits = ROOMY,
) -> AsyncIterator[tuple[Listener, int]]:
    listener = Listener(converse, peers, store, lambda: NOON, limits=limits)
    port = await listener.start(Place("127.0.0.1", 0))
    try:
        yield listener, port
    finally:
        await listener.close()


class Peer:
    """A device at the other end of a real socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def says(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def hears(self, end: bytes) -> bytes:
        async with asyncio.timeout(IN_TIME_S):
            return await self.reader.readuntil(end)

    async def hears_bytes(self, count: int) -> bytes:
        async with asyncio.timeout(IN_TIME_S):
            return await self.reader.readexactly(count)

    async def hears_the_end(self) -> bytes:
        """What is left until the connection is closed, whether by FIN or by RST."""
        async with asyncio.timeout(IN_TIME_S):
            try:
                return await self.reader.read()
            except ConnectionError:
                return b""


@asynccontextmanager
async def device(port: int) -> AsyncIterator[Peer]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Peer(reader, writer)
    finally:
        writer.close()


@contextmanager
def held_up(store: Store) -> Iterator[None]:
    store.may_commit.clear()
    try:
        yield
    finally:
        store.may_commit.set()


async def quiet(peer: Peer) -> bool:
    """Whether nothing is said although everything that could be said had its turn."""
    for _ in range(50):
        await asyncio.sleep(0)
    return not peer.reader._buffer  # type: ignore[attr-defined]


async def test_hl7_is_acknowledged_after_it_was_stored_and_not_before(store: Store) -> None:
    async with listening(Mllp, store) as (listener, port), device(port) as monitor:
        with held_up(store):
            await monitor.says(block(LAB))
            await asyncio.wait_for(store.waiting.wait(), IN_TIME_S)
            assert await quiet(monitor)
        assert b"MSA|AA|MSG00002" in await monitor.hears(b"\x1c\r")
        assert store.values == [2.6, 5.0, 5.8, 132.0, 12.5]
        assert (listener.stored, listener.faults) == (1, {})


async def test_poct1a_greets_and_acknowledges_results_after_they_were_stored(store: Store) -> None:
    peers = Peers(HERE, {"00A0370000000001": "GM-7", "127.0.0.1": "GM-1"})
    async with listening(Poct1a, store, peers) as (_, port), device(port) as meter:
        await meter.says(HELLO)
        assert b'<ACK.ack_control_id V="1"/>' in await meter.hears(b"</ACK.R01>")
        with held_up(store):
            await meter.says(RESULTS)
            await asyncio.wait_for(store.waiting.wait(), IN_TIME_S)
            assert await quiet(meter)
        assert b'<ACK.type_cd V="AA"/><ACK.ack_control_id V="7"/>' in await meter.hears(b"</ACK.R01>")
        assert store.values == [5.4, 2.4]
        assert [entry.arrival.topic for entry in store.entries] == ["bedside/v1/GM-7/poct1a"]


async def test_astms_last_frame_is_acknowledged_after_the_message_was_stored(store: Store) -> None:
    async with listening(Astm, store) as (_, port), device(port) as meter:
        with held_up(store):
            await meter.says(SESSION)
            await asyncio.wait_for(store.waiting.wait(), IN_TIME_S)
            assert await meter.hears_bytes(9) == b"\x06" * 9  # ENQ and eight frames; the ninth ends the message
            assert await quiet(meter)
        assert await meter.hears_bytes(1) == b"\x06"
        assert len(store.values) == 4


async def test_a_store_that_closes_acknowledges_nothing(store: Store) -> None:
    async with listening(Mllp, store) as (_, port), device(port) as monitor:
        store.closed = True
        await monitor.says(block(LAB))
        assert await monitor.hears_the_end() == b""


async def test_an_address_that_is_not_on_the_list_hears_nothing(store: Store) -> None:
    peers = Peers((ip_network("10.0.0.0/8"),), {"127.0.0.1": "GM-1"})
    async with listening(Mllp, store, peers) as (listener, port), device(port) as stranger:
        assert await stranger.hears_the_end() == b""
        assert listener.faults == {Fault.NOT_ALLOWED: 1}
    assert store.entries == []


async def test_a_device_that_is_not_set_is_refused_by_name_and_its_message_is_not_taken(store: Store) -> None:
    async with listening(Mllp, store, Peers(HERE, {"other": "GM-1"})) as (listener, port), device(port) as monitor:
        await monitor.says(block(LAB))
        answer = await monitor.hears(b"\x1c\r")
        assert b"MSA|AR|MSG00002" in answer
        assert b"unknown_device" in answer
        assert listener.faults == {Fault.UNKNOWN_DEVICE: 1}
    assert store.entries == []


async def test_a_device_that_was_revoked_is_refused_and_its_bytes_lie_in_quarantine(store: Store) -> None:
    async with listening(Mllp, store, Peers(HERE, {"POCT": "REVOKED"})) as (_, port), device(port) as monitor:
        await monitor.says(block(LAB))
        assert b"MSA|AR|MSG00002" in await monitor.hears(b"\x1c\r")
    assert [entry.quarantined.payload for entry in store.entries if entry.quarantined] == [LAB]


async def test_a_bad_message_is_answered_and_the_next_one_is_taken(store: Store) -> None:
    async with listening(Mllp, store) as (_, port), device(port) as monitor:
        await monitor.says(block(b"MSH|junk") + block(LAB))
        assert b"MSA|AE|" in await monitor.hears(b"\x1c\r")
        assert b"MSA|AA|" in await monitor.hears(b"\x1c\r")
    assert len(store.values) == 5


async def test_a_dtd_is_refused_and_nothing_is_expanded(store: Store) -> None:
    async with listening(Poct1a, store) as (_, port), device(port) as meter:
        await meter.says(b'<!DOCTYPE x [<!ENTITY a "b">]><OBS.R01>&a;</OBS.R01>')
        assert b'V="AE"' in await meter.hears(b"</ACK.R01>")
    assert [entry.quarantined.reason for entry in store.entries if entry.quarantined] == ["forbidden"]


async def test_connections_are_bounded_in_all_and_for_one_address(store: Store) -> None:
    for limits in (Limits(connections=1), Limits(of_one_address=1)):
        async with listening(Mllp, store, limits=limits) as (listener, port), device(port) as first:
            await first.says(block(LAB))
            await first.hears(b"\x1c\r")
            async with device(port) as second:
                assert await second.hears_the_end() == b""
            assert listener.faults == {Fault.TOO_MANY: 1}
            await first.says(block(LAB))
            await first.hears(b"\x1c\r")


async def test_who_leaves_makes_room(store: Store) -> None:
    async with listening(Mllp, store, limits=Limits(connections=1)) as (_, port):
        for _ in range(3):
            async with device(port) as monitor:
                await monitor.says(block(LAB))
                await monitor.hears(b"\x1c\r")
                monitor.writer.write_eof()
                await monitor.hears_the_end()


@pytest.mark.parametrize("said", [b"", b"\x0bMSH|half"])
async def test_who_is_silent_too_long_between_or_within_messages_is_let_go(store: Store, said: bytes) -> None:
    limits = Limits(message_s=0.05, idle_s=0.05)
    async with listening(Mllp, store, limits=limits) as (listener, port), device(port) as monitor:
        await monitor.says(said)
        assert await monitor.hears_the_end() == b""
        assert listener.faults == {Fault.TOO_SLOW: 1}


async def test_a_message_that_trickles_in_is_let_go_in_the_time_of_one_message(store: Store) -> None:
    limits = Limits(message_s=0.3, idle_s=IN_TIME_S)
    async with listening(Mllp, store, limits=limits) as (listener, port), device(port) as monitor:
        await monitor.says(b"\x0b")
        while not monitor.reader.at_eof() and not listener.faults:
            monitor.writer.write(b"M")
            await asyncio.sleep(0.02)
        assert listener.faults == {Fault.TOO_SLOW: 1}


async def test_garbage_ends_that_connection_and_no_other(store: Store) -> None:
    async with listening(Mllp, store) as (listener, port), device(port) as good, device(port) as bad:
        await bad.says(b"GET / HTTP/1.1\r\n\r\n")
        assert await bad.hears_the_end() == b""
        assert listener.faults == {Fault.MALFORMED: 1}
        await good.says(block(LAB))
        assert b"MSA|AA" in await good.hears(b"\x1c\r")


async def test_a_meter_that_hangs_up_after_acknowledged_records_loses_none(store: Store) -> None:
    async with listening(Astm, store) as (_, port):
        async with device(port) as meter:
            await meter.says(SESSION[: SESSION.index(b"\x020R")])
            await meter.hears_bytes(8)
            meter.writer.write_eof()
            await meter.hears_the_end()
        assert len(store.values) == 4


async def test_closing_lets_everybody_go(store: Store) -> None:
    async with listening(Mllp, store) as (listener, port), device(port) as monitor:
        await monitor.says(block(LAB))
        await monitor.hears(b"\x1c\r")
        await listener.close()
        assert await monitor.hears_the_end() == b""
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
