"""Waveforms: what a ward of ECGs costs in processor time and in bytes, and how fast a day of one is looked at."""

import time
from base64 import b64encode
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import sqlalchemy as sa

from bench.figures import Figure, Section
from devices.arrivals import Arrival, KnownDevice, Receipt
from devices.heartbeat import Beats
from devices.ingest import Ingest
from devices.journal import Committed
from devices.reader import Reader
from server.access.principal import Principal
from server.access.roles import Role
from server.monitoring.waves import Waves, WaveWish
from server.store.engine import Store, open_store
from server.store.journal import StoreJournal
from server.store.waves import WaveQueries
from tests.store.filled import plain
from tests.store.ward import DOCTOR, NOON, Ward

WARD = 50
ASKED = 20
AT_ONCE = 1_000  # messages of the day that is written beforehand
SPANS = {"a day": timedelta(days=1), "ten minutes": timedelta(minutes=10), "ten seconds": timedelta(seconds=10)}
ECG = b64encode(Beats("ecg_ii", "bench").second(72)).decode()


class Loopback:
    """A link that nobody is at the other end of, and a registry that knows everybody."""

    async def arrivals(self, linger_s: float, limit: int) -> list[Arrival]:
        raise NotImplementedError

    def acknowledge(self, receipts: Sequence[Receipt]) -> None: ...
    def publish_ack(self, device_id: str, epoch: str | None, seq: int) -> None: ...
    def tell(self, topic: str, payload: bytes) -> None: ...

    def known(self, device_id: str) -> KnownDevice | None:
        return KnownDevice(device_id, timedelta(0))


async def measure(quick: bool) -> Section:
    seconds, hours = (5, 0.1) if quick else (120, 24)
    with TemporaryDirectory(prefix="bedside-waves-") as folder:
        cost, bytes_an_hour = await _ward(Path(folder, "ward.sqlite"), seconds)
        looks = await _day(Path(folder, "day.sqlite"), int(hours * 3600))
    return Section(
        title="Waveforms",
        command=".venv/bin/python -m bench waves",
        method=f"{WARD} patients with an ECG of 250 Hz, a block a second each, {seconds} s of it: decoded, stored with "
        "the seconds that they come to, acknowledged; SQLite, synchronous FULL, a commit a second. Then one patient's "
        f"{hours:g} h, asked {ASKED} times of the service that HTTP asks; the database is warm.",
        figures=[
            Figure(name="processor time a block", against="SQLite", unit="µs", runs=[cost]),
            Figure(name="stored an hour and ECG", against="SQLite", unit="MB", runs=[[bytes_an_hour]]),
            *(
                Figure(name=f"{name} looked at", against="SQLite", unit="ms", runs=[took])
                for name, took in looks.items()
            ),
        ],
        notes=["Samples alone are 1.8 MB an hour; the rest: row, keys, lowest and highest of each second."],
    )


async def _ward(file: Path, seconds: int) -> tuple[list[float], float]:
    """µs of processor time a block, second by second; MB an hour and ECG."""
    store = await open_store(f"sqlite:///{file}")
    ingest = _ingest(store)
    ward = Ward(store)
    await ward.open()
    devices = [await _worn(ward, f"E-{number}") for number in range(WARD)]
    await ingest.take([_second(device, 0) for device in devices])  # numpy is loaded, statements are compiled
    empty, cost = await _size(store), list[float]()
    for second in range(1, seconds + 1):
        arrivals = [_second(device, second) for device in devices]
        begun = time.process_time()
        await ingest.take(arrivals)
        cost.append((time.process_time() - begun) / WARD * 1e6)
    full = await _size(store)
    await store.close()
    return cost, (full - empty) / (WARD * seconds) * 3600 / 1e6


async def _day(file: Path, seconds: int) -> dict[str, list[float]]:
    """Milliseconds by span."""
    store = await open_store(f"sqlite:///{file}")
    ward = Ward(store)
    await ward.open()
    patient = await ward.worn("E-1")
    ingest = _ingest(store)
    for start in range(0, seconds, AT_ONCE):
        await ingest.take([_second("E-1", second) for second in range(start, min(seconds, start + AT_ONCE))])
    waves = Waves(partial(store.read, WaveQueries))
    end = NOON + timedelta(seconds=seconds)
    looks = {name: await _ask(waves, WaveWish(patient, "ecg_ii", end - span, end, 600)) for name, span in SPANS.items()}
    await store.close()
    return looks


async def _ask(waves: Waves, wish: WaveWish) -> list[float]:
    took = []
    for _ in range(ASKED + 1):
        begun = time.perf_counter()
        view = await waves.of(Principal(Role.DOCTOR, DOCTOR, "", ""), wish)
        took.append((time.perf_counter() - begun) * 1000)
        assert view.blocks or any(view.high)
    return took[1:]


def _ingest(store: Store) -> Ingest:
    link = Loopback()
    return Ingest(link, StoreJournal(store), Reader(link), committed=_nobody, clock=lambda: NOON)


async def _nobody(_committed: Committed) -> None: ...


async def _worn(ward: Ward, device: str) -> str:
    await ward.worn(device)
    return device


def _second(device: str, second: int) -> Arrival:
    start = NOON + timedelta(seconds=second)
    said = {"epoch": "e", "seq": second + 1, "start": start, "rate": 250, "unit": "mV", "gain": 0.005, "samples": ECG}
    received = start + timedelta(seconds=1)
    return Arrival(f"bedside/v1/{device}/wave/ecg_ii", msgspec.json.encode(said), False, received, Receipt(1, 1))


async def _size(store: Store) -> int:
    """Bytes of the database's pages, those in its log too."""
    async with store.read(plain) as connection:
        pages = sa.text("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")
        return await connection.scalar(pages) or 0
