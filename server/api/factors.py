"""Second factors of staff: enrolling an app or a passkey, and showing one."""

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec

from server.access import errors
from server.access.factor_removal import FactorRemoval
from server.access.factors import FRESH, SecondFactors
from server.access.qr import qr_rows
from server.access.roles import Action
from server.access.step_up import StepUp
from server.api.errors import NOT_FOUND, ProblemKind, Problems
from server.api.framework import Body, Call, Route

problems: Final[Problems] = {
    errors.WrongCode: ProblemKind(403, "wrong-code", "The code is wrong"),
    errors.PasskeyRefused: ProblemKind(403, "passkey-refused", "The passkey was not accepted"),
    errors.PasskeysUnavailable: ProblemKind(409, "passkeys-unavailable", "No passkeys here"),
    errors.NoFactor: ProblemKind(409, "no-factor", "No second factor is enrolled"),
    errors.FactorNeeded: ProblemKind(409, "factor-needed", "Show the second factor first"),
    errors.LastFactor: ProblemKind(409, "last-factor", "The only second factor"),
    errors.UnknownFactor: NOT_FOUND,
}

Password = Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class Code(Body, frozen=True):
    code: Annotated[str, msgspec.Meta(pattern="^[0-9]{6}$")]


class Again(Body, frozen=True):
    """The password once more: a sign-in that somebody else holds enrols nothing."""

    password: Password


class PasskeyAnswer(Body, frozen=True):
    """``credential`` as the browser's credential manager gives it (PublicKeyCredential.toJSON)."""

    credential: dict[str, Any]


class NewPasskeyAnswer(PasskeyAnswer, frozen=True):
    label: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]


class TotpEnrolment(msgspec.Struct, frozen=True):
    """``uri`` is the QR code's text, ``qr`` the code itself: rows of "1" dark and "0" light. Shown once."""

    secret: str
    uri: str
    qr: list[str]


class PasskeyView(msgspec.Struct, frozen=True):
    id: str
    label: str
    created_at: datetime


class FactorsView(msgspec.Struct, frozen=True):
    """``stepped_up_at``: when a factor was last shown in this sign-in, which counts until ``fresh_until``."""

    totp: bool
    passkeys: list[PasskeyView]
    stepped_up_at: datetime | None
    fresh_until: datetime | None


def routes(factors: SecondFactors, removal: FactorRemoval, step_up: StepUp, issuer: str) -> list[Route]:
    """``issuer`` is the hospital's name, under which the app lists its codes."""
    handle, own = _Handlers(factors, removal, step_up, issuer), Action.ACCOUNT_OWN
    options = dict[str, Any]
    return [
        Route(method="GET", path="/factors", handler=handle.factors, action=own, reply=FactorsView),
        Route(method="POST", path="/totp/enrol", handler=handle.enrol, action=own, body=Again, reply=TotpEnrolment),
        Route(method="POST", path="/totp/confirm", handler=handle.confirm, action=own, body=Code, reply=FactorsView),
        Route(method="POST", path="/passkeys/options", handler=handle.creation, action=own, body=Again, reply=options),
        Route(
            method="POST", path="/passkeys", handler=handle.add, action=own, body=NewPasskeyAnswer, reply=PasskeyView
        ),
        Route(method="DELETE", path="/factors/totp", handler=handle.remove_app, action=own, reply=FactorsView),
        Route(method="DELETE", path="/passkeys/{id}", handler=handle.remove_passkey, action=own, reply=FactorsView),
        Route(method="POST", path="/step-up/totp", handler=handle.by_code, action=own, body=Code, reply=FactorsView),
        Route(method="POST", path="/step-up/passkey/options", handler=handle.request, action=own, reply=options),
        Route(
            method="POST",
            path="/step-up/passkey",
            handler=handle.by_passkey,
            action=own,
            body=PasskeyAnswer,
            reply=FactorsView,
        ),
    ]


class _Handlers:
    def __init__(self, factors: SecondFactors, removal: FactorRemoval, step_up: StepUp, issuer: str) -> None:
        self._factors = factors
        self._removal = removal
        self._step_up = step_up
        self._issuer = issuer

    async def factors(self, call: Call[Any]) -> FactorsView:
        has = await self._factors.factors(call.who)
        keys = [PasskeyView(key.id, key.label, key.created_at) for key in has.passkeys]
        until = has.stepped_up_at + FRESH if has.stepped_up_at else None
        return FactorsView(has.totp, keys, has.stepped_up_at, until)

    async def enrol(self, call: Call[Again]) -> TotpEnrolment:
        enrolled = await self._factors.enrol_totp(call.who, call.body.password, self._issuer, call.now)
        return TotpEnrolment(enrolled.secret, enrolled.uri, qr_rows(enrolled.uri))

    async def confirm(self, call: Call[Code]) -> FactorsView:
        await self._factors.confirm_totp(call.who, call.body.code, call.now)
        return await self.factors(call)

    async def creation(self, call: Call[Again]) -> dict[str, object]:
        return await self._factors.passkey_creation(call.who, call.body.password, call.now)

    async def add(self, call: Call[NewPasskeyAnswer]) -> PasskeyView:
        added = await self._factors.add_passkey(call.who, call.body.credential, call.body.label, call.now)
        return PasskeyView(added.id, added.label, added.created_at)

    async def remove_app(self, call: Call[None]) -> FactorsView:
        await self._removal.remove_totp(call.who, call.now)
        return await self.factors(call)

    async def remove_passkey(self, call: Call[None]) -> FactorsView:
        await self._removal.remove_passkey(call.who, call.path["id"], call.now)
        return await self.factors(call)

    async def by_code(self, call: Call[Code]) -> FactorsView:
        await self._step_up.by_code(call.who, call.body.code, call.now)
        return await self.factors(call)

    async def request(self, call: Call[None]) -> dict[str, object]:
        return await self._step_up.passkey_request(call.who, call.now)

    async def by_passkey(self, call: Call[PasskeyAnswer]) -> FactorsView:
        await self._step_up.by_passkey(call.who, call.body.credential, call.now)
        return await self.factors(call)
