"""Live topics over real sockets: what a page shows is what the store holds, whatever was missed on the way."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from signaling.hub import HubLimits
from tests.signaling.hospital import VISIT_TOPIC, doctor, hospital, until

QUICK = HubLimits(gather_s=0.001)


async def test_a_page_shows_the_state_and_then_each_change() -> None:
    async with hospital() as place, doctor(place) as d:
        place.records.state[VISIT_TOPIC] = {"visit": {"state": "called"}, "ticket/1": 1}
        assert (await d.watch(VISIT_TOPIC))["state"] == {"visit": {"state": "called"}, "ticket/1": 1}
        await place.write(VISIT_TOPIC, {"visit": {"state": "in_visit"}})
        delta = await d.hears("delta")
        assert (delta["set"], delta["drop"]) == ({"visit": {"state": "in_visit"}}, ["ticket/1"])
        assert delta["topic"] == VISIT_TOPIC
        await d.ask("unsubscribe", topic=VISIT_TOPIC)
        await place.write(VISIT_TOPIC, {})
        await asyncio.sleep(0.15)
        assert len(d.heard("delta")) == 1


async def test_a_topic_that_nobody_watches_is_not_read() -> None:
    async with hospital() as place:
        await place.write(VISIT_TOPIC, {"visit": 1})
        await place.hub.merge(VISIT_TOPIC, {"visit": 2})
        await asyncio.sleep(0.1)
        assert place.records.reads == 0


async def test_many_changes_are_one_reading_and_one_delta_a_moment() -> None:
    async with hospital() as place, doctor(place) as d:
        await d.watch(VISIT_TOPIC)
        reads = place.records.reads
        started = asyncio.get_running_loop().time()
        for number in range(100):
            await place.write(VISIT_TOPIC, {"visit": number})
            await asyncio.sleep(0.002)
        await until(lambda: d.topics[VISIT_TOPIC]["visit"] == 99)
        moments = (asyncio.get_running_loop().time() - started) / 0.05
        assert place.records.reads - reads <= moments + 2
        assert len(d.heard("delta")) <= moments + 2


async def test_the_first_change_does_not_wait() -> None:
    async with hospital(HubLimits(gather_s=60)) as place, doctor(place) as d:
        await d.watch(VISIT_TOPIC)
        await place.write(VISIT_TOPIC, {"visit": 1})
        await d.hears("delta", within_s=20)


async def test_of_fast_vitals_the_newest_is_sent_and_of_alarms_every_one() -> None:
    async with hospital() as place, doctor(place) as d:
        await d.watch(VISIT_TOPIC)
        for number in range(50):
            await place.hub.merge(VISIT_TOPIC, {"metric/spo2": number, f"alarm/{number}": number})
        await until(lambda: d.topics[VISIT_TOPIC].get("metric/spo2") == 49)
        assert {f"alarm/{number}" for number in range(50)} <= set(d.topics[VISIT_TOPIC])
        assert len(d.heard("delta")) <= 2


async def test_a_reading_that_comes_while_the_store_is_read_is_not_overwritten() -> None:
    async with hospital(QUICK) as place, doctor(place) as d:
        place.records.state[VISIT_TOPIC] = {"metric/spo2": 97}
        await d.watch(VISIT_TOPIC)
        await place.hub.refresh(VISIT_TOPIC)
        await asyncio.sleep(0.001)  # the store is being read now
        await place.hub.merge(VISIT_TOPIC, {"metric/spo2": 79})
        await asyncio.sleep(0.05)
        assert d.topics[VISIT_TOPIC] == {"metric/spo2": 79}


async def test_a_change_while_the_topic_is_first_read_is_not_missed() -> None:
    """Nobody watches yet, and nothing else will happen to the topic: the silence of a device is told once."""
    async with hospital(QUICK) as place, doctor(place) as d:
        place.records.state[VISIT_TOPIC] = {"visit": "called"}
        place.records.gate.clear()
        watching = asyncio.ensure_future(d.watch(VISIT_TOPIC))  # noqa: TID251 – a test's own task, awaited below
        await until(lambda: place.records.reads == 1)
        await place.write(VISIT_TOPIC, {"visit": "in_visit"})
        place.records.gate.set()
        await watching
        await until(lambda: d.topics[VISIT_TOPIC] == {"visit": "in_visit"})


async def test_a_page_that_comes_back_gets_what_it_missed_and_only_that() -> None:
    async with hospital(QUICK) as place:
        place.records.state[VISIT_TOPIC] = {"visit": 0, "ticket/1": "long" * 100}
        async with doctor(place) as d:
            await d.watch(VISIT_TOPIC)
            last = d.event_ids[VISIT_TOPIC]
        await place.write(VISIT_TOPIC, {"visit": 1, "ticket/1": "long" * 100})
        async with doctor(place) as d:
            reply = await d.ask("subscribe", topic=VISIT_TOPIC, last_event_id=last)
            assert [delta["set"] for delta in reply["deltas"]] == [{"visit": 1}]
            assert (await d.ask("subscribe", topic=VISIT_TOPIC, last_event_id=reply["event_id"]))["deltas"] == []
            for unknown in ("0" * 16 + "-1", "nonsense", last + "000"):
                assert "state" in await d.ask("subscribe", topic=VISIT_TOPIC, last_event_id=unknown)


async def test_after_the_topic_was_forgotten_an_old_id_gives_a_snapshot() -> None:
    async with hospital(HubLimits(topic_kept_s=0)) as place:
        async with doctor(place) as d:
            await d.watch(VISIT_TOPIC)
            last = d.event_ids[VISIT_TOPIC]
        await until(lambda: not place.hub._fanout._followed)
        async with doctor(place) as d:
            assert "state" in await d.ask("subscribe", topic=VISIT_TOPIC, last_event_id=last)


async def test_a_store_that_stumbles_is_asked_again() -> None:
    async with hospital(QUICK) as place, doctor(place) as d:
        await d.watch(VISIT_TOPIC)
        place.records.failing = True
        await place.write(VISIT_TOPIC, {"visit": 1})
        await asyncio.sleep(0.05)
        place.records.failing = False
        await until(lambda: d.topics[VISIT_TOPIC] == {"visit": 1})


async def test_missed_hints_are_made_good_by_reading_what_is_watched() -> None:
    async with hospital(QUICK) as place, doctor(place) as d:
        await d.watch(VISIT_TOPIC)
        place.records.state[VISIT_TOPIC] = {"visit": 1}  # and nobody says so
        await place.hub.refresh_all()
        await until(lambda: d.topics[VISIT_TOPIC] == {"visit": 1})


async def test_a_kind_of_topics_is_read_again_and_no_other() -> None:
    async with hospital(QUICK) as place, doctor(place) as d:
        await d.watch(VISIT_TOPIC)
        await d.watch("outbox")
        for topic in (VISIT_TOPIC, "outbox"):
            place.records.state[topic] = {"new": 1}  # and nobody says so
        await place.hub.refresh_kinds(["visit"])
        await until(lambda: d.topics[VISIT_TOPIC] == {"new": 1})
        assert d.topics["outbox"] == {}


WRITES = st.lists(
    st.dictionaries(st.sampled_from(["visit", "ticket/1", "alarm/1"]), st.integers(0, 3)), min_size=1, max_size=12
)


@given(WRITES, st.integers(0, 12), st.integers(0, 12))
@settings(max_examples=25)
def test_a_page_that_comes_and_goes_shows_what_the_store_holds(
    writes: list[dict[str, int]], leaves: int, returns: int
) -> None:
    async def play() -> None:
        async with hospital(QUICK) as place, doctor(place) as steady:
            await steady.watch(VISIT_TOPIC)
            page = await doctor(place).open()
            await page.watch(VISIT_TOPIC)
            shown, last = page.topics, page.event_ids
            for number, state in enumerate(writes):
                if number == leaves:
                    await page.io.disconnect()
                if number == max(leaves, returns) and not page.io.connected:
                    page = await doctor(place).open()
                    page.topics, page.event_ids = shown, last
                    await page.watch(VISIT_TOPIC, last[VISIT_TOPIC])
                await place.write(VISIT_TOPIC, dict(state))
                await asyncio.sleep(0.003)
            await until(lambda: steady.topics[VISIT_TOPIC] == writes[-1])
            if page.io.connected:
                await until(lambda: page.topics[VISIT_TOPIC] == writes[-1])
            await page.io.disconnect()

    asyncio.run(play())
