"""The two routes that EMQX asks, as its HTTP authenticator and authorizer call them. Always 200, with allow or deny.

Any other status is "ignore" to EMQX, and what follows upon that is the broker's configuration, not ours.
"""

from collections.abc import Callable
from typing import Literal, TypeVar

import msgspec

from server.api.framework import Audience, Call, Raw, Route
from server.monitoring.broker_hook import BrokerHook, Connecting, Wish

Asked = TypeVar("Asked", Connecting, Wish)


class Verdict(msgspec.Struct, frozen=True):
    result: Literal["allow", "deny"]


class Admission(Verdict, frozen=True):
    """Nobody is a superuser: such a one would not be asked about topics any more."""

    is_superuser: bool = False


def routes(hook: BrokerHook | None) -> list[Route]:
    """``hook`` None: no outside broker is set to ask, and whoever does is told no."""
    handlers = _Handlers(hook)
    return [
        Route(
            method="POST",
            path="/broker/connect",
            handler=handlers.connect,
            audience=Audience.PUBLIC,  # no person: the broker's secret stands in the Authorization header
            body=Raw,
            reply=Admission,
        ),
        Route(
            method="POST",
            path="/broker/topic",
            handler=handlers.topic,
            audience=Audience.PUBLIC,
            body=Raw,
            reply=Verdict,
        ),
    ]


class _Handlers:
    def __init__(self, hook: BrokerHook | None) -> None:
        self._hook = hook

    async def connect(self, call: Call[Raw]) -> Admission:
        return Admission(_word(self._judged(call.body, Connecting, lambda hook, one: hook.lets_in(one, call.now))))

    async def topic(self, call: Call[Raw]) -> Verdict:
        return Verdict(_word(self._judged(call.body, Wish, lambda hook, one: hook.may(one))))

    def _judged(self, request: Raw, kind: type[Asked], judge: Callable[[BrokerHook, Asked], bool]) -> bool:
        """No to whoever is not the broker, and to what cannot be read."""
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        if self._hook is None or scheme != "Bearer" or not self._hook.believes(secret):
            return False
        try:
            return judge(self._hook, msgspec.json.decode(request.content, type=kind))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return False


def _word(good: bool) -> Literal["allow", "deny"]:
    return "allow" if good else "deny"
