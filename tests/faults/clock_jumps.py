"""The server's clock is set under load, by libfaketime: forward, back, and right again.

Its wall clock alone: time that passes stays true, as on a machine. libfaketime's correction of monotonic waits must be
off as well: Python waits for its interpreter lock so, and each of those waits would come back at once, again and again,
until the server stands still.
"""

import asyncio
import os
import urllib.request
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from devices.physiology import Episode, EpisodeKind
from tests.faults.evidence import kept_of, left_behind, rows_of
from tests.faults.house import House
from tests.faults.journey import EPOCH, RAISED, said
from tests.faults.ledgers import Key
from tests.faults.rig import HEAL_S, Rig
from tests.faults.sent import serious, unnamed
from tests.faults.verdict import Fault, Wrong, kept

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
# When in the load, and what the clock says from then on beside the true one.
JUMPS = ((7.0, "+3600s"), (10.0, "-3600s"), (13.0, "+0s"))
QUIET_S = 25.0
# Below 80 % an alarm is due after ten seconds. Too short for one if an hour is not taken for the patient's; and long
# enough if no jump begins the ten seconds anew, which after the last of them are never over.
SHORT = Episode(EpisodeKind.DESATURATION, start_s=4.0, fall_s=1.0, hold_s=4.0, recover_s=1.0)
LONG_ENOUGH = Episode(EpisodeKind.DESATURATION, start_s=3.0, fall_s=1.0, hold_s=16.0, recover_s=1.0)
SAID = (1, 2, 5, 6)  # the bystander's numbers: before the jumps, and after each
REFUSED = "SELECT count(*) FROM messages WHERE json_array_length(CAST(body AS TEXT), '$.refusals') > 0"


def library_required() -> Path:
    if not LIBRARIES:
        message = "libfaketime is not installed: apt install libfaketime"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return LIBRARIES[0]


@dataclass
class ClockHouse(House):
    """``set_clock`` says how far the server's wall clock is off from then on; its other clocks are never touched."""

    preloaded: bool = False  # what is loaded before a process begins cannot be forked into it

    @property
    def environment(self) -> dict[str, str]:
        return {
            **super().environment,
            "LD_PRELOAD": str(library_required()),
            "FAKETIME_TIMESTAMP_FILE": str(self._offset),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
            "NO_FAKE_STAT": "1",
        }

    @property
    def _offset(self) -> Path:
        return self.data.parent / "clock"

    def set_clock(self, offset: str) -> None:
        unfinished = self._offset.with_suffix(".new")
        unfinished.write_text(offset)
        unfinished.replace(self._offset)


async def set_under_load(rig: Rig, house: ClockHouse, bystander: tuple[str, str]) -> list[Fault]:
    """All that is wrong after the jumps: the first patient of the load falls for long enough and the second does not.

    After each jump the bystander's device sends one message, and between two of them it gave some up.
    """
    house.set_clock("+0s")
    await house.start()
    await asyncio.to_thread(_say, house, bystander, SAID[0])
    async with rig.load.playing() as until:
        for (at_s, offset), seq in zip(JUMPS, SAID[1:], strict=True):
            await until(at_s)
            house.set_clock(offset)
            await asyncio.to_thread(_say, house, bystander, seq)
        await until(QUIET_S)
    await rig.load.drain(HEAL_S)
    await house.end()
    return await asyncio.to_thread(_judged, rig, house, bystander[0])


def _say(house: House, account: tuple[str, str], seq: int) -> None:
    message = said(account[0], seq, datetime.now(UTC), 97, oldest=seq).payload
    basic = {"Authorization": f"Basic {b64encode(':'.join(account).encode()).decode()}"}
    asked = urllib.request.Request(f"{house.url}/api/v1/readings?format=readings", data=message, headers=basic)  # noqa: S310
    with urllib.request.urlopen(asked, timeout=HEAL_S):  # noqa: S310 – our own server
        pass


def _judged(rig: Rig, house: ClockHouse, bystander: str) -> list[Fault]:
    held = [Fault(Wrong.HELD, str(key)) for key in sorted(rig.ledgers.held())]
    rows, found = rows_of(house.data, house.ended_at), kept_of(house.data)
    given_up = [Key(bystander, EPOCH, seq) for seq in range(SAID[0], SAID[-1]) if seq not in SAID]
    broken = [fault for fault in serious(kept(rig.ledgers.healed(), rows), found) if fault.wrong is not Wrong.ODD]
    ill = rig.load.ward.accounts[0][0]
    due = Counter({(ill, "spo2.low"): 1, (bystander, "gap"): 1})
    return [*held, *broken, *unnamed(given_up, found), *_raised(house.data, due), *_refused(house.data)]


def _raised(data: Path, due: Counter[tuple[str, str]]) -> Iterator[Fault]:
    with left_behind(data) as database:
        told = Counter((row["device_id"], row["condition"].split(":")[0]) for row in database.execute(RAISED))
    yield from (Fault(Wrong.ALARM_MISSING, f"{condition} of {device}") for device, condition in due - told)
    yield from (Fault(Wrong.ALARM_INVENTED, f"{condition} of {device}") for device, condition in told - due)


def _refused(data: Path) -> Iterator[Fault]:
    with left_behind(data) as database:
        number = database.execute(REFUSED).fetchone()[0]
    if number:
        yield Fault(Wrong.ODD, f"{number} messages with a refused reading")
