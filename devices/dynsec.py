"""What Mosquitto's dynamic-security plugin is told, and how its list differs from the registry. Pure; no broker.

Tried with the plugin of Mosquitto 2.0.11: it knows no ``%u`` in a topic, so each device has a role of its own; to set a
password, to disable and to delete cut a live session; every command writes its whole file anew, so batches are small.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from devices import topics

CONTROL = "$CONTROL/dynamic-security/v1"
RESPONSE = f"{CONTROL}/response"
ADMINISTRATOR = "admin"  # the role that `mosquitto_ctrl dynsec init` gives to the account that manages the others
SERVER_ROLE = "bedside-server"
PAGE = 100  # of a listing


class Acl(NamedTuple):
    """One right. Of those that match the one with the highest priority decides."""

    acltype: str
    topic: str
    priority: int = 0
    allow: bool = True


@dataclass(frozen=True, slots=True)
class Command:
    """``fine``: errors that only say that it is so already."""

    name: str
    fields: Mapping[str, Any] = field(default_factory=dict, repr=False)  # a password may be among them
    fine: frozenset[str] = frozenset()

    @property
    def said(self) -> dict[str, Any]:
        return {"command": self.name, **self.fields}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A device that may speak. Not ``settled``: whoever tells the broker of its newest credential is not done, and
    nobody else may open or close its account meanwhile."""

    device_id: str
    settled: bool = True


@dataclass(frozen=True, slots=True)
class Service:
    """The server's own account at the broker."""

    username: str
    password: str = field(repr=False)


class Account(msgspec.Struct, frozen=True):
    """A client as the plugin lists it."""

    username: str
    disabled: bool = False
    roles: tuple[Mapping[str, Any], ...] = ()

    @property
    def role_names(self) -> frozenset[str]:
        return frozenset(str(role.get("rolename")) for role in self.roles)


class Role(msgspec.Struct, frozen=True):
    rolename: str
    acls: tuple[Mapping[str, Any], ...] = ()

    @property
    def rights(self) -> frozenset[Acl]:
        return frozenset(
            Acl(str(a["acltype"]), str(a["topic"]), int(a.get("priority", 0)), bool(a["allow"])) for a in self.acls
        )


@dataclass(frozen=True, slots=True)
class Listed:
    """What the plugin has. ``defaults``: whether each kind of right is given where no role says anything."""

    accounts: Sequence[Account]
    roles: Sequence[Role]
    defaults: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Difference:
    """``steps`` make the broker's list the registry's. ``missing`` may speak and cannot: the broker has no secret of
    theirs and the registry has but a hash, so they need a new one."""

    steps: tuple[Command, ...]
    missing: tuple[str, ...]


def role_of(device_id: str) -> str:
    return f"device:{device_id}"


def rights_of(device_id: str) -> frozenset[Acl]:
    """The own branch, and of it not what the server says; the own ``ack`` and ``command``, and no wildcard."""
    own = [topics.ack(device_id), topics.in_format(device_id, "command")]
    return frozenset(
        {Acl("publishClientSend", f"{topics.PREFIX}/{device_id}/#")}
        | {Acl("publishClientSend", topic, 1, False) for topic in own}
        | {Acl("publishClientReceive", topic) for topic in own}
        | {Acl("subscribeLiteral", topic) for topic in own}
    )


SERVER_RIGHTS = frozenset(
    {
        Acl("subscribePattern", topics.SUBSCRIPTION),
        Acl("publishClientReceive", topics.SUBSCRIPTION),
        Acl("publishClientSend", f"{topics.PREFIX}/+/ack"),
        Acl("publishClientSend", f"{topics.PREFIX}/+/command"),
        Acl("subscribePattern", "$SYS/broker/#"),
        Acl("publishClientReceive", "$SYS/broker/#"),
    }
)


# Nothing is allowed that no role allows; the plugin's own default lets everybody receive.
CLOSED = {"publishClientSend": False, "publishClientReceive": False, "subscribe": False, "unsubscribe": True}


def admitted(device_id: str, secret: str) -> tuple[Command, ...]:
    """The device with this secret and no other, enabled; whoever speaks in its name now is cut."""
    return (
        *_role(role_of(device_id), rights_of(device_id)),
        *_account(device_id, role_of(device_id), secret),
        Command("enableClient", {"username": device_id}),
    )


