"""What a doctor sees of a waveform: to the sample, over a day, now – and of nobody else."""

import math
from datetime import datetime, timedelta
from functools import partial

import pytest
import sqlalchemy as sa

from devices.readings import Body, Message
from devices.waves import GAP, Block
from server.access.principal import Principal
from server.monitoring.errors import NotFound, RangeRefused, UnknownMetric
from server.monitoring.waves import WaveBlock, Waves, WavesView, WaveWish
from server.store.journal import StoreJournal
from server.store.tables import associations
from server.store.waves import WaveQueries
from tests.devices.wave_samples import block
from tests.monitoring.house import ADMIN, DEVICE, DOCTOR, FOREIGN, NOON, OPERATOR, House

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


def waves(house: House) -> Waves:
    return Waves(partial(house.store.read, WaveQueries))


async def send(house: House, *blocks: Block) -> None:
    """A message a block."""
    named = [(f"e:{each.start.isoformat()}/{each.channel}", each) for each in blocks]
    messages = [Message(DEVICE, name, NOON, NOON, Body(), waves=(each,)) for name, each in named]
    await StoreJournal(house.store).commit(messages, [])


def beats(count: int, start: datetime = NOON, rate: float = 10) -> list[Block]:
    """Blocks of a second; each is 0 to 9, the number of the second on top."""
    return [block([*range(9), 9 + number], start + number * SECOND, rate) for number in range(count)]


async def ask(house: House, start: datetime, span: timedelta, who: Principal = DOCTOR, points: int = 500) -> WavesView:
    return await waves(house).of(who, WaveWish("patient", "ecg_ii", start, start + span, points))


async def worn(house: House, **changed: object) -> None:
    await house.execute(sa.update(associations).values(changed))


def samples(blocks: list[WaveBlock]) -> list[int]:
    return [sample for each in blocks for sample in memoryview(each.samples).cast("h")]


async def test_a_short_time_is_told_to_the_sample(house: House) -> None:
    await send(house, *beats(3))
    view = await ask(house, NOON + SECOND / 2, 2 * SECOND)
    assert (view.level, view.unit, view.low) == ("samples", "mV", [])
    assert samples(view.blocks) == [5, 6, 7, 8, 9, *range(9), 10, 0, 1, 2, 3, 4]
    assert [each.start_us - view.start_us for each in view.blocks] == [0, 500_000, 1_500_000]


async def test_minutes_are_an_envelope_of_samples_and_hours_one_of_seconds(house: House) -> None:
    await send(house, *beats(100))
    minutes, hours = await ask(house, NOON, 2 * SECOND * 60), await ask(house, NOON, HOUR, points=60)
    for view, width in ((minutes, 240_000), (hours, 60_000_000)):
        assert (view.level, view.width_us, view.blocks) == ("envelope", width, [])
        assert len(view.low) == len(view.high) == math.ceil(3600 / 60) if view is hours else 500
        assert max(high for high in view.high if high is not None) == pytest.approx(108 * 0.005)
    assert hours.low == [0.0, 0.0, *[None] * 58]
    assert hours.high[:2] == [pytest.approx(68 * 0.005), pytest.approx(108 * 0.005)]
    assert minutes.high[499] is None


async def test_what_was_not_measured_is_not_told(house: House) -> None:
    await send(house, block([GAP] * 10, NOON, 10), block([5] * 10, NOON + SECOND, 10))
    assert (await ask(house, NOON, HOUR, points=10)).low[0] == pytest.approx(0.025)
    assert samples((await ask(house, NOON, SECOND)).blocks) == [GAP] * 10


async def test_only_the_time_in_which_the_patient_wore_it_is_told(house: House) -> None:
    await send(house, *beats(10))
    await worn(house, from_at=NOON + 2.5 * SECOND, until_at=NOON + 4.5 * SECOND)
    assert samples((await ask(house, NOON, 10 * SECOND)).blocks) == [*range(5, 9), 11, *range(9), 12, *range(5)]
    hour = await ask(house, NOON, HOUR, points=2000)
    assert [number for number, low in enumerate(hour.low) if low is not None] == [1], "the seconds at the edges are not"
    assert await waves(house).topic("patient", NOON + 20 * SECOND) == {}


async def test_who_is_said_later_to_have_worn_it_has_it(house: House) -> None:
    await worn(house, from_at=NOON + HOUR)
    await send(house, *beats(1))
    assert (await ask(house, NOON, SECOND)).blocks == []
    await worn(house, from_at=NOON - HOUR)
    assert len((await ask(house, NOON, SECOND)).blocks) == 1


async def test_what_names_another_patient_is_nobodys(house: House) -> None:
    await worn(house, subject="Patient/p1")
    named = [Block("ecg_ii", NOON + n * SECOND, 10, 1, 0, block([n]).samples, f"Patient/p{n}") for n in (1, 2)]
    await send(house, *named)
    assert samples((await ask(house, NOON, 5 * SECOND)).blocks) == [1]
    assert [high for high in (await ask(house, NOON, HOUR)).high if high is not None] == [1.0]


@pytest.mark.parametrize("who", [FOREIGN, OPERATOR, ADMIN])
async def test_nobody_else_is_told(house: House, who: Principal) -> None:
    await send(house, *beats(1))
    with pytest.raises(NotFound):
        await ask(house, NOON, SECOND, who)
    with pytest.raises(NotFound):
        await waves(house).channels(who, "patient", NOON)


async def test_the_topic_has_the_last_seconds_and_lets_the_older_go(house: House) -> None:
    await send(house, *beats(30))
    state = await waves(house).topic("patient", NOON + 30 * SECOND)
    assert len(state) == 12
    assert f"ecg_ii/{DEVICE}/{NOON.timestamp() + 29:.0f}000000" in state
    assert await waves(house).topic("patient", NOON + HOUR) == {}
    assert await waves(house).topic("another", NOON + 30 * SECOND) == {}


async def test_the_channels_are_those_that_were_recorded(house: House) -> None:
    await send(house, *beats(1), block([1], NOON, 100, "pleth"))
    found = await waves(house).channels(DOCTOR, "patient", NOON + HOUR)
    assert [(each.channel, each.unit) for each in found] == [("ecg_ii", "mV"), ("pleth", "1")]
    await worn(house, from_at=NOON + HOUR / 2)
    assert await waves(house).channels(DOCTOR, "patient", NOON + HOUR) == []


async def test_what_cannot_be_asked_is_refused(house: House) -> None:
    with pytest.raises(UnknownMetric):
        await waves(house).of(DOCTOR, WaveWish("patient", "spo2", NOON, NOON + HOUR, 10))
    with pytest.raises(RangeRefused):
        await ask(house, NOON, timedelta(days=32))
    with pytest.raises(RangeRefused):
        await ask(house, NOON, -HOUR)
