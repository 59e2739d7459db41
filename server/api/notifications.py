"""Messages, for those who look after them: the outbox, who was not reached, the hospital's own words. Receipts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

import msgspec

from server.access.roles import Action
from server.api.errors import INVALID, NOT_FOUND, ProblemKind, Problems
from server.api.framework import Audience, Body, Call, Raw, Route
from server.notifications.climbing import Calls, NoSuchCall
from server.notifications.editing import FormChanged, Forms, FormView, Preview
from server.notifications.missing import NotReached, NotReachedView
from server.notifications.reader import DeliveryView, OutboxReader
from server.notifications.receipts import BadSignature, Receipts, UnknownGateway, Unreadable
from server.notifications.recovery import LinkRecovery
from server.notifications.subscriptions import BadSubscription, NoPush, Subscriptions
from server.notifications.templates import BadForm, Form, Locale, Template


class NoSuchTemplate(Exception):
    """The path names no template, or none in that language."""


problems: Final[Problems] = {
    BadForm: ProblemKind(422, "bad-template", "The template cannot be taken", ("slot",)),
    FormChanged: ProblemKind(409, "template-changed", "The template has changed"),
    NoSuchCall: NOT_FOUND,
    NoSuchTemplate: NOT_FOUND,
    UnknownGateway: NOT_FOUND,
    BadSignature: ProblemKind(403, "bad-signature", "The signature is wrong"),
    Unreadable: ProblemKind(422, "unreadable-receipt", "The receipt cannot be read"),
    NoPush: ProblemKind(409, "no-push", "No web push here"),
    BadSubscription: INVALID,
}

Words = Annotated[str, msgspec.Meta(max_length=1000)]


class EditedForm(Body, frozen=True):
    """``version`` is the one that was edited, 0 for the built-in."""

    body: Words
    version: Annotated[int, msgspec.Meta(ge=0)]


class TriedForm(Body, frozen=True):
    template: Template
    locale: Locale
    body: Words


class CallMade(Body, frozen=True):
    reached: bool


class LostLink(Body, frozen=True):
    phone: Annotated[str, msgspec.Meta(max_length=64)]


class Asked(msgspec.Struct, frozen=True):
    """Whatever was asked: whether anybody here has that number, nobody is told."""


class PushKeys(Body, frozen=True):
    p256dh: Annotated[str, msgspec.Meta(max_length=128)]
    auth: Annotated[str, msgspec.Meta(max_length=64)]


class PushSubscription(Body, frozen=True):
    """As the browser's PushManager gives it (W3C Push API)."""

    endpoint: Annotated[str, msgspec.Meta(max_length=1000)]
    keys: PushKeys


class PushKey(msgspec.Struct, frozen=True):
    """What a page subscribes under; empty where no web push is sent."""

    key: str


class PushReceived(Body, frozen=True):
    id: Annotated[str, msgspec.Meta(max_length=64)]


class ReceiptTaken(msgspec.Struct, frozen=True):
    """One answer that every provider takes for "do not send it again"."""

    code: int = 0
    msg: str = "ok"
    result: int = 0
    errmsg: str = "OK"


@dataclass(frozen=True, kw_only=True)
class Messages:
    """What stands behind these routes."""

    outbox: OutboxReader
    missing: NotReached
    calls: Calls
    forms: Forms
    receipts: Receipts
    recovery: LinkRecovery
    subscriptions: Subscriptions


def routes(to: Messages) -> list[Route]:
    handle = _Handlers(to)
    return [*_outbox(handle), *_templates(handle), *_public(handle), *_push(handle)]


def _outbox(handle: "_Handlers") -> list[Route]:
    read, call = Action.OUTBOX_READ, Action.CALL_MAKE
    return [
        Route(method="GET", path="/outbox", handler=handle.outbox, action=read, reply=list[DeliveryView]),
        Route(method="GET", path="/not-reached", handler=handle.not_reached, action=call, reply=list[NotReachedView]),
        Route(method="POST", path="/not-reached/{id}/call", handler=handle.called, action=call, body=CallMade),
    ]


