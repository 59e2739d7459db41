"""Below the messages: origins, garbage, deflate, and pages that do not read."""

import asyncio
import json
import re
import resource
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from signaling import sockets
from signaling.engine import MESSAGE_LIMIT
from signaling.hub import HubLimits
from signaling.messages import Reason
from signaling.sockets import Backlog
from tests.signaling.hospital import (
    DOCTOR,
    PATIENT,
    VISIT,
    VISIT_TOPIC,
    Hospital,
    RawPage,
    doctor,
    hospital,
    patient,
    until,
)

WAVE_TOPIC = "wave:" + VISIT_TOPIC.partition(":")[2]
SMALL = HubLimits(backlog=Backlog(weight=256 * 1024), gather_s=0.001)


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


async def handshake(place: Hospital, method: str = "GET", query: str = "", **headers: str) -> int:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"{place.url}/live/?EIO=4&transport=polling{query}", headers=headers) as response,
    ):
        return response.status


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 200),
        ("own", 200),
        ("https://visit.hospital.example", 200),
        ("https://evil.example", 403),
        ("https://visit.hospital.example.evil.example", 403),
        ("http://127.0.0.1", 403),  # another port is another origin
        ("null", 403),
        ("http://[", 403),
    ],
)
async def test_a_foreign_origin_is_refused(origin: str | None, status: int) -> None:
    async with hospital() as place:
        headers = {} if origin is None else {"Origin": place.url if origin == "own" else origin}
        assert await handshake(place, **headers) == status


async def test_a_foreign_page_opens_no_websocket() -> None:
    async with hospital() as place, aiohttp.ClientSession(headers={"Cookie": f"bedside={DOCTOR}"}) as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(f"{place.url}/live/?EIO=4&transport=websocket", origin="https://evil.example")
        assert refused.value.status == 403


async def test_silent_sockets_of_one_machine_hold_up_no_page_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """They say nothing and hold the only place on the way in, one after the other; each loses it soon."""
    monkeypatch.setattr(sockets, "ENTERING", 1)
    monkeypatch.setattr(sockets, "SILENCE_S", 0.05)
    staff = {"Cookie": f"bedside={DOCTOR}"}
    async with (
        hospital() as place,
        aiohttp.ClientSession(headers=staff | {"X-From": "flood"}) as flood,
        aiohttp.ClientSession(headers=staff | {"X-From": "ward"}) as ward,
    ):
        url = f"{place.url}/live/?EIO=4&transport=websocket"
        floods = [asyncio.get_running_loop().create_task(flood.ws_connect(url)) for _ in range(20)]
        await asyncio.sleep(0.1)
        async with ward.ws_connect(url):
            inside = sum(each.done() for each in floods)
        assert 1 <= inside < 10
        for each in floods:
            each.cancel()


async def test_a_script_tag_is_no_way_in_and_options_are_not_offered() -> None:
    async with hospital() as place:
        assert await handshake(place, query="&j=0") == 403
        assert await handshake(place, "OPTIONS", Origin=place.url) == 405


async def test_no_answer_invites_other_origins() -> None:
    async with (
        hospital() as place,
        aiohttp.ClientSession(headers={"Origin": "https://visit.hospital.example"}) as session,
        session.get(f"{place.url}/live/?EIO=4&transport=polling") as response,
    ):
        assert not [name for name in response.headers if name.lower().startswith("access-control")]


async def test_deflate_is_not_agreed_to() -> None:
    async with hospital() as place, RawPage(place) as page:
        assert page.socket.compress == 0


async def test_more_connections_than_are_allowed_are_told_to_wait() -> None:
    async with hospital(HubLimits(sockets=2)) as place:
        assert [await handshake(place) for _ in range(3)] == [200, 200, 503]


async def test_who_never_says_a_name_is_turned_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "STRANGER_S", 0.2)
    async with hospital(HubLimits(sockets=1)) as place:
        assert await handshake(place) == 200
        assert await handshake(place) == 503
        await asyncio.sleep(0.8)
        assert await handshake(place) == 200


