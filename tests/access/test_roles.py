"""The role × action table, row by row: a change of it has to be meant."""

import pytest

from server.access.principal import Principal
from server.access.roles import Action, Role, may

CLINICAL = {
    Action.LINE_RUN,
    Action.VISIT_READ,
    Action.VISIT_RUN,
    Action.NOTE_WRITE,
    Action.READINGS_READ,
    Action.ALARM_READ,
    Action.ALARM_ACKNOWLEDGE,
}


@pytest.mark.parametrize("action", sorted(CLINICAL))
def test_only_a_doctor_does_what_is_clinical(action: Action) -> None:
    assert [role for role in Role if may(role, action)] == [Role.DOCTOR]


def test_a_patient_reaches_the_own_ticket_and_the_room_and_nothing_else() -> None:
    assert {action for action in Action if may(Role.PATIENT, action)} == {Action.TICKET_OWN, Action.ROOM_JOIN}


def test_no_staff_has_a_patients_ticket() -> None:
    assert [role for role in Role if may(role, Action.TICKET_OWN)] == [Role.PATIENT]


@pytest.mark.parametrize("action", [Action.OUTBOX_READ, Action.DEVICE_ADD])
def test_operators_and_administrators_see_to_devices_and_the_outbox(action: Action) -> None:
    assert {role for role in Role if may(role, action)} == {Role.OPERATOR, Role.ADMIN}


def test_only_an_administrator_adds_people() -> None:
    assert [role for role in Role if may(role, Action.USER_ADD)] == [Role.ADMIN]


def test_every_action_is_somebodys() -> None:
    assert {action for action in Action for role in Role if may(role, action)} == set(Action)


@pytest.mark.parametrize(
    ("role", "actor"), [(Role.DOCTOR, "user:x"), (Role.ADMIN, "user:x"), (Role.PATIENT, "ticket:x")]
)
def test_an_actor_is_named_by_kind_and_id(role: Role, actor: str) -> None:
    assert Principal(role, "x", "Wang Li", "s").actor == actor
