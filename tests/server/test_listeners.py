"""Which TCP listeners the settings turn on, where, and for whom."""

import asyncio
import ssl
from datetime import UTC, datetime
from pathlib import Path

from devices.arrivals import Arrival
from devices.reader import Entry
from devices.tcp.mllp import block
from server.listener_settings import MllpSection
from server.listeners import Listeners
from server.settings import Settings
from server.tls import ensure_certificates

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


async def stored(arrival: Arrival) -> Entry:
    return Entry(arrival)


def no_tls() -> ssl.SSLContext:
    raise AssertionError("no listener asks for TLS")


async def test_nobody_listens_until_the_settings_say_so() -> None:
    listeners = Listeners(Settings(), stored, lambda: NOON)
    assert await listeners.start(no_tls) == {}
    assert listeners.counters() == {}
    await listeners.close()


async def test_what_is_said_may_be_hidden_on_its_way(tmp_path: Path) -> None:
    mllp = MllpSection(listen=True, port=0, tls=True, allow=("127.0.0.1",), devices={"MON": "OX-1"})
    listeners = Listeners(Settings(mllp=mllp), stored, lambda: NOON)
    certificates = ensure_certificates(tmp_path, ["localhost"], datetime.now(UTC))
    port = (await listeners.start(certificates.context))["mllp"]
    trusting = ssl.create_default_context(cafile=certificates.authority)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting, server_hostname="localhost")
    writer.write(block(b"MSH|^~\\&|MON||||||ORU^R01|7|P|2.6\r"))
    assert b"MSA|AA|" in await asyncio.wait_for(reader.readuntil(b"\x1c\r"), 60)
    writer.close()
    await listeners.close()


async def test_who_is_allowed_is_answered_and_all_is_counted() -> None:
    mllp = MllpSection(listen=True, port=0, allow=("127.0.0.1",), devices={"MON": "OX-1"})
    listeners = Listeners(Settings(mllp=mllp), stored, lambda: NOON)
    port = (await listeners.start(no_tls))["mllp"]
    for sender, said in (("MON", b"MSA|AA|"), ("TUE", b"MSA|AR|")):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(block(f"MSH|^~\\&|{sender}||||||ORU^R01|7|P|2.6\r".encode()))
        assert said in await asyncio.wait_for(reader.readuntil(b"\x1c\r"), 60)
        writer.close()
    assert listeners.counters() == {"mllp_messages": 1, "mllp_unknown_device": 1}
    await listeners.close()
