"""The hospital's own words: what stands in use, what a form would become, and writing a new version of one."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import msgspec

from server.access.audit import AuditEntry
from server.access.principal import Principal
from server.notifications.messages import CONDITIONS, PRIORITIES, Sender
from server.notifications.parts import Encoding, count
from server.notifications.templates import FORMS, SLOTS, Form, Locale, Template, Wordings, check, fill


class FormChanged(Exception):
    """Somebody else has written a newer version since."""


@dataclass(frozen=True, slots=True)
class NewForm:
    """A row to be written."""

    template: Template
    locale: Locale
    form: Form
    written_at: datetime
    written_by: str


class FormLook(Protocol):
    async def wordings(self) -> Wordings:
        """The newest version of every form that the hospital wrote."""
        ...


class FormTx(Protocol):
    async def wordings(self) -> Wordings: ...

    async def add_form(self, new: NewForm) -> bool:
        """False where this version is there already."""
        ...

    async def audit(self, entry: AuditEntry) -> None: ...


class FormView(msgspec.Struct, frozen=True, kw_only=True):
    """A form in use. ``version`` 0 is the built-in, ``built_in`` its words. ``needed`` and ``free`` are placeholders.

    ``example``, ``encoding`` and ``parts``: as it would go out, filled with what is usual.
    """

    template: Template
    locale: Locale
    version: int
    body: str
    built_in: str
    needed: list[str]
    free: list[str]
    example: str
    encoding: Encoding
    parts: int


class Preview(msgspec.Struct, frozen=True):
    """What a form would become. ``units`` are septets or 16-bit units of the telephone network."""

    text: str
    encoding: Encoding
    units: int
    parts: int


class Forms:
    """``sender.book`` is what every message of this server is worded from; other servers follow by ``load``."""

    def __init__(
        self,
        begin: Callable[[], AbstractAsyncContextManager[FormTx]],
        look: Callable[[], AbstractAsyncContextManager[FormLook]],
        sender: Sender,
        example_link: str,
    ) -> None:
        self._begin = begin
        self._look = look
        self._sender = sender
        self._example_link = example_link

    async def load(self, _now: datetime | None = None) -> None:
        """Take over what was written, here or on another server."""
        async with self._look() as look:
            self._sender.book.replace(await look.wordings())

    def list(self) -> Sequence[FormView]:
        return [self._view(template, locale) for template in Template for locale in Locale]

    def view(self, template: Template, locale: Locale) -> FormView:
        return self._view(template, locale)

    def preview(self, template: Template, locale: Locale, body: str) -> Preview:
        """Raises ``BadForm``."""
        check(template, body)
        text = fill(body, self._example(template, locale))
        counted = count(text)
        return Preview(text, counted.encoding, counted.units, counted.parts)

    async def write(self, who: Principal, which: tuple[Template, Locale], edited: Form, now: datetime) -> FormView:
        """``edited.version`` is the one that it was edited from. Raises ``BadForm``, ``FormChanged``."""
        template, locale = which
        check(template, edited.body)
        new = NewForm(template, locale, Form(edited.body, edited.version + 1), now, who.id)
        async with self._begin() as tx:
            seen = (await tx.wordings()).get(which, Form(""))
            if seen.version != edited.version or not await tx.add_form(new):
                raise FormChanged("this template has been changed meanwhile; look at it again")
            detail: dict[str, str | int | bool | None] = {"locale": locale, "version": new.form.version}
            await tx.audit(AuditEntry(now, who.actor, "template.written", f"template:{template}", detail))
        await self.load()
        return self._view(template, locale)

    def _view(self, template: Template, locale: Locale) -> FormView:
        form, slots = self._sender.book.form(template, locale), SLOTS[template]
        shown = self.preview(template, locale, form.body)
        return FormView(
            template=template,
            locale=locale,
            version=form.version,
            body=form.body,
            built_in=FORMS[template][locale],
            needed=sorted(slots.needed),
            free=sorted(slots.free),
            example=shown.text,
            encoding=shown.encoding,
            parts=shown.parts,
        )

    def _example(self, template: Template, locale: Locale) -> Mapping[str, str]:
        is_zh = locale is Locale.ZH
        values = {
            "hospital": self._sender.hospital,
            "telephone": self._sender.telephone,
            "serial": "12",
            "old_serial": "7",
            "ahead": "3",
            "at": "11月21日08:00" if is_zh else "21 Nov 08:00",
            "until": "11月21日07:30" if is_zh else "21 Nov 07:30",
            "link": self._example_link,
            "where": self._sender.console_url,
            "priority": PRIORITIES["high"][locale],
            "condition": CONDITIONS["spo2.low"][locale],
            "who": "王*" if is_zh else "AB",
            "number": "120",
            "doctor": "李医生" if is_zh else "Li",
            "successor": "赵医生" if is_zh else "Zhao",
        }
        return {name: values[name] for name in SLOTS[template].known}
