"""The embedded broker's TLS listener where devices may show certificates: who is let in, and as whom."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from devices.broker import EmbeddedBroker, TlsListener
from server.tls import Certificates
from tests.devices import raw_mqtt
from tests.devices.authority import Authority, Pair
from tests.devices.raw_mqtt import ACCEPTED, RawClient
from tests.devices.test_broker import running, self_signed

REFUSED = bytes.fromhex("20020004")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


@pytest.fixture
def own(authority: Authority) -> Pair:
    """Of ox1."""
    return authority.signs("ox1")


@pytest.fixture
async def broker(tmp_path: Path, authority: Authority, own: Pair) -> AsyncIterator[EmbeddedBroker]:
    bound = ssl.PEM_cert_to_DER_cert(own.pem)
    context = Certificates(*self_signed(tmp_path), None).context(authority.file)
    tls = TlsListener("127.0.0.1", 0, context, lambda device, shown: (device, shown) == ("ox1", bound))
    async with running(tls=tls) as broker:
        yield broker


async def answered(broker: EmbeddedBroker, folder: Path, shows: Pair | None, first: bytes) -> bytes:
    """What the broker answers a CONNECT with; nothing where the handshake comes to nothing."""
    assert broker.tls_port
    trust = ssl.create_default_context(cafile=folder / "cert.pem")
    if shows:
        trust.load_cert_chain(*shows)
    reader, writer = await asyncio.open_connection("127.0.0.1", broker.tls_port, ssl=trust)
    client = RawClient(reader, writer)
    try:
        client.send(first)
        return await client.read(4)
    except (OSError, asyncio.IncompleteReadError):
        return b""
    finally:
        writer.transport.abort()


async def test_the_bound_certificate_stands_for_the_secret(broker: EmbeddedBroker, tmp_path: Path, own: Pair) -> None:
    assert await answered(broker, tmp_path, own, raw_mqtt.connect("ox1", None)) == ACCEPTED
    assert await answered(broker, tmp_path, own, raw_mqtt.connect("ox1", "")) == ACCEPTED
    assert await answered(broker, tmp_path, own, raw_mqtt.connect("ox2", None)) == REFUSED  # nobody else's name


async def test_one_that_was_not_bound_is_nobodys(broker: EmbeddedBroker, tmp_path: Path, authority: Authority) -> None:
    """The same name, the same authority; and that of the server's own link."""
    assert await answered(broker, tmp_path, authority.signs("ox1"), raw_mqtt.connect("ox1", None)) == REFUSED
    service = broker.service.client_id
    assert await answered(broker, tmp_path, authority.signs(service), raw_mqtt.connect(service, None)) == REFUSED


async def test_another_authority_is_not_heard_at_all(broker: EmbeddedBroker, tmp_path: Path) -> None:
    forged = Authority(tmp_path / "other").signs("ox1")
    assert await answered(broker, tmp_path, forged, raw_mqtt.connect("ox1", "secret of ox1")) == b""


async def test_a_secret_that_is_said_is_judged(broker: EmbeddedBroker, tmp_path: Path, own: Pair) -> None:
    """Whoever shows a certificate too; and without one all is as it was."""
    assert await answered(broker, tmp_path, own, raw_mqtt.connect("ox1", "guessed")) == REFUSED
    assert await answered(broker, tmp_path, None, raw_mqtt.connect("ox1", "secret of ox1")) == ACCEPTED
    assert await answered(broker, tmp_path, None, raw_mqtt.connect("ox1", None)) == REFUSED
