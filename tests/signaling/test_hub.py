"""The hub with real sockets: who enters, who hears, who is cut."""

import asyncio

import aiohttp
import pytest
from socketio.exceptions import ConnectionError as Refused

from signaling.hub import HubLimits
from signaling.ice import IceServers
from signaling.messages import SDP_LIMIT, Audience, IceServer, Reason
from tests.signaling.hospital import (
    DOCTOR,
    OTHER_TOPIC,
    OTHER_VISIT,
    STRANGER,
    VISIT,
    VISIT_TOPIC,
    Page,
    RawPage,
    doctor,
    hospital,
    patient,
    stranger,
    until,
)

QUICK = HubLimits(heartbeat_s=0.05, recheck_s=0.1, presence_s=0.01)
OFFER = {"type": "offer", "sdp": "v=0\r\n"}
CANDIDATE = {"candidate": "candidate:1 1 udp 1 192.0.2.1 9 typ host", "sdpMid": "0"}


def slug(reply: dict[str, object]) -> object:
    problem = reply["problem"]
    assert reply["ok"] is False
    assert isinstance(problem, dict)
    return problem["type"]


async def test_two_members_hear_each_other_and_nobody_else() -> None:
    async with hospital() as place, doctor(place) as d, patient(place) as p, stranger(place) as s:
        assert await d.ask("join", room=VISIT) == {"ok": True, "polite": False, "peers": [], "ice_servers": []}
        assert await s.ask("join", room=OTHER_VISIT)
        joined = await p.ask("join", room=VISIT)
        assert (joined["polite"], joined["peers"]) == (True, ["doctor"])
        assert await d.hears("peer") == {"room": VISIT, "seat": "patient", "change": "joined"}
        assert await d.ask("signal", room=VISIT, description=OFFER) == {"ok": True}
        assert await p.hears("signal") == {"room": VISIT, "from": "doctor", "description": OFFER}
        assert await p.ask("signal", room=VISIT, candidate=CANDIDATE) == {"ok": True}
        assert await d.hears("signal") == {"room": VISIT, "from": "patient", "candidate": CANDIDATE}
        await p.ask("leave", room=VISIT)
        assert (await d.hears("peer", 2))["change"] == "left"
        assert len(d.heard("signal")) == len(p.heard("signal")) == 1
        assert not s.heard("signal")
        assert not s.heard("peer")


async def test_signals_keep_their_order() -> None:
    async with hospital() as place, doctor(place) as d, patient(place) as p:
        await d.ask("join", room=VISIT)
        await p.ask("join", room=VISIT)
        for number in range(100):
            await d.io.emit("signal", {"room": VISIT, "candidate": {"candidate": str(number)}})
        await p.hears("signal", 100)
        assert [said["candidate"]["candidate"] for said in p.heard("signal")] == [str(n) for n in range(100)]


async def test_a_foreign_principal_neither_watches_nor_joins_nor_signals() -> None:
    async with hospital() as place, doctor(place) as d, patient(place) as p, stranger(place) as s:
        await d.ask("join", room=VISIT)
        await p.ask("join", room=VISIT)
        refusals = [
            await s.ask("subscribe", topic=VISIT_TOPIC),
            await s.ask("join", room=VISIT),
            await s.ask("signal", room=VISIT, description=OFFER),
        ]
        assert {slug(reply) for reply in refusals} == {"/problems/not-found"}
        missing = await s.ask("subscribe", topic="visit:" + "f" * 32)
        assert missing == refusals[0], "a foreign topic can be told from a missing one"
        await place.write(VISIT_TOPIC, {"visit": 1})
        await asyncio.sleep(0.1)
        assert not [event for event, _ in s.told if event != "heartbeat"]
        assert not d.heard("signal")
        assert not p.heard("signal")


async def test_a_member_signals_only_after_joining() -> None:
    async with hospital() as place, doctor(place) as d, patient(place) as p:
        await d.ask("join", room=VISIT)
        assert slug(await p.ask("signal", room=VISIT, description=OFFER)) == "/problems/not-in-room"
        assert not d.heard("signal")


