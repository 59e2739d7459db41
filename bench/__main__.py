"""``python -m bench [NAME …] [--quick] [--write]``: measure, print each table as it is done, and keep them if asked."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime

from bench import (
    audit,
    bookings,
    call,
    day,
    decode,
    growth,
    history,
    ingest,
    known,
    latency,
    machine,
    memory,
    overload,
    start,
    waiting,
    waiting_pages,
    waves,
    wire,
)
from bench.figures import Section
from tests.children import ROOT

BENCHES: Mapping[str, Callable[[bool], Awaitable[Section]]] = {
    "start": start.measure,
    "memory": memory.measure,
    "latency": latency.measure,
    "decode": decode.measure,
    "wire": wire.measure,
    "ingest": ingest.measure,
    "overload": overload.measure,
    "growth": growth.measure,
    "live": growth.measure_promised,
    "call": call.measure,
    "audit": audit.measure,
    "waiting": waiting.measure,
    "bookings": bookings.measure,
    "known": known.measure,
    "waiting_pages": waiting_pages.measure,
    "crowd": waiting_pages.measure_crowd,
    "day": day.measure,
    "history": history.measure,
    "history_whole": history.measure_whole,
    "waves": waves.measure,
}
WHOLE = [name for name in BENCHES if name not in {"live", "history_whole"}]  # growth and history have their rows
KEPT = ROOT / "docs" / "figures.md"
HEADING = """# Figures

Measured, not chosen: `make bench` prints this page, `.venv/bin/python -m bench --write` writes it. What a row promises
is held against the 99th percentile of all its samples, against each of them, or against their mean. Medians and
spreads are over all runs.
"""


def main() -> int:
    """0; 1 where a promise was not kept."""
    wishes = _wishes()
    header = _header(machine.load())
    print(header, flush=True)
    sections = asyncio.run(_measure(wishes.names or WHOLE, quick=wishes.quick))
    if wishes.write:
        KEPT.write_text("\n".join([header, *(section.markdown() for section in sections)]))
    return int(any(figure.kept is False for section in sections for figure in section.figures))


def _wishes() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure what Bedside promises.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHES)}; all without")
    parser.add_argument("--quick", action="store_true", help="a small slice, to see that it runs; no figures")
    parser.add_argument(
        "--write",
        action="store_true",
        help=f"also write {KEPT.relative_to(ROOT)}, which then holds these benches alone",
    )
    wishes = parser.parse_args()
    if unknown := set(wishes.names) - set(BENCHES):
        parser.error(f"{', '.join(sorted(unknown))}: no such bench; there are {', '.join(BENCHES)}")
    if wishes.write and wishes.quick:
        parser.error("--write keeps figures of full size: no --quick")
    return wishes


def _header(load: str) -> str:
    """The load is that before the first measurement: who reads the figures can see whether the machine was quiet."""
    lines = [("measured", f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"), *machine.describe(), ("load before", load)]
    return "\n".join([HEADING, "| | |\n| --- | --- |", *(f"| {name} | {value} |" for name, value in lines), ""])


async def _measure(names: list[str], *, quick: bool) -> list[Section]:
    sections = []
    for name in names:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        sections.append(await BENCHES[name](quick))
        print(sections[-1].markdown(), flush=True)
    return sections


if __name__ == "__main__":
    sys.exit(main())
