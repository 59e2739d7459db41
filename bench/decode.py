"""How many samples of six readings one core decodes and checks: the three ways through our JSON."""

from collections.abc import Callable, Sequence
from time import process_time

from bench.figures import Figure, Section
from bench.six_vitals import message
from devices.codecs import native, native_own, native_plain

SENT = "2026-11-21T09:30:00.120Z"
WAYS: dict[str, Callable[[bytes], object]] = {
    "the shortest way": native_own.decode,
    "the plain way": native_plain.decode,
    "with care": native.decode_with_care,
}


async def measure(quick: bool) -> Section:
    rounds, messages = (3, 200) if quick else (15, 2000)
    sizes = (1, 10)
    runs = {(way, size): _nothing() for way in WAYS for size in sizes}
    for _ in range(rounds):
        for (way, size), done in runs.items():
            done.append([_samples_a_second(WAYS[way], size, messages // size)])
    return Section(
        title="Decoded and checked",
        command=".venv/bin/python -m bench decode",
        method=f"Samples of six readings a second of processor time, native JSON, {rounds} rounds by turns.",
        figures=[
            Figure(name=way, against=f"{size} a message", unit="samples/s", runs=done)
            for (way, size), done in runs.items()
        ],
    )


def _nothing() -> list[Sequence[float]]:
    return []


def _samples_a_second(decode: Callable[[bytes], object], size: int, messages: int) -> float:
    payload = message(1, SENT, size)
    begun = process_time()
    for _ in range(messages):
        decode(payload)
    return size * messages / (process_time() - begun)