async def test_who_speaks_is_never_taken_from_the_message() -> None:
    async with hospital() as place, doctor(place) as d, patient(place) as p:
        await d.ask("join", room=VISIT)
        await p.ask("join", room=VISIT)
        reply = await p.ask("signal", room=VISIT, description=OFFER, **{"from": "doctor"})
        assert slug(reply) == "/problems/malformed-message"
        assert not d.heard("signal")


async def test_a_newer_page_takes_the_seat_and_the_older_one_is_told() -> None:
    async with hospital() as place, doctor(place) as d, patient(place) as old, patient(place) as new:
        await d.ask("join", room=VISIT)
        await old.ask("join", room=VISIT)
        await new.ask("join", room=VISIT)
        assert await old.hears("peer") == {"room": VISIT, "seat": "patient", "change": "taken_over"}
        assert (await d.hears("peer", 2))["change"] == "joined"
        await d.ask("signal", room=VISIT, description=OFFER)
        await new.hears("signal")
        assert not old.heard("signal")
        assert slug(await old.ask("signal", room=VISIT, description=OFFER)) == "/problems/not-in-room"
        await old.io.disconnect()
        await asyncio.sleep(0.1)
        assert [told["change"] for told in d.heard("peer")] == ["joined", "joined"]


async def test_a_page_that_drops_is_told_and_comes_back_into_the_same_room() -> None:
    async with hospital() as place, doctor(place) as d:
        await d.ask("join", room=VISIT)
        async with patient(place) as p:
            await p.ask("join", room=VISIT)
        assert (await d.hears("peer", 2))["change"] == "left"
        async with patient(place) as p:
            assert (await p.ask("join", room=VISIT))["peers"] == ["doctor"]
            assert (await d.hears("peer", 3))["change"] == "joined"


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("signal", {"room": VISIT, "description": {"type": "offer", "sdp": "v" * (SDP_LIMIT + 1)}}),
        ("signal", {"room": VISIT, "candidate": {"candidate": "c" * 3000}}),
        ("signal", "offer"),
        ("join", None),
        ("join", [VISIT]),
        ("subscribe", {"topic": {"$ne": ""}}),
        ("presence", {"online": True}),
        ("signal", {"room": VISIT, "description": b"binary"}),
    ],
)
async def test_a_malformed_message_is_refused_to_its_sender_alone(event: str, payload: object) -> None:
    async with hospital() as place, doctor(place) as d, patient(place) as p:
        await d.ask("join", room=VISIT)
        await p.ask("join", room=VISIT)
        if b"binary" not in getattr(payload, "values", list)():
            assert slug(await p.io.call(event, payload, timeout=5)) == "/problems/malformed-message"
        else:  # an attachment is not even read
            await p.io.emit(event, payload)
        assert (await d.ask("signal", room=VISIT, description=OFFER))["ok"]
        await p.hears("signal")
        assert not d.heard("signal")


async def test_a_flood_of_candidates_is_refused_and_the_call_goes_on() -> None:
    async with hospital(HubLimits(signals_per_minute=20)) as place, doctor(place) as d, patient(place) as p:
        await d.ask("join", room=VISIT)
        await p.ask("join", room=VISIT)
        replies = [await p.ask("signal", room=VISIT, candidate=CANDIDATE) for _ in range(40)]
        assert slug(replies[-1]) == "/problems/too-many-messages"
        assert sum(reply["ok"] for reply in replies) == 19  # joining was the twentieth
        assert (await d.ask("signal", room=VISIT, description=OFFER))["ok"]
        await p.hears("signal")
        assert len(d.heard("signal")) == 19


async def test_any_request_counts() -> None:
    async with hospital(HubLimits(requests_per_minute=5)) as place, doctor(place) as d:
        replies = [await d.ask("unsubscribe", topic="outbox") for _ in range(6)]
        assert [reply["ok"] for reply in replies] == [True] * 5 + [False]


async def test_topics_of_one_page_are_limited() -> None:
    async with hospital(HubLimits(topics_per_socket=1)) as place, doctor(place) as d:
        assert (await d.watch(VISIT_TOPIC))["ok"]
        assert (await d.watch(VISIT_TOPIC))["ok"]
        assert slug(await d.ask("subscribe", topic="outbox")) == "/problems/too-many"


