"""The hospital's own words: seen as they will go out, refused by name, versioned, and in use everywhere at once."""

import asyncio
from functools import partial
from zoneinfo import ZoneInfo

import pytest

from server.access.principal import Principal
from server.access.roles import Role
from server.notifications import messages
from server.notifications.editing import FormChanged, Forms
from server.notifications.messages import Sender
from server.notifications.parts import Encoding
from server.notifications.templates import FORMS, BadForm, Form, Locale, Template
from server.store.engine import Store
from server.store.forms import FormQueries
from tests.notifications.post import NOON
from tests.store.filled import contents

OPERATOR = Principal(Role.OPERATOR, "3" * 32, "前台", "sign-in")
LINK = "https://h.example/join#" + "A" * 22
WHICH = (Template.CALLED, Locale.EN)
OWN = "{hospital} calls {serial}: {link}"


def opened(store: Store) -> tuple[Forms, Sender]:
    """A server's own forms and the sender that speaks by them."""
    sender = Sender("Green Stone", ZoneInfo("Asia/Shanghai"), "https://h.example/console", "0571-0")
    return Forms(partial(store.write, FormQueries), partial(store.read, FormQueries), sender, LINK), sender


async def test_what_is_written_is_said_from_then_on(store: Store) -> None:
    forms, sender = opened(store)
    view = await forms.write(OPERATOR, WHICH, Form(OWN, 0), NOON)
    assert (view.version, view.body, view.built_in) == (1, OWN, FORMS[Template.CALLED][Locale.EN])
    said = messages.called(sender, Locale.EN, serial=7)
    assert (said.body, said.version) == ("Green Stone calls 7: {link}", 1)


async def test_another_server_follows(store: Store) -> None:
    here, _ = opened(store)
    there, sender = opened(store)
    await here.write(OPERATOR, WHICH, Form(OWN, 0), NOON)
    await there.load()
    assert messages.called(sender, Locale.EN, serial=7).version == 1


async def test_of_two_who_edit_the_same_version_the_second_is_told(store: Store) -> None:
    forms, _ = opened(store)
    results = await asyncio.gather(
        *(forms.write(OPERATOR, WHICH, Form(f"{OWN} {n}", 0), NOON) for n in range(2)), return_exceptions=True
    )
    assert sorted(isinstance(result, FormChanged) for result in results) == [False, True]
    for version in (0, 7):  # an older one, and one that never was
        with pytest.raises(FormChanged):
            await forms.write(OPERATOR, WHICH, Form(OWN, version), NOON)
    assert (await forms.write(OPERATOR, WHICH, Form(OWN, 1), NOON)).version == 2


async def test_every_version_stays_and_is_audited(store: Store) -> None:
    forms, _ = opened(store)
    for version in range(3):
        await forms.write(OPERATOR, WHICH, Form(f"{OWN} {version}", version), NOON)
    kept = await contents(store)
    assert {row["version"]: row["body"] for row in kept["message_templates"]} == {n + 1: f"{OWN} {n}" for n in range(3)}
    assert [entry["action"] for entry in kept["audit"]] == ["template.written"] * 3


async def test_a_form_without_its_link_is_refused_by_name_and_changes_nothing(store: Store) -> None:
    forms, _ = opened(store)
    with pytest.raises(BadForm, match=r"\{link\}") as refused:
        await forms.write(OPERATOR, WHICH, Form("{hospital} calls {serial}", 0), NOON)
    assert refused.value.slot == "link"
    with pytest.raises(BadForm, match=r"\{link\}"):
        forms.preview(*WHICH, "{hospital} calls {serial}")
    assert (await contents(store))["message_templates"] == []


async def test_a_preview_is_what_a_telephone_shows_and_what_it_costs(store: Store) -> None:
    forms, _ = opened(store)
    shown = forms.preview(Template.CALLED, Locale.ZH, "【{hospital}】{serial}号： {link}")
    assert shown.text == f"【Green Stone】12号： {LINK}"
    assert (shown.encoding, shown.units, shown.parts) == (Encoding.UCS_2, len(shown.text), 1)


async def test_the_list_has_every_template_in_every_language_with_its_cost(store: Store) -> None:
    forms, _ = opened(store)
    listed = forms.list()
    assert {(view.template, view.locale) for view in listed} == {(t, one) for t in Template for one in Locale}
    for view in listed:
        assert view.parts in {1, 2}, view.template
        assert "{" not in view.example
        assert set(view.needed).isdisjoint(view.free)
