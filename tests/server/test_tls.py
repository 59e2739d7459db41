"""The private authority: made once, kept secret, and its leaf followed when the machine's names change."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import ClientSession, TCPConnector, web

from server.tls import LEAF_LIFE, ensure_certificates

NOW = datetime.now(UTC)


async def test_a_browser_that_trusts_the_authority_trusts_the_server(tmp_path: Path) -> None:
    files = ensure_certificates(tmp_path / "tls", ["localhost", "127.0.0.1"], NOW)
    runner = web.AppRunner(web.Application())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=files.context())
    await site.start()
    port = runner.addresses[0][1]
    trusting = ssl.create_default_context(cafile=files.authority)
    async with ClientSession(connector=TCPConnector(ssl=trusting)) as client:
        for host in ("localhost", "127.0.0.1"):
            async with client.get(f"https://{host}:{port}/") as reply:
                assert reply.status == 404
    await runner.cleanup()


def test_keys_are_readable_by_the_owner_only(tmp_path: Path) -> None:
    files = ensure_certificates(tmp_path / "tls", ["localhost"], NOW)
    for key in (files.key, tmp_path / "tls" / "ca.key"):
        assert key.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "tls").stat().st_mode & 0o777 == 0o700


def test_the_authority_stays_and_the_leaf_follows_the_names(tmp_path: Path) -> None:
    first = ensure_certificates(tmp_path, ["localhost"], NOW)
    authority, leaf = (tmp_path / "ca.crt").read_bytes(), first.certificate.read_bytes()
    ensure_certificates(tmp_path, ["localhost"], NOW)
    assert first.certificate.read_bytes() == leaf
    ensure_certificates(tmp_path, ["localhost", "192.168.1.20"], NOW)
    assert first.certificate.read_bytes() != leaf
    assert (tmp_path / "ca.crt").read_bytes() == authority


def test_the_leaf_is_signed_again_before_it_ends(tmp_path: Path) -> None:
    first = ensure_certificates(tmp_path, ["localhost"], NOW)
    leaf = first.certificate.read_bytes()
    ensure_certificates(tmp_path, ["localhost"], NOW + LEAF_LIFE - timedelta(days=29))
    assert first.certificate.read_bytes() != leaf
