"""What the plugin is told: a device's own branch and no more, and the registry's truth over whatever the broker has."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.dynsec import (
    CLOSED,
    SERVER_RIGHTS,
    Account,
    Acl,
    Command,
    Listed,
    Role,
    Service,
    Wanted,
    admitted,
    barred,
    difference,
    heard,
    rights_of,
    role_of,
    said,
    serving,
)

KEPT = frozenset({"bedside-server", "bedside-registry"})


def account(name: str, *roles: str, disabled: bool = False) -> Account:
    return Account(name, disabled, tuple({"rolename": role} for role in roles or (role_of(name),)))


def role(name: str, rights: frozenset[Acl]) -> Role:
    return Role(role_of(name), tuple(acl._asdict() for acl in rights))


def listed(*accounts: Account) -> Listed:
    return Listed(accounts, [role(one.username, rights_of(one.username)) for one in accounts])


def named(steps: tuple[Command, ...]) -> list[tuple[str, str]]:
    return [(step.name, step.fields.get("username") or step.fields["rolename"]) for step in steps]


def test_what_is_as_it_should_be_costs_nothing() -> None:
    found = difference([Wanted("ox1")], listed(account("ox1"), Account("ox2", disabled=True)), KEPT)
    assert (found.steps, found.missing) == ((), ())


def test_an_account_that_is_no_device_is_disabled_whoever_made_it() -> None:
    assert named(difference([], listed(account("ghost"), account("a/b", "anything")), KEPT).steps) == [
        ("modifyClient", "ghost"),
        ("disableClient", "ghost"),
        ("modifyClient", "a/b"),
        ("disableClient", "a/b"),
    ]


def test_one_that_is_disabled_has_no_right_left_for_who_shows_a_certificate_of_its_name() -> None:
    """Mosquitto asks no account whether it is disabled where a certificate stands for the password."""
    [less, _] = difference([], listed(account("ghost", disabled=True)), KEPT).steps
    assert less.fields == {"username": "ghost", "roles": []}
    back = difference([Wanted("ox1")], listed(Account("ox1", disabled=True)), KEPT).steps
    assert ("modifyClient", "ox1") in named(back)


def test_services_administrators_and_what_is_set_to_stay_are_left_alone() -> None:
    others = (account("bedside-server"), account("root", "admin"), account("dashboard", "reader"))
    assert not difference([], listed(*others), KEPT | {"dashboard"}).steps


def test_a_device_without_account_is_named_for_nobody_has_its_secret() -> None:
    assert difference([Wanted("ox2"), Wanted("ox1")], listed(), KEPT).missing == ("ox1", "ox2")


@pytest.mark.parametrize("accounts", [(), (account("ox1"),), (account("ox1", disabled=True),)])
def test_what_is_being_told_to_the_broker_is_left_to_who_tells_it(accounts: tuple[Account, ...]) -> None:
    found = difference([Wanted("ox1", settled=False)], listed(*accounts), KEPT)
    assert (found.steps, found.missing) == ((), ())


def test_a_device_that_was_disabled_by_mistake_is_enabled() -> None:
    disabled = listed(account("ox1", disabled=True))
    assert named(difference([Wanted("ox1")], disabled, KEPT).steps) == [("enableClient", "ox1")]


@pytest.mark.parametrize(
    "rights",
    [
        frozenset({Acl("publishClientSend", "#")}),
        rights_of("ox1") | {Acl("subscribePattern", "bedside/#")},
        rights_of("ox1") - {Acl("publishClientSend", "bedside/v1/ox1/ack", 1, False)},
        rights_of("ox2"),
    ],
)
def test_rights_that_somebody_changed_are_put_right(rights: frozenset[Acl]) -> None:
    changed = Listed([account("ox1")], [role("ox1", rights)])
    assert named(difference([Wanted("ox1")], changed, KEPT).steps) == [
        ("createRole", "device:ox1"),
        ("modifyRole", "device:ox1"),
    ]


def test_a_role_too_many_is_taken_away() -> None:
    (step,) = difference([Wanted("ox1")], listed(account("ox1", "device:ox1", "device:ox2")), KEPT).steps
    assert (step.name, step.fields["roles"]) == ("modifyClient", [{"rolename": "device:ox1"}])


def test_what_the_server_needs_is_made_once() -> None:
    service = Service("bedside-server", "a password")
    steps = serving(service, listed())
    assert [step.name for step in steps] == ["setDefaultACLAccess", "createRole", "modifyRole", "createClient"]
    rights = Role("bedside-server", tuple(acl._asdict() for acl in SERVER_RIGHTS))
    assert not serving(service, Listed([account("bedside-server")], [rights], CLOSED))


@given(device=st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True))
def test_no_right_of_a_device_reaches_beyond_its_branch(device: str) -> None:
    for right in rights_of(device):
        assert right.topic.startswith(f"bedside/v1/{device}/")
        assert "+" not in right.topic
        assert not (right.acltype.startswith("subscribe") and "#" in right.topic)


def test_a_secret_is_in_the_message_and_in_no_print_of_it() -> None:
    commands = (*admitted("ox1", "a secret"), *barred("ox1"))
    assert "a secret" not in repr(commands)
    assert b"a secret" in said(commands)


def test_an_answer_is_read_and_anything_else_refused() -> None:
    (first, second) = heard(
        b'{"responses": [{"command": "createClient", "error": "no"}, {"command": "x", "data": {}}]}'
    )
    assert (first.error, second.error) == ("no", None)
    for other in (b"", b"[]", b'{"responses": [{}]}', b'{"error": "Invalid/missing commands"}'):
        with pytest.raises(msgspec.MsgspecError):
            heard(other)