def barred(device_id: str) -> tuple[Command, ...]:
    """Refused from now on, and cut. Whoever shows a certificate is let in by its name, disabled or not: so without a
    right."""
    fine = frozenset({"Client not found"})
    named = {"username": device_id}
    return Command("modifyClient", {**named, "roles": []}, fine), Command("disableClient", named, fine)


def serving(service: Service, listed: Listed) -> tuple[Command, ...]:
    """What the server's own account still lacks. Its password is set once: again would cut the server's link."""
    steps: list[Command] = []
    if listed.defaults != CLOSED:
        acls = [{"acltype": kind, "allow": allow} for kind, allow in CLOSED.items()]
        steps.append(Command("setDefaultACLAccess", {"acls": acls}))
    if SERVER_RIGHTS not in {role.rights for role in listed.roles if role.rolename == SERVER_ROLE}:
        steps += _role(SERVER_ROLE, SERVER_RIGHTS)
    if service.username not in {account.username for account in listed.accounts}:
        steps.append(Command("createClient", _client(service.username, SERVER_ROLE, service.password)))
    return tuple(steps)


def difference(wanted: Iterable[Wanted], listed: Listed, kept: Collection[str]) -> Difference:
    """The registry is the truth: an account that is no device of it is disabled, unless it is among ``kept`` or an
    administrator's. What is as it should be costs no command."""
    devices = {one.device_id: one for one in wanted}
    accounts = {account.username: account for account in listed.accounts}
    roles = {role.rolename: role.rights for role in listed.roles}
    steps = [
        step
        for account in accounts.values()
        if account.username not in kept and ADMINISTRATOR not in account.role_names
        for step in _mended(account, devices.get(account.username), roles)
    ]
    settled = {one.device_id for one in devices.values() if one.settled}
    return Difference(tuple(steps), tuple(sorted(settled - accounts.keys())))


def _mended(account: Account, device: Wanted | None, roles: Mapping[str, frozenset[Acl]]) -> Iterator[Command]:
    name = account.username
    if device is None:
        yield from () if account.disabled and not account.role_names else barred(name)
        return
    if not device.settled:
        return
    if roles.get(role_of(name)) != rights_of(name):
        yield from _role(role_of(name), rights_of(name))
    if account.role_names != {role_of(name)}:
        yield Command("modifyClient", {"username": name, "roles": [{"rolename": role_of(name)}]})
    if account.disabled:
        yield Command("enableClient", {"username": name})


DEFAULTS = Command("getDefaultACLAccess")


def page_of(listing: str, offset: int) -> Command:
    return Command(listing, {"verbose": True, "count": PAGE, "offset": offset})


_EXISTS = frozenset({"Client already exists", "Role already exists"})


def _role(name: str, rights: frozenset[Acl]) -> tuple[Command, ...]:
    fields = {"rolename": name, "acls": [acl._asdict() for acl in sorted(rights)]}
    return Command("createRole", fields, _EXISTS), Command("modifyRole", fields)


def _account(name: str, role: str, password: str) -> tuple[Command, ...]:
    return (
        Command("createClient", _client(name, role, password), _EXISTS),
        Command("setClientPassword", {"username": name, "password": password}),
        Command("modifyClient", {"username": name, "roles": [{"rolename": role}]}),
    )


def _client(name: str, role: str, password: str) -> Mapping[str, Any]:
    return {"username": name, "password": password, "roles": [{"rolename": role}]}


class Reply(msgspec.Struct, frozen=True):
    """To one command. ``data`` of a listing holds ``clients`` or ``roles`` and their ``totalCount``."""

    command: str
    error: str | None = None
    data: Mapping[str, Any] = {}


class _Replies(msgspec.Struct, frozen=True):
    responses: tuple[Reply, ...]


def said(commands: Sequence[Command]) -> bytes:
    return msgspec.json.encode({"commands": [command.said for command in commands]})


def heard(payload: bytes) -> tuple[Reply, ...]:
    """Raises ValueError where it is no answer of the plugin's."""
    return msgspec.json.decode(payload, type=_Replies).responses
