"""Every text in both languages: whole, short enough for a telephone, and closed to what a name might smuggle in."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.notifications import messages
from server.notifications.messages import AlarmFacts, Sender
from server.notifications.parts import count
from server.notifications.templates import FORMS, LINK, Locale, Template, Text

SENDER = Sender(
    "青石街道社区卫生服务中心互联网医院",
    ZoneInfo("Asia/Shanghai"),
    "https://bedside.example.org/console",
    "0571-00000000",
)
ENGLISH = Sender(
    "Green Stone Community Hospital", ZoneInfo("Europe/London"), "https://bedside.example.org/console", "01865 000000"
)
JOIN_LINK = "https://bedside.example.org/join#" + "A" * 22
MORNING = datetime(2026, 11, 21, 1, 30, tzinfo=UTC)
FACTS = AlarmFacts("王小明", "spo2.low", "high", MORNING)
LONG = AlarmFacts("Anna Maria Josefa Berg", "refused:spo2", "medium", MORNING)


def every_text(sender: Sender, locale: Locale, facts: AlarmFacts) -> list[Text]:
    return [
        messages.booked(sender, locale, serial=128, opens_at=MORNING),
        messages.link_reset(sender, locale, serial=128),
        messages.link_recovered(sender, locale, serial=128, opens_at=MORNING),
        messages.reminder_day(sender, locale, serial=128, opens_at=MORNING),
        messages.reminder_soon(sender, locale, serial=128, opens_at=MORNING),
        messages.three_ahead(sender, locale, serial=128, ahead=3),
        messages.called(sender, locale, serial=128),
        messages.missed(sender, locale, serial=128),
        messages.moved(sender, locale, serial=128, old_serial=127, opens_at=MORNING),
        messages.cancelled(sender, locale, serial=128, opens_at=MORNING),
        messages.offer(sender, locale, opens_at=MORNING, until=MORNING),
        messages.summary_ready(sender, locale, serial=128),
        messages.alarm(sender, locale, facts),
        messages.alarm_unanswered(sender, locale, facts),
        messages.alarm_relay(sender, locale, facts, doctor="Konstantinopoulos Demetrios"),
        messages.broker_drops(sender, locale, number=123_456),
        messages.handover(sender, locale, doctor="Konstantinopoulos Demetrios", successor="Li Wei"),
    ]


def test_every_template_has_a_function_and_every_language() -> None:
    assert {text.template for text in every_text(SENDER, Locale.ZH, FACTS)} == set(Template)
    for template in Template:
        assert set(FORMS[template]) == set(Locale), template


@pytest.mark.parametrize("table", [messages.PRIORITIES, messages.CONDITIONS])
def test_every_word_has_both_languages(table: dict[str, dict[Locale, str]]) -> None:
    assert all(set(words) == set(Locale) for words in table.values())


def test_a_booking_names_number_hospital_and_the_hospitals_own_time() -> None:
    zh = messages.booked(SENDER, Locale.ZH, serial=7, opens_at=MORNING).body
    assert "7号" in zh
    assert "11月21日09:30" in zh
    assert SENDER.hospital in zh
    assert zh.count(LINK) == 1
    assert "21 Nov 01:30" in messages.booked(ENGLISH, Locale.EN, serial=7, opens_at=MORNING).body


@pytest.mark.parametrize("locale", list(Locale))
def test_an_alarm_says_how_urgent_who_what_and_when_but_no_name_and_no_value(locale: Locale) -> None:
    body = messages.alarm(SENDER, locale, FACTS).body
    for part in (messages.PRIORITIES["high"][locale], "王*", messages.CONDITIONS["spo2.low"][locale], "09:30"):
        assert part in body
    assert "小明" not in body
    assert SENDER.console_url in body


def test_an_operator_is_told_whom_to_find_and_not_what_is_wrong() -> None:
    body = messages.alarm_relay(SENDER, Locale.EN, FACTS, doctor="Li Wei").body
    assert "Li Wei" in body
    assert messages.CONDITIONS["spo2.low"][Locale.EN] not in body


def test_a_silent_device_is_not_named() -> None:
    body = messages.alarm(SENDER, Locale.EN, AlarmFacts("王小明", "silence:BM-77", "medium", MORNING)).body
    assert "device silent" in body
    assert "BM-77" not in body


def test_an_unknown_condition_or_priority_still_finds_words() -> None:
    body = messages.alarm(SENDER, Locale.EN, AlarmFacts("王小明", "new.thing", "purple", MORNING)).body
    assert "HIGH alarm" in body


@pytest.mark.parametrize(("sender", "locale"), [(SENDER, Locale.ZH), (ENGLISH, Locale.EN)])
@pytest.mark.parametrize("facts", [FACTS, LONG])
def test_no_text_takes_more_than_two_sms_parts(sender: Sender, locale: Locale, facts: AlarmFacts) -> None:
    for text in every_text(sender, locale, facts):
        said = text.body.replace(LINK, JOIN_LINK)
        assert count(said).parts <= (3 if "王" in said and locale is Locale.EN else 2), said


def test_english_needs_no_letter_outside_the_gsm_alphabet() -> None:
    for text in every_text(ENGLISH, Locale.EN, LONG):
        assert text.body.replace(LINK, "").isascii(), text.body


HOSTILE = [
    "http://evil.example",
    "evil.example",
    "王\n小明",
    "a\u202eb",
    "{link}",
    "{0.__class__}",
    "www.evil.cn/x",
    "",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_brings_no_link_line_or_slot_of_its_own(name: str) -> None:
    facts = AlarmFacts(name, "spo2.low", "high", MORNING)
    hostile = Sender(name, SENDER.zone, SENDER.console_url)
    for text in (
        messages.alarm(hostile, Locale.EN, facts),
        messages.alarm_relay(SENDER, Locale.ZH, facts, doctor=name),
    ):
        assert re.findall(r"[a-z]+://\S+|\w\.\w+", text.body.replace(SENDER.console_url, "")) == []
        assert "\n" not in text.body
        assert "{" not in text.body


@given(st.text(max_size=300))
def test_any_name_becomes_one_short_line_without_marks_that_build_links(name: str) -> None:
    kept = messages.plain(name, 30)
    assert len(kept) <= 30
    assert not set(kept) & set("./:@{}\n\r\u202e\u200f")
    assert len(messages.initials(name)) <= 4


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("王小明", "王*"),
        ("Anna Maria Berg", "AMB"),
        ("阿卜杜·热合曼", "阿*"),
        ("o'Neill", "O"),
        ("a b c ß", "ABCS"),
        ("42", "?"),
        ("", "?"),
    ],
)
def test_initials(name: str, short: str) -> None:
    assert messages.initials(name) == short


def test_a_language_that_we_do_not_write_is_answered_in_english() -> None:
    assert messages.locale_of("zh-TW") is Locale.ZH
    assert messages.locale_of("fr") is Locale.EN
