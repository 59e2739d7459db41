"""What a message costs the process that receives it: our MQTT client against paho as it comes."""

import asyncio
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from time import process_time

from paho.mqtt.enums import CallbackAPIVersion

from bench.figures import Figure, Section
from bench.six_vitals import message
from devices.mqtt_endpoint import Endpoint
from devices.mqtt_frames import Publish
from devices.mqtt_loop import Driver
from devices.wire import LinkClient, StockClient, WireClient
from tests.devices.raw_mqtt import publish

KINDS: dict[str, type[LinkClient]] = {"wire": WireClient, "stock paho": StockClient}
SENT = "2026-11-21T09:30:00.120Z"
WINDOW, RING = 1000, 5000


async def measure(quick: bool) -> Section:
    rounds, count = (2, 5_000) if quick else (7, 50_000)
    runs: dict[tuple[str, int], list[Sequence[float]]] = {(name, qos): [] for name in KINDS for qos in (0, 1)}
    for _ in range(rounds):
        for (name, qos), done in runs.items():
            done.append([await _cost_us(KINDS[name], count, qos)])
    return Section(
        title="Receiving over MQTT",
        command=".venv/bin/python -m bench wire",
        method=f"Processor time of the receiving process a message of six readings ({len(message(1, SENT))} bytes), "
        f"from the socket to a callback, acknowledged at once, {WINDOW} under way; {count} messages, {rounds} rounds "
        "by turns, the broker a process of its own that only sends.",
        figures=[Figure(name=name, against=f"QoS {qos}", unit="µs", runs=done) for (name, qos), done in runs.items()],
    )


async def _cost_us(kind: type[LinkClient], count: int, qos: int) -> float:
    done, heard, begun = asyncio.Event(), 0, 0.0

    def hear(publishes: Sequence[Publish]) -> None:
        nonlocal heard, begun
        begun = begun or process_time()
        heard += len(publishes)
        if qos:
            client.puback([one.packet_id for one in publishes])
        if heard >= count:
            done.set()

    client = kind(CallbackAPIVersion.VERSION2, client_id="bench", manual_ack=True)
    client.listen(hear)
    with _firehose(count, qos) as port:
        await Driver(client, Endpoint("127.0.0.1", port, "bench", "")).connect()
        await asyncio.wait_for(done.wait(), 120)
        cost = process_time() - begun
        client.let_go()
    return cost / count * 1e6


@contextmanager
def _firehose(count: int, qos: int) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        child = get_context("fork").Process(target=_send, args=(server, count, qos), daemon=True)
        child.start()
        yield server.getsockname()[1]
        child.join(30)


def _send(server: socket.socket, count: int, qos: int) -> None:
    """Accepts one client and sends, as long as no more than the window is unacknowledged."""
    ring = [publish("bedside/v1/bench-1/readings", message(1, SENT), qos=qos, mid=mid) for mid in range(1, RING + 1)]
    peer, _ = server.accept()
    peer.recv(1000)
    peer.sendall(bytes.fromhex("20020000"))
    sent = answered = 0  # messages; bytes, of which a PUBACK has four
    while sent < count or (qos and answered < 4 * count):
        under_way = sent - answered // 4 if qos else 0
        some = min(100, count - sent, WINDOW - under_way)
        peer.sendall(b"".join(ring[(sent + each) % RING] for each in range(some)))
        sent += some
        if qos and (under_way + some >= WINDOW or sent == count):
            answered += len(peer.recv(65536))
    peer.recv(1000)
