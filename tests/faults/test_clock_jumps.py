"""A clock that is put right – the server's, by libfaketime – keeps every reading, loses no alarm and invents none."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.faults.clock_jumps import JUMPS, LONG_ENOUGH, SHORT, ClockHouse, library_required, set_under_load
from tests.faults.conftest import LONG
from tests.faults.ledgers import Ledgers
from tests.faults.load import GROUPS, Load
from tests.faults.rig import RESEND_S, Rig
from tests.faults.ward import make_ward

pytestmark = [
    pytest.mark.faults,
    pytest.mark.slow,
    pytest.mark.skipif(not LONG, reason="belongs to the long run: FAULTS=long"),
]


async def test_a_clock_that_is_set_under_load_costs_no_reading_and_no_alarm(tmp_path: Path, figures: list[str]) -> None:
    library_required()
    (tmp_path / "ward").mkdir()
    ward = await make_ward(tmp_path / "ward", 3, worn_for=timedelta(hours=3))
    ledgers = Ledgers(broker_survives=False)
    house = ClockHouse(tmp_path / "house" / "data", {"ALARMS__ACKNOWLEDGE_S": "3600"})
    ward.copy_to(house.data)
    load = Load(replace(ward, accounts=ward.accounts[:2]), house.mqtt, ledgers, tmp_path / "backlogs", RESEND_S)
    load.falls, load.rate_hz = (LONG_ENOUGH, SHORT) * (GROUPS // 2), 4.0
    try:
        faults = await set_under_load(Rig("clock", house, load, ledgers), house, ward.accounts[2])
    finally:
        await house.stop()
    assert not faults, "\n".join(map(str, faults[:40]))
    figures.append(
        f"clock: {', '.join(offset for _, offset in JUMPS)} under load, {len(ledgers.all_sent)} messages: none lost, "
        "none refused, the fall raised once, the gap named, nothing else"
    )
