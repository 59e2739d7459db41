"""Signing in and out, and who one is."""

from typing import Annotated, Final

import msgspec

from server.access.errors import LoginTaken, UserRefused, WrongPassword
from server.access.known_browser import LIVES
from server.access.roles import Action, Role
from server.access.sign_ins import From, SignIns
from server.access.users import User
from server.api.errors import INVALID, ProblemKind, Problems
from server.api.framework import Answer, Audience, Body, Call, Cookie, Mark, Route

problems: Final[Problems] = {
    WrongPassword: ProblemKind(401, "wrong-password", "Login or password is wrong"),
    UserRefused: INVALID,
    LoginTaken: ProblemKind(409, "login-taken", "The login is taken", ("field",)),
}


class Credentials(Body, frozen=True):
    login: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]


class Me(msgspec.Struct, frozen=True):
    id: str
    login: str
    name: str
    role: Role
    locale: str


def routes(sign_ins: SignIns) -> list[Route]:
    handlers = _Handlers(sign_ins)
    own = Action.ACCOUNT_OWN
    return [
        Route(
            method="POST",
            path="/sign-in",
            handler=handlers.sign_in,
            audience=Audience.PUBLIC,
            body=Credentials,
            reply=Me,
        ),
        Route(method="POST", path="/sign-out", handler=handlers.sign_out, action=own),
        Route(method="GET", path="/me", handler=handlers.me, action=own, reply=Me),
    ]


class _Handlers:
    def __init__(self, sign_ins: SignIns) -> None:
        self._sign_ins = sign_ins

    async def sign_in(self, call: Call[Credentials]) -> Answer:
        place = From(call.address, call.known_browser)
        signed_in = await self._sign_ins.sign_in(call.body.login, call.body.password, place, call.now)
        user = await self._sign_ins.me(signed_in.principal)
        opens = Cookie(Audience.STAFF, signed_in.token, signed_in.expires_at)
        return Answer(_me(user), cookies=(opens, Cookie(Mark.KNOWN_BROWSER, signed_in.known, call.now + LIVES)))

    async def sign_out(self, call: Call[None]) -> Answer:
        await self._sign_ins.sign_out(call.who, call.now)
        return Answer(cookies=(Cookie(Audience.STAFF),))

    async def me(self, call: Call[None]) -> Me:
        return _me(await self._sign_ins.me(call.who))


def _me(user: User) -> Me:
    return Me(user.id, user.login, user.name, user.role, user.locale)
