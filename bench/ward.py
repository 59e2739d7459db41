"""A ward to measure: a real server, and patients who wear devices – booked and fitted over its own API."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Self

import aiohttp
import sqlalchemy as sa

from devices.simulator import Plan, Report, simulate
from server.store.engine import connect
from server.store.tables import associations
from tests.devices import mosquitto
from tests.e2e.hospital import Hospital
from tests.e2e.people import PASSWORD
from tests.store.ward import Ward as StoredWard

DOCTOR, OPERATOR = "dr.wei", "desk"
AT_ONCE = 8  # requests, while the ward is made
WORN = timedelta(hours=1)


class Broker(StrEnum):
    EMBEDDED = "embedded broker"
    MOSQUITTO = "Mosquitto"


BROKERS = [Broker.EMBEDDED] if mosquitto.BINARY is None else [Broker.EMBEDDED, Broker.MOSQUITTO]


@dataclass(frozen=True)
class Wearer:
    patient_id: str
    device_id: str
    secret: str


@dataclass(frozen=True)
class Ward:
    """A running hospital; ``cookie`` is the doctor's, who may see every wearer."""

    hospital: Hospital
    mqtt_port: int
    cookie: str
    wearers: Sequence[Wearer]


@asynccontextmanager
async def open_ward(size: int, broker: Broker, more: Mapping[str, str] | None = None) -> AsyncIterator[Ward]:
    """``more`` settings than those that lead to the broker."""
    with tempfile.TemporaryDirectory(prefix="bedside-bench-") as name, _broker(Path(name), broker) as settings:
        hospital = Hospital(Path(name, "hospital"), {**settings, **(more or {})})
        hospital.add_staff("doctor", DOCTOR, "Lin Wei", PASSWORD)
        hospital.add_staff("operator", OPERATOR, "Chen Jing", PASSWORD)
        hospital.add_session(DOCTOR, "Cardiology")
        await hospital.start()
        try:
            port = int(settings.get("MQTT__PORT", hospital.mqtt))
            async with _Api(hospital, DOCTOR) as doctor, _Api(hospital, OPERATOR) as operator:
                wearers = await _fill(doctor, operator, size)
                await _wear_them_longer(hospital)
                yield Ward(hospital, port, doctor.cookie, wearers)
        finally:
            await hospital.stop()


async def play(ward: Ward, wearers: Sequence[Wearer], seconds: float) -> Report:
    """1 Hz each, with store-and-forward, from a process of its own: the measuring one must not wait for it."""
    accounts = [(wearer.device_id, wearer.secret) for wearer in wearers]
    plan = Plan("127.0.0.1", ward.mqtt_port, accounts, rate_hz=1, duration_s=seconds)
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return await asyncio.get_running_loop().run_in_executor(pool, _play, plan)


def _play(plan: Plan) -> Report:
    return asyncio.run(simulate(plan))


@contextmanager
def _broker(folder: Path, broker: Broker) -> Iterator[Mapping[str, str]]:
    """The settings that lead there. Mosquitto: anonymous, persistent, its own defaults else."""
    if broker is Broker.EMBEDDED:
        yield {}
        return
    server = mosquitto.Mosquitto(folder)
    server.start()
    try:
        yield {"MQTT__BROKER": "outside", "MQTT__PORT": str(server.port)}
    finally:
        server.kill()


async def _fill(doctor: "_Api", operator: "_Api", size: int) -> list[Wearer]:
    session = (await doctor.get("/sessions"))[0]["id"]
    turnstile = asyncio.Semaphore(AT_ONCE)

    async def admit(number: int) -> Wearer:
        async with turnstile:
            return await _admit(doctor, operator, session, number)

    return await asyncio.gather(*map(admit, range(size)))


async def _admit(doctor: "_Api", operator: "_Api", session: str, number: int) -> Wearer:
    who = {
        "name": f"Patient {number}",
        "sex": "female",
        "birth_date": "1957-03-14",
        "phone": "138 0013 8000",
        "new": True,
    }
    booked = await doctor.post(f"/sessions/{session}/tickets", who)
    added = await operator.post("/devices", {"id": f"bench-{number}", "label": f"Oximeter {number}"})
    patient_id, device_id = booked["ticket"]["patient"]["id"], added["device"]["id"]
    await doctor.post(f"/patients/{patient_id}/devices", {"device_id": device_id, "profile": "adult-continuous"})
    return Wearer(patient_id, device_id, added["secret"])


async def _wear_them_longer(hospital: Hospital) -> None:
    """What is sent may have been measured a minute ago: it must have a patient, or nobody judges it."""
    url = hospital.settings.get("DATA__DATABASE", f"sqlite:///{hospital.data / 'bedside.sqlite'}")
    store = connect(url)
    try:
        await StoredWard(store).execute(sa.update(associations).values(from_at=datetime.now(UTC) - WORN))
    finally:
        await store.close()


class _Api:
    """Somebody of the staff at the HTTP API."""

    def __init__(self, hospital: Hospital, login: str) -> None:
        self._http = aiohttp.ClientSession(hospital.url, raise_for_status=True)
        self._login = login

    async def __aenter__(self) -> Self:
        await self.post("/sign-in", {"login": self._login, "password": PASSWORD})
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()

    @property
    def cookie(self) -> str:
        return "; ".join(f"{cookie.key}={cookie.value}" for cookie in self._http.cookie_jar)

    async def get(self, path: str) -> Any:  # noqa: ANN401 – JSON
        async with self._http.get(f"/api/v1{path}") as reply:
            return await reply.json()

    async def post(self, path: str, body: Mapping[str, object]) -> Any:  # noqa: ANN401 – JSON
        async with self._http.post(f"/api/v1{path}", json=body) as reply:
            return await reply.json()
