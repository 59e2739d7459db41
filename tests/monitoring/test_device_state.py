"""Which step leads where: what is over is over, what is lost can be found."""

import pytest

from server.monitoring.device_state import DeviceState, Step, ended_by, state_of
from server.monitoring.errors import DeviceStateWrong

ALLOWED = {
    (DeviceState.NEW, Step.ROTATE): None,
    (DeviceState.ACTIVE, Step.ROTATE): None,
    (DeviceState.LOST, Step.ROTATE): None,
    (DeviceState.NEW, Step.LOSE): DeviceState.LOST,
    (DeviceState.ACTIVE, Step.LOSE): DeviceState.LOST,
    (DeviceState.NEW, Step.REPLACE): DeviceState.REPLACED,
    (DeviceState.ACTIVE, Step.REPLACE): DeviceState.REPLACED,
    (DeviceState.NEW, Step.REVOKE): DeviceState.REVOKED,
    (DeviceState.ACTIVE, Step.REVOKE): DeviceState.REVOKED,
    (DeviceState.LOST, Step.REVOKE): DeviceState.REVOKED,
}


@pytest.mark.parametrize("state", DeviceState)
@pytest.mark.parametrize("step", Step)
def test_every_step_from_every_state(state: DeviceState, step: Step) -> None:
    if (state, step) in ALLOWED:
        assert ended_by(state, step) is ALLOWED[state, step]
    else:
        with pytest.raises(DeviceStateWrong) as refused:
            ended_by(state, step)
        assert refused.value.state == state


def test_a_device_is_new_until_it_is_heard() -> None:
    assert state_of(None, heard=False) is DeviceState.NEW
    assert state_of(None, heard=True) is DeviceState.ACTIVE
    assert state_of("lost", heard=True) is DeviceState.LOST
