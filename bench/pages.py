"""Pages that watch patients while something is measured: Socket.IO clients, one a patient, no browser."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import socketio

from bench.ward import Ward

PAGES = 10
PATIENCE_S = 60  # a machine that is measured is a busy one


@asynccontextmanager
async def watching(ward: Ward, pages: int = PAGES) -> AsyncIterator[list[int]]:
    """Deltas that each page has had; page and patient by turns where there are fewer patients."""
    had = [0] * pages
    async with AsyncExitStack() as stack:
        for page in range(pages):
            wearer = ward.wearers[page % len(ward.wearers)]
            await stack.enter_async_context(_page(ward, wearer.patient_id, had, page))
        yield had


@asynccontextmanager
async def _page(ward: Ward, patient_id: str, had: list[int], page: int) -> AsyncIterator[None]:
    def delta(_: object) -> None:
        had[page] += 1

    client = socketio.AsyncClient(request_timeout=PATIENCE_S)
    client.on("delta", delta)
    headers = {"Cookie": ward.cookie}
    await client.connect(
        ward.hospital.url,
        headers,
        auth={"as": "staff"},
        transports=["websocket"],
        socketio_path="live",
        wait_timeout=PATIENCE_S,
    )
    reply = await client.call("subscribe", {"topic": f"patient:{patient_id}"})
    assert reply["ok"], reply
    try:
        yield
    finally:
        await client.disconnect()
