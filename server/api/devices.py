"""The devices' registry: adding, credentials, claim codes, lists, replacing. Who wears them is monitoring's."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

import msgspec

from server.access.roles import Action
from server.api.errors import INVALID, ProblemKind, Problems
from server.api.framework import Audience, Body, Call, File, Route, Upload
from server.monitoring import errors
from server.monitoring.bulk import Bulk
from server.monitoring.certificates import LONGEST_PEM, DeviceCertificates
from server.monitoring.claiming import DAYS, Asked, Claims
from server.monitoring.device_lines import Addresses, ready_lines
from server.monitoring.device_list import QUIET_AFTER, Attention, DeviceReader, Wanted
from server.monitoring.device_state import DeviceState
from server.monitoring.plate import Plate
from server.monitoring.registry import Devices
from server.monitoring.replacing import Replacement, Replacing
from server.monitoring.views import (
    CertificateView,
    ClaimCode,
    DeviceAdded,
    DeviceClaimed,
    DeviceDetail,
    DevicesPage,
    DeviceView,
    ImportReport,
)

Id = Annotated[str, msgspec.Meta(max_length=64)]
Printed = Annotated[str, msgspec.Meta(max_length=200)]

problems: Final[Problems] = {
    errors.DeviceRefused: INVALID,
    errors.DeviceExists: ProblemKind(409, "device-exists", "The device is on record", ("field",)),
    errors.DeviceStateWrong: ProblemKind(409, "device-state", "Not in this state", ("state",)),
    errors.CertificateRefused: ProblemKind(422, "certificate-refused", "The certificate cannot be bound", ("reason",)),
    errors.ClaimRefused: ProblemKind(404, "claim-refused", "This code does not count"),
    errors.CsvRefused: ProblemKind(422, "csv-refused", "The file is no list of devices", ("reason",)),
    errors.ImportHasErrors: ProblemKind(422, "import-has-errors", "Rows of the list are wrong", ("rows",)),
}


class NewDevice(Body, frozen=True):
    """Without ``id`` it is made of model and serial."""

    id: Id | None = None
    label: Printed | None = None
    maker: Printed | None = None
    model: Printed | None = None
    serial: Printed | None = None


class Description(Body, frozen=True):
    """All of what stands on it, as it shall be from now on. Without ``label`` it is made of model and serial."""

    label: Printed | None = None
    maker: Printed | None = None
    model: Printed | None = None
    serial: Printed | None = None


class DevicesQuery(Body, frozen=True):
    search: Annotated[str, msgspec.Meta(max_length=80)] = ""
    state: DeviceState | None = None
    worn: bool | None = None
    attention: Attention | None = None
    after: Annotated[str, msgspec.Meta(max_length=64)] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50


class ReplacedBy(Body, frozen=True):
    """``at``: since when the new one is worn in place of the old; null: now."""

    by: Id
    at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class CodeWish(Body, frozen=True):
    days: Annotated[int, msgspec.Meta(ge=1, le=365)] = DAYS


class Claimed(Body, frozen=True):
    code: Annotated[str, msgspec.Meta(max_length=40)]
    patient_id: Annotated[str, msgspec.Meta(max_length=64)]
    profile: Annotated[str, msgspec.Meta(max_length=32)] | None = None


class OwnClaim(Body, frozen=True):
    code: Annotated[str, msgspec.Meta(max_length=40)]


class NewCertificate(Body, frozen=True):
    """In PEM form, without its key."""

    pem: Annotated[str, msgspec.Meta(max_length=LONGEST_PEM)]


class ImportQuery(Body, frozen=True):
    reissue: bool = False


@dataclass(frozen=True, slots=True)
class Registry:
    """The services behind these routes. ``addresses`` says where the running server listens."""

    devices: Devices
    certificates: DeviceCertificates
    reader: DeviceReader
    claims: Claims
    replacing: Replacing
    bulk: Bulk
    addresses: Callable[[], Addresses]


def routes(registry: Registry) -> list[Route]:
    return [*_reading(registry), *_one(registry), *_certificates(registry), *_claims(registry), *_lists(registry)]


def _reading(registry: Registry) -> list[Route]:
    handlers = _Handlers(registry)
    read = Action.DEVICE_READ
    return [
        Route(
            method="GET",
            path="/devices",
            handler=handlers.page,
            action=read,
            query=DevicesQuery,
            reply=DevicesPage,
        ),
        Route(method="GET", path="/devices/{id}", handler=handlers.detail, action=read, reply=DeviceDetail),
    ]


def _one(registry: Registry) -> list[Route]:
    handlers = _Handlers(registry)
    manage = Action.DEVICE_ADD
    return [
        Route(
            method="POST",
            path="/devices",
            handler=handlers.add,
            action=manage,
            body=NewDevice,
            reply=DeviceAdded,
            status=201,
        ),
        Route(
            method="PUT",
            path="/devices/{id}",
            handler=handlers.describe,
            action=manage,
            body=Description,
            reply=DeviceView,
        ),
        Route(method="POST", path="/devices/{id}/rotate", handler=handlers.rotate, action=manage, reply=DeviceAdded),
        Route(method="POST", path="/devices/{id}/lost", handler=handlers.lose, action=manage, reply=DeviceView),
        Route(method="POST", path="/devices/{id}/revoke", handler=handlers.revoke, action=manage, reply=DeviceView),
        Route(
            method="POST",
            path="/devices/{id}/replace",
            handler=handlers.replace,
            action=manage,
            body=ReplacedBy,
            reply=DeviceView,
        ),
    ]


def _certificates(registry: Registry) -> list[Route]:
    handlers = _Handlers(registry)
    manage = Action.DEVICE_ADD
    return [
        Route(
            method="POST",
            path="/devices/{id}/certificates",
            handler=handlers.bind,
            action=manage,
            body=NewCertificate,
            reply=list[CertificateView],
            status=201,
        ),
        Route(
            method="DELETE",
            path="/devices/{id}/certificates/{fingerprint}",
            handler=handlers.end_certificate,
            action=manage,
        ),
    ]


def _claims(registry: Registry) -> list[Route]:
    handlers = _Handlers(registry)
    return [
        Route(
            method="POST",
            path="/devices/{id}/claim-code",
            handler=handlers.issue,
            action=Action.DEVICE_ADD,
            body=CodeWish,
            reply=ClaimCode,
        ),
        Route(
            method="POST",
            path="/devices/claim",
            handler=handlers.claim,
            action=Action.DEVICE_ASSOCIATE,
            body=Claimed,
            reply=DeviceView,
        ),
        Route(
            method="POST",
            path="/ticket/devices",
            handler=handlers.claim_own,
            audience=Audience.PATIENT,
            action=Action.TICKET_OWN,
            body=OwnClaim,
            reply=DeviceClaimed,
        ),
    ]


def _lists(registry: Registry) -> list[Route]:
    handlers = _Handlers(registry)
    manage = Action.DEVICE_ADD
    return [
        Route(
            method="POST",
            path="/devices/import/check",
            handler=handlers.check_import,
            action=manage,
            body=Upload,
            reply=ImportReport,
        ),
        Route(
            method="POST",
            path="/devices/import",
            handler=handlers.import_,
            action=manage,
            body=Upload,
            query=ImportQuery,
            reply=File,
        ),
    ]


class _Handlers:
    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def page(self, call: Call[None]) -> DevicesPage:
        asked: DevicesQuery = call.query
        wanted = Wanted(
            search=asked.search.strip(),
            state=asked.state,
            worn=asked.worn,
            after=asked.after,
            limit=asked.limit,
            attention=asked.attention,
            quiet_since=call.now - QUIET_AFTER,
        )
        return await self._registry.reader.page(call.who, wanted)

    async def detail(self, call: Call[None]) -> DeviceDetail:
        found = await self._registry.reader.detail(call.who, call.path["id"])
        lines = ready_lines(self._registry.addresses(), found.device.id, worn=found.device.worn)
        connectivity = msgspec.structs.replace(found.connectivity, lines=lines)
        return msgspec.structs.replace(found, connectivity=connectivity)

    async def add(self, call: Call[NewDevice]) -> DeviceAdded:
        wish = call.body
        plate = Plate(wish.maker, wish.model, wish.serial)
        added = await self._registry.devices.add(call.who.actor, wish.id, wish.label, call.now, plate=plate)
        claim = await self._registry.claims.issue(call.who.actor, added.device.id, call.now)
        device = msgspec.structs.replace(added.device, claimable_until=claim.expires_at)
        return msgspec.structs.replace(self._with_lines(added), device=device, claim=claim)

    async def describe(self, call: Call[Description]) -> DeviceView:
        wish = call.body
        plate = Plate(wish.maker, wish.model, wish.serial)
        return await self._registry.devices.describe(call.who.actor, call.path["id"], wish.label, call.now, plate=plate)

    async def rotate(self, call: Call[None]) -> DeviceAdded:
        return self._with_lines(await self._registry.devices.rotate(call.who.actor, call.path["id"], call.now))

    async def lose(self, call: Call[None]) -> DeviceView:
        return await self._registry.devices.lose(call.who.actor, call.path["id"], call.now)

    async def revoke(self, call: Call[None]) -> DeviceView:
        return await self._registry.devices.revoke(call.who.actor, call.path["id"], call.now)

    async def replace(self, call: Call[ReplacedBy]) -> DeviceView:
        wish = Replacement(call.path["id"], call.body.by, call.body.at)
        return await self._registry.replacing.replace(call.who.actor, wish, call.now)

    async def bind(self, call: Call[NewCertificate]) -> list[CertificateView]:
        return await self._registry.certificates.bind(call.who.actor, call.path["id"], call.body.pem, call.now)

    async def end_certificate(self, call: Call[None]) -> None:
        fingerprint = call.path["fingerprint"]
        await self._registry.certificates.end(call.who.actor, call.path["id"], fingerprint, call.now)

    async def issue(self, call: Call[CodeWish]) -> ClaimCode:
        return await self._registry.claims.issue(call.who.actor, call.path["id"], call.now, call.body.days)

    async def claim(self, call: Call[Claimed]) -> DeviceView:
        asked = Asked(call.who, call.address, call.body.patient_id, call.body.profile)
        return await self._registry.claims.claim(asked, call.body.code, call.now)

    async def claim_own(self, call: Call[OwnClaim]) -> DeviceClaimed:
        device = await self._registry.claims.claim(Asked(call.who, call.address), call.body.code, call.now)
        return DeviceClaimed(device.id, device.label)

    async def check_import(self, call: Call[Upload]) -> ImportReport:
        return await self._registry.bulk.check(await call.body.read())

    async def import_(self, call: Call[Upload]) -> File:
        wish: ImportQuery = call.query
        content = await self._registry.bulk.add(call.who.actor, await call.body.read(), call.now, reissue=wish.reissue)
        return File(content, "text/csv", "device-credentials.csv")

    def _with_lines(self, added: DeviceAdded) -> DeviceAdded:
        device = added.device
        lines = ready_lines(self._registry.addresses(), device.id, added.secret, worn=device.worn)
        return msgspec.structs.replace(added, lines=lines)
