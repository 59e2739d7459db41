"""A history answers from sums and from what is not summed up yet, with its alarms, and only to whom it may."""

from datetime import timedelta
from functools import partial

import pytest

from devices.readings import Reading
from server.monitoring import rolling
from server.monitoring.errors import NotFound, RangeRefused, UnknownMetric
from server.monitoring.history import History, HistoryView
from server.monitoring.ranges import Wish
from server.store.history import HistoryLookQueries
from server.store.journal import StoreJournal
from tests.monitoring.house import ADMIN, DOCTOR, FOREIGN, NOON, OPERATOR, SHANGHAI, House, low_spo2
from tests.monitoring.test_rolling import message, store_and_sum, temp

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rolling, "BREATH_S", 0.0)


def history(house: House) -> History:
    return History(partial(house.store.read, HistoryLookQueries), SHANGHAI)


async def ask(house: House, span: timedelta, points: int = 500, **more: str) -> HistoryView:
    wish = Wish("patient", more.get("metric", "temp"), NOON, NOON + span, points, more.get("site"))
    return await history(house).of(DOCTOR, wish)


def counts(view: HistoryView) -> list[int]:
    return [point.count for point in view.points]


async def test_every_level_tells_the_same_story(house: House) -> None:
    await store_and_sum(house, *(message(n, temp(36 + n / 100, n)) for n in range(100)))
    seen = {}
    for span, points in ((2 * HOUR, 500), (2 * HOUR, 60), (400 * HOUR, 200), (9000 * HOUR, 100)):
        view = await ask(house, span, points)
        seen[view.level] = view
        assert sum(counts(view)) == 100
        assert len(view.points) <= points
        assert (min(p.low for p in view.points), max(p.high for p in view.points)) == (36.0, 36.99)
        assert view.points[-1].last == 36.99
    assert list(seen) == ["single", "minute", "hour", "day"]
    assert seen["hour"].width_s == 3 * 3600  # in whole hours, and no more points than asked for
    assert seen["day"].points[0].mean == pytest.approx(36.495)


async def test_what_is_not_summed_up_yet_is_in_the_answer(house: House) -> None:
    await store_and_sum(house, message(1, temp(37.0, 1)))
    await StoreJournal(house.store).commit([message(2, temp(38.0, 2), temp(38.4, 70))], [])
    view = await ask(house, 48 * HOUR, 10)
    assert view.complete
    assert counts(view) == [3]
    assert (view.points[0].high, view.points[0].last) == (38.4, 38.4)


async def test_where_nothing_was_measured_there_is_no_point(house: House) -> None:
    await store_and_sum(house, message(1, temp(37.0, 1)), message(2, temp(37.0, 60 * 30)))
    view = await ask(house, 48 * HOUR, 48)
    assert counts(view) == [1, 1]
    assert view.points[1].at - view.points[0].at == pytest.approx(29 * 3_600_000, abs=3_600_000)


async def test_a_site_can_be_asked_for(house: House) -> None:
    await store_and_sum(house, message(1, temp(36.0, 1, "armpit"), temp(37.0, 1, "tympanum")))
    assert (await ask(house, 48 * HOUR, 10, site="armpit")).points[0].mean == 36.0
    both = (await ask(house, 48 * HOUR, 10)).points[0]
    assert (both.low, both.high, both.count) == (36.0, 37.0, 2)
    assert not (await ask(house, 48 * HOUR, 10, metric="spo2")).points


async def test_a_correction_stands_in_single_readings_too(house: House) -> None:
    await store_and_sum(house, message(1, temp(41.0, 1)), message(2, temp(37.0, 1, "corrected")))
    for span in (HOUR, 48 * HOUR):
        view = await ask(house, span, 100)
        assert [point.high for point in view.points] == [37.0]


async def test_a_memory_that_came_in_one_message_is_seen_at_every_level(house: House) -> None:
    """A meter that tells three days at once: what lies long before the newest is looked for in its own time."""
    days = [temp(36 + n / 10, n * 60 * 12) for n in range(7)]
    await store_and_sum(house, message(1, *days))
    for span, level in ((HOUR, "single"), (12 * HOUR, "minute"), (90 * HOUR, "hour")):
        view = await ask(house, span, 90 if level == "hour" else 900)
        assert view.level == level
        assert sum(counts(view)) == (7 if level == "hour" else 1)
    await store_and_sum(house, message(2, temp(40.0, 0, "corrected")))
    for span in (HOUR, 90 * HOUR):
        assert (await ask(house, span, 90)).points[0].high == 40.0
    assert sum(counts(await ask(house, 90 * HOUR, 90))) == 7


async def test_alarms_of_the_time_are_marked(house: House) -> None:
    await house.commit(low_spo2(at=NOON + HOUR))
    marks = (await ask(house, 2 * HOUR, metric="spo2")).alarms
    assert [(mark.condition, mark.raised_at) for mark in marks] == [("spo2.low", NOON + HOUR)]
    assert not (await ask(house, HOUR, metric="spo2")).alarms
    assert not (await ask(house, 2 * HOUR, metric="temp")).alarms


async def test_only_who_may_see_the_patient_sees_it(house: House) -> None:
    wish = Wish("patient", "temp", NOON, NOON + HOUR, 500)
    for who in (FOREIGN, OPERATOR, ADMIN):
        with pytest.raises(NotFound):
            await history(house).of(who, wish)


async def test_a_question_that_is_none_is_refused_by_name(house: House) -> None:
    with pytest.raises(UnknownMetric):
        await ask(house, HOUR, metric="mood")
    for span in (timedelta(0), -HOUR, timedelta(days=9000)):
        with pytest.raises(RangeRefused):
            await ask(house, span)


async def test_metrics_of_one_message_are_kept_apart(house: House) -> None:
    both = message(1, temp(37.0, 1), Reading("spo2", 97.0, "%", NOON))
    await store_and_sum(house, both)
    assert (await ask(house, 48 * HOUR, 10, metric="spo2")).points[0].last == 97.0
