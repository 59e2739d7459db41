"""What a device is to the hospital, and which step leads where. Pure.

new ── first message ──▶ active
new, active ── lose ──▶ lost ── rotate (found again) ──▶ new, active
new, active, lost ── revoke ──▶ revoked         new, active ── replace ──▶ replaced         (both for good)

Lost, replaced and revoked devices are out of service: their credential is dead.
"""

from enum import StrEnum

from server.monitoring.errors import DeviceStateWrong


class DeviceState(StrEnum):
    NEW = "new"
    ACTIVE = "active"
    LOST = "lost"
    REPLACED = "replaced"
    REVOKED = "revoked"


class Step(StrEnum):
    ROTATE = "rotated"
    LOSE = "lost"
    REPLACE = "replaced"
    REVOKE = "revoked"


IN_SERVICE = frozenset({DeviceState.NEW, DeviceState.ACTIVE})
_MAY: dict[Step, frozenset[DeviceState]] = {
    Step.ROTATE: IN_SERVICE | {DeviceState.LOST},
    Step.LOSE: IN_SERVICE,
    Step.REPLACE: IN_SERVICE,
    Step.REVOKE: IN_SERVICE | {DeviceState.LOST},
}
_ENDS: dict[Step, DeviceState] = {
    Step.LOSE: DeviceState.LOST,
    Step.REPLACE: DeviceState.REPLACED,
    Step.REVOKE: DeviceState.REVOKED,
}


def state_of(ended_as: str | None, *, heard: bool) -> DeviceState:
    """From what is kept: how it went out of service, if it did, and whether a message of it was ever taken."""
    if ended_as is not None:
        return DeviceState(ended_as)
    return DeviceState.ACTIVE if heard else DeviceState.NEW


def ended_by(state: DeviceState, step: Step) -> DeviceState | None:
    """How the device is out of service after the step; None: it is in service. Raises DeviceStateWrong."""
    if state not in _MAY[step]:
        raise DeviceStateWrong(state)
    return _ENDS.get(step)