@pytest.mark.parametrize(
    ("cookie", "hello", "problem"),
    [
        ("guess", '{"as":"staff"}', "not-signed-in"),
        (DOCTOR, '{"as":"patient"}', "not-signed-in"),  # the other cookie
        (DOCTOR, '{"as":"admin"}', "malformed-message"),
        (DOCTOR, '{"as":"staff","key":"user:s"}', "malformed-message"),
        (DOCTOR, "", "malformed-message"),
    ],
)
async def test_without_a_sign_in_nobody_enters(cookie: str, hello: str, problem: str) -> None:
    async with hospital() as place, RawPage(place, cookie, hello) as page:
        assert page.answer.startswith("44")
        assert f"/problems/{problem}" in page.answer
        await page.socket.send_str(f'420["subscribe",{{"topic":"{VISIT_TOPIC}"}}]')
        with pytest.raises(TimeoutError):
            await page.socket.receive_str(timeout=0.1)
        assert place.hub.counts.clients == 0
        assert place.hub.counts.refused == {problem: 1}


async def test_a_store_that_does_not_answer_refuses_without_a_word_of_why() -> None:
    async with hospital() as place, doctor(place) as d:
        place.records.failing = True
        reply = await d.ask("subscribe", topic=VISIT_TOPIC)
        assert slug(reply) == "/problems/unavailable"
        place.records.failing = False
        assert (await d.watch(VISIT_TOPIC))["ok"]


async def test_who_comes_while_the_store_does_not_answer_is_told_to_try_again() -> None:
    async with hospital() as place:
        place.people.broken = True
        async with RawPage(place) as page:
            assert page.answer.startswith("44")
            assert "/problems/unavailable" in page.answer
        assert place.hub.counts.refused == {"unavailable": 1}


async def test_one_principal_has_so_many_pages_and_no_more() -> None:
    async with hospital(HubLimits(sockets_per_principal=2)) as place, doctor(place), doctor(place), stranger(place):
        third = doctor(place)
        with pytest.raises(Refused):
            await third.open()
        await third.io.shutdown()
        assert place.hub.counts.clients == 3


async def test_ice_servers_are_those_that_were_set() -> None:
    ice = IceServers(fixed=[IceServer(("stun:stun.hospital.example",))])
    async with hospital(ice=ice) as place, doctor(place) as d:
        assert (await d.ask("join", room=VISIT))["ice_servers"] == [{"urls": ["stun:stun.hospital.example"]}]


async def test_a_heartbeat_says_that_the_page_is_live() -> None:
    async with hospital(QUICK) as place, doctor(place) as d:
        await d.hears("heartbeat", 3)


async def test_a_hospital_that_sees_nothing_does_not_pretend_to_be_live() -> None:
    async with hospital(QUICK) as place, doctor(place) as d:
        await d.hears("heartbeat")
        place.sight.append(False)
        await asyncio.sleep(0.1)
        before = len(d.heard("heartbeat"))
        await asyncio.sleep(0.3)
        assert len(d.heard("heartbeat")) == before
        place.sight.append(True)
        await d.hears("heartbeat", before + 1)


async def test_a_revoked_principal_is_cut_at_once_and_the_room_is_told() -> None:
    async with hospital() as place, doctor(place) as d, patient(place) as p:
        await d.ask("join", room=VISIT)
        await p.ask("join", room=VISIT)
        await place.hub.revoke("ticket:p")
        assert await p.hears("goodbye") == {"reason": "revoked"}
        await until(lambda: not p.io.connected)
        assert (await d.hears("peer", 2))["change"] == "left"
        assert place.hub.counts.cut == {Reason.REVOKED: 1}
        assert d.io.connected


