"""A call goes on undisturbed while somebody with a sign-in of their own does everything that no page of ours does."""

import asyncio
import time
from collections.abc import AsyncIterator
from itertools import count

import aiohttp
import pytest

from tests.attacks.screen import Screen
from tests.attacks.ward import NOBODY, Ward, Who

OFFER = {"type": "offer", "sdp": "v=0\r\n"}
ODD: tuple[object, ...] = (None, [], {}, 7, "x", [["a"]], {"$gt": ""}, "../" * 40, "a" * 5000, "\0", True)


class CallOn:
    """Doctor a and Min in their room: each line that one says reaches the other, and nothing else does."""

    def __init__(self, ward: Ward, doctor: Screen, patient: Screen) -> None:
        self.room, self.doctor, self.patient = ward.a["visit"], doctor, patient
        self._lines = count()

    async def goes_on(self) -> None:
        line = f"candidate:{next(self._lines)}"
        sent = time.monotonic()
        for side in (self.doctor, self.patient):
            await side.is_given("signal", {"room": self.room, "candidate": {"candidate": line}})
        async with asyncio.timeout(20):
            while not all(self._has(side, line) for side in (self.doctor, self.patient)):
                await asyncio.sleep(0.01)
        assert time.monotonic() - sent < 5.0

    def _has(self, side: Screen, line: str) -> bool:
        return any(said.get("candidate", {}).get("candidate") == line for said in side.heard("signal"))

    def nothing_foreign(self) -> None:
        for side, peer in ((self.doctor, "patient"), (self.patient, "doctor")):
            assert {said["from"] for said in side.heard("signal")} == {peer}
            assert all(said["candidate"]["candidate"].startswith("candidate:") for said in side.heard("signal"))
            assert not [told for told in side.heard("peer") if told["change"] != "joined"]


@pytest.fixture
async def call_on(busy_ward: Ward) -> AsyncIterator[CallOn]:
    async with Screen(busy_ward, busy_ward.a.doctor) as doctor, Screen(busy_ward, busy_ward.a.patient) as patient:
        call = CallOn(busy_ward, doctor, patient)
        for side in (doctor, patient):
            await side.is_given("join", {"room": call.room})
        await call.goes_on()
        yield call
        await call.goes_on()
        call.nothing_foreign()


@pytest.mark.parametrize("intruder", ["doctor", "patient"])
async def test_whatever_a_signed_in_stranger_says_the_call_goes_on(
    busy_ward: Ward, call_on: CallOn, intruder: str
) -> None:
    who = busy_ward.b.doctor if intruder == "doctor" else busy_ward.b.patient
    async with Screen(busy_ward, who) as stranger:
        for odd in (*ODD, call_on.room):
            for event, fields in (
                ("join", {"room": odd}),
                ("leave", {"room": odd}),
                ("signal", {"room": odd, "description": OFFER}),
                ("signal", {"room": call_on.room, "from": "doctor", "description": OFFER}),
                ("signal", {"room": busy_ward.b["visit"], "to": call_on.room, "description": OFFER}),
                ("subscribe", {"topic": odd}),
                ("subscribe", {"topic": f"patient:{busy_ward.a['patient']}", "last_event_id": odd}),
            ):
                reply = await stranger.say(event, fields)
                foreign_leave = event == "leave" and odd == call_on.room  # leaving where one is not changes nothing
                assert reply["ok"] is foreign_leave, (event, fields, reply)
        for event in ("delta", "peer", "goodbye", "__proto__", ""):
            assert not (await stranger.say(event, {"room": call_on.room}))["ok"], event
        arguments: tuple[tuple[object, ...], ...] = ((), ({}, {}), (None,), ([],))
        for many in arguments:
            assert not (await stranger.say("join", *many))["ok"]
        await call_on.goes_on()
        assert not stranger.told


