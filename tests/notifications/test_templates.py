"""Templates: the built-in ones keep their own rules, and what a hospital writes leaves no patient without a link."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.notifications.templates import (
    FORMS,
    LINK,
    SLOTS,
    BadForm,
    Form,
    Locale,
    Phrasebook,
    Template,
    check,
    fill,
    say,
)

OWN = "Ours {hospital} {serial} {link}"


@pytest.mark.parametrize("template", list(Template))
def test_every_built_in_form_keeps_the_rules_and_has_both_languages(template: Template) -> None:
    assert set(FORMS[template]) == set(Locale)
    for body in FORMS[template].values():
        check(template, body)


@pytest.mark.parametrize(
    ("template", "slot"), [(template, slot) for template in Template for slot in sorted(SLOTS[template].needed)]
)
def test_a_form_without_what_it_must_say_is_refused_by_name(template: Template, slot: str) -> None:
    body = FORMS[template][Locale.EN].replace(f"{{{slot}}}", "")
    with pytest.raises(BadForm, match=rf"\{{{slot}\}}") as refused:
        check(template, body)
    assert refused.value.slot == slot


@pytest.mark.parametrize(
    ("body", "slot", "sentence"),
    [
        ("", "", "1 to"),
        ("x" * 401, "", "1 to"),
        (f"{OWN}\nmore", "", "one line"),
        (f"{OWN}\u202e", "", "one line"),
        (f"{OWN} {{diagnosis}}", "diagnosis", "means nothing"),
        (f"{OWN} {{link}}", "link", "once"),
        (f"{OWN} {{0.__class__}}", "", "brace"),
        (f"{OWN} }}", "", "brace"),
    ],
)
def test_what_else_is_refused(body: str, slot: str, sentence: str) -> None:
    with pytest.raises(BadForm, match=sentence) as refused:
        check(Template.CALLED, body)
    assert refused.value.slot == slot


def test_an_operators_template_never_names_the_condition() -> None:
    body = f"{FORMS[Template.ALARM_RELAY][Locale.EN]} {{condition}}"
    with pytest.raises(BadForm, match="condition"):
        check(Template.ALARM_RELAY, body)


def test_the_hospitals_own_words_are_said_and_their_version_noted() -> None:
    book = Phrasebook({(Template.CALLED, Locale.EN): Form(OWN, 4)})
    said = say(book, Template.CALLED, Locale.EN, {"hospital": "H", "serial": "7"})
    assert (said.body, said.version) == (f"Ours H 7 {LINK}", 4)
    assert say(book, Template.CALLED, Locale.ZH, {}).version == 0


def test_a_stored_form_that_could_not_be_filled_is_passed_over() -> None:
    book = Phrasebook()
    book.replace({(Template.ALARM, Locale.EN): Form("an alarm, somewhere", 2)})
    assert book.form(Template.ALARM, Locale.EN).version == 0


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_value_is_said_as_it_is_and_never_read_as_a_placeholder(hospital: str, serial: str) -> None:
    filled = fill("{hospital}|{serial}", {"hospital": hospital, "serial": serial})
    assert filled == f"{hospital}|{serial}"


@given(st.text(alphabet="{}ab link_serhospital0.", max_size=60), st.sampled_from(list(Template)))
def test_what_is_taken_can_be_filled_without_a_rest(body: str, template: Template) -> None:
    try:
        check(template, body)
    except BadForm:
        return
    assert "{" not in fill(body, dict.fromkeys(SLOTS[template].known, "x"))