async def test_a_sign_in_that_ended_is_found_by_the_clock() -> None:
    async with hospital(QUICK) as place, doctor(place) as d, patient(place) as p:
        await d.ask("join", room=VISIT)
        await p.ask("join", room=VISIT)
        del place.people.signed_in["patient-cookie"]
        await until(lambda: not p.io.connected)
        assert (await d.hears("peer", 2))["change"] == "left"
        assert p.heard("goodbye") == [{"reason": "revoked"}]


def test_the_clock_finds_it_within_five_seconds() -> None:
    assert HubLimits().recheck_s < 5


async def test_a_topic_that_was_taken_away_is_not_watched_on() -> None:
    async with hospital(QUICK) as place, doctor(place) as d:
        await d.watch(VISIT_TOPIC)
        place.people.topics["user:d"].discard(VISIT_TOPIC)
        await until(lambda: not d.io.connected)


async def test_a_seat_that_ended_leaves_the_room_and_keeps_the_page() -> None:
    async with hospital(QUICK) as place, doctor(place) as d, patient(place) as p:
        await d.ask("join", room=VISIT)
        await p.ask("join", room=VISIT)
        del place.people.seats["ticket:p", VISIT]
        assert slug(await p.ask("signal", room=VISIT, description=OFFER)) == "/problems/not-found"
        assert (await d.hears("peer", 2))["change"] == "left"
        assert p.io.connected


async def test_a_store_that_stumbles_cuts_nobody() -> None:
    async with hospital(QUICK) as place, doctor(place) as d:
        place.people.broken = True
        await asyncio.sleep(0.4)
        assert d.io.connected
        place.people.broken = False
        del place.people.signed_in[DOCTOR]
        await until(lambda: not d.io.connected)


async def test_presence_is_told_for_the_first_and_the_last_page_of_a_patient() -> None:
    async with hospital() as place, doctor(place):
        async with patient(place) as p:
            await until(lambda: place.present == [("ticket:p", True)])
            async with patient(place):
                await p.ask("leave", room=VISIT)
        await until(lambda: place.present == [("ticket:p", True), ("ticket:p", False)])


async def test_a_server_that_goes_down_says_goodbye_and_takes_nobodys_partner_away() -> None:
    async with hospital() as place, doctor(place) as d, patient(place) as p:
        await d.ask("join", room=VISIT)
        await p.ask("join", room=VISIT)
        started = asyncio.get_running_loop().time()
        await place.hub.close()
        assert asyncio.get_running_loop().time() - started < 2.5
        assert await d.hears("goodbye") == await p.hears("goodbye") == {"reason": "shutdown"}
        await until(lambda: not d.io.connected and not p.io.connected)
        assert [told["change"] for told in d.heard("peer")] == ["joined"]
        assert not p.heard("peer")
        late = doctor(place)
        with pytest.raises(Refused):
            await late.open()
        await late.io.shutdown()


async def test_a_browser_without_websockets_polls() -> None:
    async with hospital() as place, doctor(place) as d:
        polling = await patient(place).open(("polling",))
        await d.ask("join", room=VISIT)
        assert (await polling.ask("join", room=VISIT))["peers"] == ["doctor"]
        await d.ask("signal", room=VISIT, description=OFFER)
        await polling.hears("signal")
        await place.hub.revoke("ticket:p")
        await polling.hears("goodbye")
        assert (await d.hears("peer", 2))["change"] == "left"
        await polling.io.disconnect()


async def test_a_page_that_begins_with_polling_stays_with_it() -> None:
    async with hospital() as place, aiohttp.ClientSession() as session:
        begun = await patient(place).open(("polling", "websocket"))
        assert begun.io.transport() == "polling"
        url = f"{place.url}/live/?EIO=4&transport=websocket&sid={begun.io.eio.sid}"
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(url)
        assert refused.value.status == 400
        assert (await begun.ask("join", room=VISIT))["ok"]
        await begun.io.disconnect()


async def test_other_topics_stay_apart() -> None:
    async with hospital() as place, doctor(place) as d, Page(place, STRANGER, Audience.STAFF) as s:
        await d.watch(VISIT_TOPIC)
        await s.watch(OTHER_TOPIC)
        await place.write(OTHER_TOPIC, {"visit": 1})
        await s.hears("delta")
        assert not d.heard("delta")