async def test_a_crowd_waits_for_its_turn_and_a_doctor_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "ENTERING", 2)
    async with hospital(HubLimits(sockets_per_principal=100)) as place:
        place.people.gate.clear()
        async with AsyncExitStack() as crowd, asyncio.TaskGroup() as group:
            coming = [
                group.create_task(
                    crowd.enter_async_context(RawPage(place, PATIENT, '{"as":"patient"}', "bedside-visit"))
                )
                for _ in range(30)
            ]
            await until(lambda: len(place.people.at_the_gate) == 2)
            place.people.let_pass = {DOCTOR}
            async with RawPage(place) as doctor_page:
                assert doctor_page.answer.startswith("40")
            assert place.people.most_at_once == 2
            assert not any(page.done() for page in coming)
            place.people.gate.set()
            pages = await asyncio.gather(*coming)
            assert all(page.answer.startswith("40") for page in pages)
            assert place.people.most_at_once == 2


async def test_past_those_who_wait_the_rest_is_asked_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "ENTERING", 1)
    monkeypatch.setattr(sockets, "WAITING", 0)
    async with hospital() as place, aiohttp.ClientSession() as session:
        async with session.ws_connect(f"{place.url}/live/?EIO=4&transport=websocket"):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect(f"{place.url}/live/?EIO=4&transport=websocket")
        assert refused.value.status == 503
        assert refused.value.headers is not None
        assert refused.value.headers["Retry-After"] == "2"
        async with RawPage(place) as page:
            assert page.answer.startswith("40")


@pytest.mark.parametrize(
    "frame",
    ["", "x", "9", "4", "42", "42[]", "42[{}]", '42["signal"', "4" + "[" * 50_000, "42" + "[" * 50_000, "4٢", "42NaN"],
)
async def test_garbage_costs_its_sender_at_most(frame: str) -> None:
    async with hospital() as place, patient(place) as other, RawPage(place) as page:
        await other.ask("join", room=VISIT)
        await page.socket.send_str(f'421["join",{{"room":"{VISIT}"}}]')
        assert (await page.socket.receive_str()).startswith("431")
        await page.socket.send_str(frame)
        await page.socket.send_str('422["leave",{"room":"' + VISIT + '"}]')
        await other.hears("peer", 2)  # it left by itself, or its connection is gone and the room knows at once
        assert (await other.ask("leave", room=VISIT))["ok"]


@pytest.mark.parametrize("frame", ["451-", '459999999999-["signal",{"_placeholder":true,"num":0}]', "450-[1]"])
async def test_attachments_are_not_collected(frame: str) -> None:
    async with hospital() as place, RawPage(place) as page:
        await page.socket.send_str(frame)
        for _ in range(3):
            await page.socket.send_bytes(b"x" * 1000)
        await page.socket.send_str('427["leave",{"room":"' + VISIT + '"}]')
        assert (await page.socket.receive_str(timeout=20)).startswith("437")


async def test_a_message_past_the_limit_ends_the_connection() -> None:
    async with hospital() as place, RawPage(place) as page:
        await page.socket.send_str("4" * (MESSAGE_LIMIT + 1))
        assert (await page.socket.receive(timeout=20)).type in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED}
        await until(lambda: place.hub.counts.clients == 0)


