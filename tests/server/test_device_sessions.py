"""A device's life at a running hospital: refused by name, connected, green with the shown line, cut within seconds."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import ClientSession, encode_basic_auth

from devices import topics
from devices.mqtt import DeviceClient
from devices.mqtt_endpoint import Endpoint, Tls
from devices.tcp.mllp import block
from server import desk
from server.access.principal import Principal
from server.access.roles import Role
from server.app import Bedside, open_bedside
from server.listener_settings import MllpSection
from server.monitoring.device_lines import ready_lines
from server.monitoring.plate import Plate
from server.monitoring.views import Connectivity, Lines
from server.settings import Data, Mqtt, Settings, Web
from tests.devices.authority import Authority, Pair
from tests.ports import free_port

OPERATOR = Principal(Role.OPERATOR, "operator", "Front desk", "s")
CUT_WITHIN_S = 5.0
HL7 = "MSH|^~\\&|MON||||20261121093000+0000||ORU^R01|7|P|2.6\rOBX|1|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC||97|%|||||F\r"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


@pytest.fixture
async def hospital(tmp_path: Path, authority: Authority) -> AsyncIterator[Bedside]:
    web = Web(host="127.0.0.1", http_port=free_port(), https_port=free_port())
    mllp = MllpSection(listen=True, port=0, allow=("127.0.0.1",), devices={"127.0.0.1": "OX-1"})
    mqtt = Mqtt(port=0, tls_port=free_port(), device_ca=authority.file)
    settings = Settings(web=web, mqtt=mqtt, mllp=mllp, data=Data(directory=tmp_path / "data"))
    bedside = await open_bedside(settings, demo=False)
    await bedside.start()
    yield bedside
    await bedside.stop()


@pytest.fixture
async def secret(hospital: Bedside) -> str:
    """Of OX-1."""
    now = datetime.now(UTC)
    added = await hospital.services.registering.devices.add(
        "system", "OX-1", None, now, plate=Plate("Contec", "PM10", "1")
    )
    return added.secret


class Session:
    """A live MQTT session of OX-1."""

    def __init__(self, hospital: Bedside, secret: str, shows: Pair | None = None) -> None:
        self.up, self.down = asyncio.Event(), asyncio.Event()
        settings = hospital._settings
        tls = Tls(settings.data.directory / "ca.crt", *shows) if shows else None
        port = settings.mqtt.tls_port if shows else hospital.ports["mqtt"]
        self.client = DeviceClient(Endpoint("127.0.0.1", port, "OX-1", secret, tls=tls))
        self.client.on_up = self.up.set
        self.client.on_down = lambda _reason: self.down.set()

    async def open(self) -> "Session":
        await self.client.connect()
        await asyncio.wait_for(self.up.wait(), 10)
        return self


async def connectivity(hospital: Bedside, wanted: str) -> Connectivity:
    """Once it is as wanted."""
    async with asyncio.timeout(10):
        while True:
            seen = (await hospital.services.registering.device_reader.detail(OPERATOR, "OX-1")).connectivity
            if seen.state == wanted:
                return seen
            await asyncio.sleep(0.05)


async def post(hospital: Bedside, secret: str) -> int:
    url = f"http://127.0.0.1:{hospital.ports['http']}/api/v1/readings?format=readings"
    headers = {"Authorization": encode_basic_auth("OX-1", secret)}
    async with ClientSession(headers=headers) as http, http.post(url, data=b'{"readings": []}') as response:
        return response.status


async def test_a_wrong_secret_is_seen_by_name_and_a_live_session_too(hospital: Bedside, secret: str) -> None:
    wrong = Session(hospital, "wrong")
    with suppress(OSError):
        await wrong.client.connect()
    refused = await connectivity(hospital, "refused")
    assert refused.last_refusal is not None
    assert refused.last_refusal.reason == "credential"
    wrong.client.drop()
    session = await Session(hospital, secret).open()
    assert (await connectivity(hospital, "connected")).first_message_at is None
    session.client.disconnect()
    await connectivity(hospital, "disconnected")


@pytest.mark.parametrize("tool", ["mosquitto_pub", "curl", "python"])
async def test_a_shown_line_turns_the_device_green(hospital: Bedside, secret: str, tool: str) -> None:
    if shutil.which(tool.replace("python", "sh")) is None:
        pytest.skip(f"{tool} is not here")
    assert (await connectivity(hospital, "never")).first_message_at is None
    await run(ready_lines(hospital.doors.addresses(), "OX-1"), tool, secret)
    async with asyncio.timeout(10):
        while (await hospital.services.registering.device_reader.detail(OPERATOR, "OX-1")).device.state != "active":
            await asyncio.sleep(0.05)


async def run(lines: Lines, tool: str, secret: str) -> None:
    """As a shell and Python run what was copied."""
    command = [sys.executable, "-c", lines.python] if tool == "python" else ["sh", "-c", getattr(lines, tool)]
    environment = {**os.environ, "SECRET": secret}
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=asyncio.subprocess.DEVNULL)
    assert await asyncio.wait_for(process.wait(), 60) == 0


async def test_a_revoked_device_is_cut_on_every_way_within_seconds(hospital: Bedside, secret: str) -> None:
    session = await Session(hospital, secret).open()
    assert await post(hospital, secret) == 200
    reader, writer = await asyncio.open_connection("127.0.0.1", hospital.ports["mllp"])
    writer.write(block(HL7.encode()))
    assert b"MSA|AA|7\r" in await asyncio.wait_for(reader.readuntil(b"\x1c\r"), 30)
    await hospital.services.registering.devices.revoke("system", "OX-1", datetime.now(UTC))
    async with asyncio.timeout(CUT_WITHIN_S):
        await session.down.wait()
        while await reader.read(1024):
            continue
    session.client.drop()
    writer.close()
    assert await post(hospital, secret) == 401


async def test_what_another_process_rotates_ends_the_old_session_here(hospital: Bedside, secret: str) -> None:
    """As the command line does it: nobody tells the server, it looks."""
    session = await Session(hospital, secret).open()
    printed = await desk.rotate_device(hospital._settings, "OX-1")
    async with asyncio.timeout(CUT_WITHIN_S):
        await session.down.wait()
    session.client.drop()
    assert await post(hospital, secret) == 401
    assert await post(hospital, printed.split()[3]) == 200
    assert topics.readings("OX-1") in printed


async def test_a_device_is_let_in_by_its_certificate_and_cut_when_that_has_ended(
    hospital: Bedside, secret: str, authority: Authority
) -> None:
    """By a process beside the server, as the command line does it."""
    assert secret
    own = authority.signs("OX-1")
    unbound = Session(hospital, "", own)
    with suppress(OSError):
        await unbound.client.connect()
    refused = await connectivity(hospital, "refused")
    assert refused.last_refusal is not None
    assert refused.last_refusal.reason == "credential"
    unbound.client.drop()
    printed = await desk.bind_certificate(hospital._settings, "OX-1", own.pem)
    await hospital._admitting.read()
    session = await Session(hospital, "", own).open()
    await desk.end_certificate(hospital._settings, "OX-1", printed.split()[0])
    async with asyncio.timeout(CUT_WITHIN_S):
        await session.down.wait()
    session.client.drop()
