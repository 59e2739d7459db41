"""The server's clock is set while patients are watched: nothing is lost, nobody is called silent or ill for an hour
that never passed, and whoever falls ill or silent in truth is told of when that is true."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from tests.faults.evidence import kept_of, rows_of
from tests.faults.journey import EPOCH, Clock, Journey, journey, said
from tests.faults.ledgers import Key, Promise
from tests.faults.sent import altered, serious, unnamed
from tests.faults.verdict import Wrong, kept
from tests.faults.ward import make_ward

HOUR, RIGHT = timedelta(hours=1), timedelta(0)
EVERY_S, END_S = 2, 160
WHO = ("ill", "faint", "leaver", "giver")
FALLS = {"ill": range(40, 60), "faint": range(42, 50)}  # below 80 %: an alarm is due after ten seconds
LAST_WORD_S = 30  # of a device that falls silent: an alarm is due 120 seconds later
GIVEN_UP = (24, 25)  # numbers of a device that sends one each time: between the first jump and the second
DUE_S = {
    ("ill", "spo2.low"): range(50, 53),
    ("giver", "gap"): range(50, 51),
    ("leaver", "silence"): range(150, 154),
}


def says(who: str, second: int) -> int | None:
    """The saturation; None where it says nothing in this second."""
    if (who == "leaver" and second > LAST_WORD_S) or (who == "giver" and _number(second) in GIVEN_UP):
        return None
    return 78 if second in FALLS.get(who, ()) else 97


def _number(second: int) -> int:
    return second // EVERY_S + 1


class Night:
    """Four patients, watched by a clock that is set. ``raised``: each alarm with the second in which it was raised."""

    def __init__(self, journey: Journey) -> None:
        self._journey = journey
        self._devices = dict(zip(WHO, (device_id for device_id, _ in journey.ward.accounts), strict=True))
        self.sent: dict[Key, bytes] = {}
        self.raised: list[tuple[tuple[str, str], int]] = []

    async def watched(self, jumps: Mapping[int, timedelta]) -> None:
        clock = self._journey.clock
        for second in range(0, END_S, EVERY_S):
            clock.passed, clock.ahead = timedelta(seconds=second), jumps.get(second, clock.ahead)
            await self._hears(second)
            told = (await self._journey.told())[len(self.raised) :]
            names = {device_id: who for who, device_id in self._devices.items()}
            self.raised += [((names[one.device_id], one.condition.split(":")[0]), second) for one in told]

    async def _hears(self, second: int) -> None:
        heard = {who: spo2 for who in WHO if (spo2 := says(who, second)) is not None}
        seq, now = _number(second), self._journey.clock.true()
        steps = {who: said(self._devices[who], seq, now, spo2, oldest=seq) for who, spo2 in heard.items()}
        self.sent |= {Key(self._devices[who], EPOCH, seq): step.payload for who, step in steps.items()}
        await self._journey.arrive([*steps.values()])

    @property
    def given_up(self) -> list[Key]:
        return [Key(self._devices["giver"], EPOCH, seq) for seq in GIVEN_UP]


@pytest.mark.parametrize(
    "jumps", [{44: HOUR, 50: -HOUR, 56: RIGHT}, {44: -HOUR, 50: HOUR, 56: RIGHT}], ids=["forward first", "back first"]
)
async def test_a_clock_that_is_set_costs_no_reading_and_no_alarm_and_makes_none(
    tmp_path: Path, jumps: Mapping[int, timedelta]
) -> None:
    (tmp_path / "ward").mkdir()
    ward = await make_ward(tmp_path / "ward", len(WHO), worn_for=3 * HOUR)
    async with journey(tmp_path / "data", ward, clock := Clock()) as way:
        night = Night(way)
        await night.watched(jumps)
        promises = way.promises(night.sent)
    found, rows = kept_of(tmp_path / "data"), rows_of(tmp_path / "data", clock.wall())
    wrong = [fault for fault in serious(kept(promises, rows), found) if fault.wrong is not Wrong.ODD]
    assert not [*wrong, *unnamed(night.given_up, found), *altered(night.sent, found)]
    assert set(rows.stored) == night.sent.keys() == promises.made[Promise.COVERED]
    assert sorted(alarm for alarm, _ in night.raised) == sorted(DUE_S)
    assert all(second in DUE_S[alarm] for alarm, second in night.raised), night.raised