async def test_descriptions_too_large_and_a_flood_of_candidates_stay_with_their_sender(
    busy_ward: Ward, call_on: CallOn
) -> None:
    b = busy_ward.b
    async with Screen(busy_ward, b.doctor) as doctor, Screen(busy_ward, b.patient) as patient:
        for side in (doctor, patient):
            await side.is_given("join", {"room": b["visit"]})
        for size in (64 * 1024 + 1, 100_000):
            large = {"room": b["visit"], "description": {"type": "offer", "sdp": "v" * size}}
            assert not (await doctor.say("signal", large))["ok"]
        flood = {"room": b["visit"], "candidate": {"candidate": "flood"}}
        replies = [await doctor.say("signal", flood) for _ in range(330)]
        assert not replies[-1]["ok"], "a flood ends"
        await call_on.goes_on()
        assert len(patient.heard("signal")) <= 300
        assert doctor.goodbye is None


async def test_sockets_that_break_the_protocol_are_cut_alone(busy_ward: Ward, call_on: CallOn) -> None:
    """A namespace of its own, events before the hello, attachments, half JSON, and a megabyte."""
    url = f"http://127.0.0.1:{busy_ward.hospital.http}/live/?EIO=4&transport=websocket"
    said: tuple[tuple[str, ...], ...] = (
        ("40/admin,",),
        ("40/admin,", '42/admin,["join",{"room":"' + call_on.room + '"}]'),
        ('42["join",{"room":"' + call_on.room + '"}]',),
        ('42["signal",{"room":"' + call_on.room + '","description":{"type":"offer","sdp":""}}]',),
        ('40{"as":"staff"}', '451-["join",{"_placeholder":true,"num":0}]'),
        ('40{"as":"staff"}', '459999999999-["join"]'),
        ('40{"as":"staff"}', "42[" * 5000),
        ('40{"as":"staff"}', '42["join",{"room":NaN}]'),
        ('40{"as":"admin"}',),
        ('40{"as":["staff"],"token":"x"}',),
        ("40" + "[" * 100_000,),
        ("4" + "x" * 1_000_000,),
        ("1", "6", "zz"),
    )
    for who in (busy_ward.b.doctor, NOBODY):
        for lines in said:
            await _says(url, who, lines)
        await call_on.goes_on()


async def _says(url: str, who: Who, lines: tuple[str, ...]) -> None:
    async with aiohttp.ClientSession(headers=who.headers) as session, session.ws_connect(url) as socket:
        await socket.receive_str()
        for line in lines:
            if not socket.closed:
                await socket.send_str(line)
        try:
            async with asyncio.timeout(0.05):
                while not socket.closed:
                    answer = await socket.receive()
                    assert '"state"' not in str(answer.data)
                    assert '"polite"' not in str(answer.data)
        except TimeoutError:
            return


@pytest.mark.parametrize("event", ["connect", "disconnect"])
async def test_an_event_with_the_librarys_own_name_calls_none_of_its_handlers(busy_ward: Ward, event: str) -> None:
    """They are those of coming and going, and would run with words of the sender's choice: a page half gone."""
    url = f"http://127.0.0.1:{busy_ward.hospital.http}/live/?EIO=4&transport=websocket"
    watch = f'["subscribe",{{"topic":"visit:{busy_ward.b["visit"]}"}}]'
    said = ('40{"as":"staff"}', f'42["{event}",{{"aiohttp.request":{{"cookies":{{}}}}}}]', f"427{watch}")
    async with (
        aiohttp.ClientSession(headers=busy_ward.b.doctor.headers) as session,
        session.ws_connect(url) as socket,
    ):
        for line in said:
            await socket.send_str(line)
        async with asyncio.timeout(20):
            while not (answer := await socket.receive_str()).startswith("437"):
                pass
    assert '"ok":true' in answer


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example", "file://"])
async def test_a_foreign_page_opens_no_socket_with_the_doctors_cookie(busy_ward: Ward, origin: str) -> None:
    own = {**busy_ward.a.doctor.headers, "Origin": origin}
    async with aiohttp.ClientSession(headers=own) as session:
        for transport in ("websocket", "polling"):
            url = f"http://127.0.0.1:{busy_ward.hospital.http}/live/?EIO=4&transport={transport}"
            async with session.get(url) as reply:
                assert reply.status == 403
                assert "Access-Control-Allow-Origin" not in reply.headers
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(f"http://127.0.0.1:{busy_ward.hospital.http}/live/?EIO=4&transport=websocket")