async def test_a_page_that_does_not_read_is_cut_and_costs_no_memory_and_nobody_else_notices() -> None:
    async with hospital(SMALL) as place, doctor(place) as other, RawPage(place) as slow:
        await other.watch(VISIT_TOPIC)
        await slow.socket.send_str(f'421["subscribe",{{"topic":"{VISIT_TOPIC}"}}]')
        assert (await slow.socket.receive_str()).startswith("431")
        slow.transport.pause_reading()
        before = resident_bytes()
        sent, waits = 0, list[float]()
        while sent < 600:
            sent += 1
            other.told.clear()
            started = asyncio.get_running_loop().time()
            await place.hub.merge(VISIT_TOPIC, {"visit": f"{sent:06d}" + "x" * 20_000})
            await until(lambda: other.topics[VISIT_TOPIC].get("visit", "").startswith(f"{sent:06d}"))  # noqa: B023
            waits.append(asyncio.get_running_loop().time() - started)
        assert place.hub.counts.cut == {Reason.TOO_SLOW: 1}
        assert place.hub.counts.clients == 1
        assert resident_bytes() - before < 8_000_000  # 12 MB were sent
        assert sorted(waits)[len(waits) // 2] < 0.25
        engines: dict[str, Any] = place.hub._sockets._io.eio.sockets
        await until(lambda: len(engines) == 1)


async def test_a_slow_page_loses_of_a_waveform_what_it_can_do_without_and_stays() -> None:
    few = replace(SMALL, backlog=replace(SMALL.backlog, spare=8_000))
    async with hospital(few) as place, doctor(place) as other, RawPage(place) as slow:
        for topics in place.people.topics.values():
            topics.add(WAVE_TOPIC)
        await other.watch(WAVE_TOPIC)
        await slow.socket.send_str(f'421["subscribe",{{"topic":"{WAVE_TOPIC}"}}]')
        assert (await slow.socket.receive_str()).startswith("431")
        slow.transport.pause_reading()
        for number in range(1, 101):
            await place.hub.merge(WAVE_TOPIC, {f"ecg_ii/{number % 4}": f"{number:03d}" + "x" * 20_000})
            await until(lambda: other.topics[WAVE_TOPIC].get(f"ecg_ii/{number % 4}", "").startswith(f"{number:03d}"))  # noqa: B023
        assert place.hub.counts.cut == {}, "the page keeps its alarms"
        assert place.hub.counts.clients == 2


async def test_a_page_that_asks_and_does_not_read_the_answers_is_cut_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "FAREWELL_S", 10)
    async with hospital(replace(SMALL, heartbeat_s=60)) as place, RawPage(place) as slow:
        place.records.state[VISIT_TOPIC] = {"visit": "x" * 60_000}
        (connection,) = place.hub._sockets._io.eio.sockets.values()
        slow.transport.pause_reading()
        for number in range(60):
            await slow.socket.send_str(f'42{number}["subscribe",{{"topic":"{VISIT_TOPIC}"}}]')
        await until(lambda: place.hub.counts.cut == {Reason.TOO_SLOW: 1})
        assert place.hub.counts.clients == 0
        assert connection.waiting <= 2 * 256 * 1024, "what it has not read has an end"
        slow.transport.resume_reading()  # slow, not dead: it hears why
        while (said := await slow.socket.receive(timeout=20)).data != '42["goodbye",{"reason":"too_slow"}]':
            assert said.type is aiohttp.WSMsgType.TEXT


async def test_what_a_slow_page_missed_it_gets_when_it_comes_back() -> None:
    async with hospital(SMALL) as place, RawPage(place) as slow:
        await slow.socket.send_str(f'421["subscribe",{{"topic":"{VISIT_TOPIC}"}}]')
        reply = json.loads(re.sub(r"^\d+", "", await slow.socket.receive_str()))[0]
        slow.transport.pause_reading()
        for number in range(200):
            await place.hub.merge(VISIT_TOPIC, {f"alarm/{number}": {"id": number}, "filler": f"{number}" * 3000})
            await asyncio.sleep(0.003)
        await until(lambda: place.hub.counts.cut == {Reason.TOO_SLOW: 1})
        async with doctor(place) as back:
            place.records.state[VISIT_TOPIC] = {}
            await back.watch(VISIT_TOPIC, reply["event_id"])
            assert {f"alarm/{number}" for number in range(200)} <= set(back.topics[VISIT_TOPIC])