def _templates(handle: "_Handlers") -> list[Route]:
    edit = Action.TEMPLATE_EDIT
    return [
        Route(method="GET", path="/templates", handler=handle.templates, action=edit, reply=list[FormView]),
        Route(
            method="PUT",
            path="/templates/{id}/{locale}",
            handler=handle.write,
            action=edit,
            body=EditedForm,
            reply=FormView,
        ),
        Route(
            method="POST",
            path="/templates/preview",
            handler=handle.preview,
            action=edit,
            body=TriedForm,
            reply=Preview,
        ),
    ]


def _public(handle: "_Handlers") -> list[Route]:
    everybody = Audience.PUBLIC
    return [
        Route(
            method="POST",
            path="/receipts/{gateway}",
            handler=handle.receipt,
            audience=everybody,
            body=Raw,
            reply=ReceiptTaken,
        ),
        Route(
            method="POST",
            path="/join/recover",
            handler=handle.recover,
            audience=everybody,
            body=LostLink,
            reply=Asked,
            status=202,
        ),
        Route(method="GET", path="/push/key", handler=handle.push_key, audience=everybody, reply=PushKey),
        Route(method="POST", path="/push/received", handler=handle.received, audience=everybody, body=PushReceived),
    ]


def _push(handle: "_Handlers") -> list[Route]:
    """A browser belongs to whom its cookie says, and one browser may have both."""
    staff, patient = Action.ACCOUNT_OWN, Action.TICKET_OWN
    subscribed = handle.subscribe
    return [
        Route(method="POST", path="/push/subscribe", handler=subscribed, action=staff, body=PushSubscription),
        Route(
            method="POST",
            path="/ticket/push",
            handler=subscribed,
            audience=Audience.PATIENT,
            action=patient,
            body=PushSubscription,
        ),
    ]


class _Handlers:
    def __init__(self, to: Messages) -> None:
        self._to = to

    async def outbox(self, _call: Call[None]) -> list[DeliveryView]:
        return await self._to.outbox.newest()

    async def not_reached(self, call: Call[None]) -> list[NotReachedView]:
        return await self._to.missing.list(call.now)

    async def called(self, call: Call[CallMade]) -> None:
        await self._to.calls.record(call.who, call.path["id"], call.now, reached=call.body.reached)

    async def templates(self, _call: Call[None]) -> list[FormView]:
        return list(self._to.forms.list())

    async def write(self, call: Call[EditedForm]) -> FormView:
        which = _which(call.path)
        return await self._to.forms.write(call.who, which, Form(call.body.body, call.body.version), call.now)

    async def preview(self, call: Call[TriedForm]) -> Preview:
        return self._to.forms.preview(call.body.template, call.body.locale, call.body.body)

    async def receipt(self, call: Call[Raw]) -> ReceiptTaken:
        await self._to.receipts.take(call.path["gateway"], call.body.headers, call.body.content, call.now)
        return ReceiptTaken()

    async def recover(self, call: Call[LostLink]) -> Asked:
        await self._to.recovery.ask(call.body.phone, call.address, call.now)
        return Asked()

    async def push_key(self, _call: Call[None]) -> PushKey:
        return PushKey(self._to.subscriptions.key)

    async def received(self, call: Call[PushReceived]) -> None:
        await self._to.receipts.push_received(call.body.id, call.now)

    async def subscribe(self, call: Call[PushSubscription]) -> None:
        await self._to.subscriptions.subscribe(call.who, msgspec.json.encode(call.body).decode(), call.now)


def _which(path: Mapping[str, str]) -> tuple[Template, Locale]:
    try:
        return Template(path["id"]), Locale(path["locale"])
    except ValueError:
        raise NoSuchTemplate("no such template, or not in this language") from None
