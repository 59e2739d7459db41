"""Whatever the broker had promised and forgot, the devices send again: nothing is lost, and all is well in 30 s."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devices.backlog import Backlog
from tests.devices.mosquitto import Mosquitto
from tests.faults.broker_kills import HEAL_S, Siege, besieged
from tests.faults.conftest import LONG
from tests.faults.load import NEVER_S
from tests.faults.rig import RESEND_S, Rig, beside
from tests.faults.table import Line
from tests.faults.verdict import Wrong
from tests.faults.ward import Ward

pytestmark = pytest.mark.faults

BLOWS = 10  # a round; the long run has many


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    made = Mosquitto(tmp_path)
    made.start()
    yield made
    made.wake()
    made.kill()


def expose(rig: Rig, resend_after_s: float) -> None:
    """The broker is going to be hurt: its PUBACK obliges nobody. Alarms have a programme of their own."""
    rig.ledgers.broker_survives = False
    rig.load.resend_after_s = resend_after_s
    rig.load.desaturate = False


@pytest.mark.slow
@pytest.mark.skipif(not LONG, reason="belongs to the long run: FAULTS=long")
async def test_a_broker_that_is_killed_or_paused_costs_nothing(
    tmp_path: Path, broker: Mosquitto, ward: Ward, seed: int, figures: list[str], kept: Callable[[Line], None]
) -> None:
    async with beside(broker, tmp_path / "house", ward) as rig:
        rig.keep = kept
        expose(rig, RESEND_S)
        siege = await besieged(Siege(rig, broker, seed), BLOWS)
    assert not siege.faults, f"seed {seed}, {len(siege.faults)} faults\n" + "\n".join(map(str, siege.faults[:40]))
    assert siege.worst_s < HEAL_S
    assert len(rig.ledgers.all_sent) > 100 * BLOWS, "too little was sent: this proves nothing"
    figures.append(f"seed {seed}, {siege.figures}")


@pytest.mark.slow
@pytest.mark.skipif(not LONG, reason="belongs to the long run: FAULTS=long")
async def test_devices_that_trust_the_brokers_puback_are_found_out(
    tmp_path: Path, broker: Mosquitto, ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The programme's own test: of devices that never send again, what stood on the broker's word alone is named."""
    monkeypatch.setattr(Backlog, "disconnected", lambda _self: None)
    async with beside(broker, tmp_path / "house", ward) as rig:
        expose(rig, NEVER_S)
        siege = await besieged(Siege(rig, broker, seed=1, heal_s=5.0), 2)
    assert {fault.wrong for fault in siege.faults} == {Wrong.HELD}, siege.figures
