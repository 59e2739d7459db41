"""The templates of all messages, in both languages: what each must say, what it may, and how one is filled. Pure.

A hospital may put its own words in place of these (``Phrasebook``). What it writes is checked when it is written, so
that filling never fails: an alarm must find words.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

LINK: Final = "{link}"  # stays in the stored body and becomes the join link at sending
LONGEST_FORM: Final = 400  # characters: about six UCS-2 parts before anything is filled in
_SLOT: Final = re.compile(r"{([a-z_]+)}")


class Locale(StrEnum):
    ZH = "zh-CN"
    EN = "en"


class Template(StrEnum):
    BOOKED = "booked"
    LINK_RESET = "link_reset"
    LINK_RECOVERED = "link_recovered"
    REMINDER_DAY = "reminder_day"
    REMINDER_SOON = "reminder_soon"
    THREE_AHEAD = "three_ahead"
    CALLED = "called"
    MISSED = "missed"
    MOVED = "moved"
    CANCELLED = "cancelled"
    OFFER = "offer"
    SUMMARY_READY = "summary_ready"
    ALARM = "alarm"
    ALARM_UNANSWERED = "alarm_unanswered"
    ALARM_RELAY = "alarm_relay"
    HANDOVER = "handover"
    BROKER_DROPS = "broker_drops"


FINDINGS: Final = frozenset({Template.ALARM, Template.ALARM_UNANSWERED})  # what an operator does not read


@dataclass(frozen=True, slots=True)
class Text:
    """A worded message. ``body`` keeps ``{link}`` where the join link goes; ``version`` 0 is the built-in form."""

    template: Template
    locale: Locale
    body: str
    version: int = 0


@dataclass(frozen=True, slots=True)
class Slots:
    """What a form must hold, and what it may hold besides."""

    needed: frozenset[str]
    free: frozenset[str] = frozenset()

    @property
    def known(self) -> frozenset[str]:
        return self.needed | self.free


class BadForm(ValueError):
    """A form that cannot be taken. ``slot`` names the placeholder that is missing or unknown, "" where none is."""

    def __init__(self, sentence: str, slot: str = "") -> None:
        super().__init__(sentence)
        self.slot = slot


_PLACE: Final = frozenset({"hospital", "serial"})
_WITH_LINK: Final = _PLACE | {"link"}
_ALARM: Final = frozenset({"hospital", "priority", "who", "condition", "at", "where"})

# An operator reads no findings, so the relay has no {condition}; a link is needed or unknown, never optional, because
# the use case that tells has it or has not.
SLOTS: Final[Mapping[Template, Slots]] = {
    Template.BOOKED: Slots(_WITH_LINK | {"at"}),
    Template.LINK_RESET: Slots(_WITH_LINK),
    Template.LINK_RECOVERED: Slots(_WITH_LINK, frozenset({"at"})),
    Template.REMINDER_DAY: Slots(_WITH_LINK | {"at"}),
    Template.REMINDER_SOON: Slots(_WITH_LINK, frozenset({"at"})),
    Template.THREE_AHEAD: Slots(_WITH_LINK | {"ahead"}),
    Template.CALLED: Slots(_WITH_LINK),
    Template.MISSED: Slots(_WITH_LINK),
    Template.MOVED: Slots(_WITH_LINK | {"at"}, frozenset({"old_serial"})),
    Template.CANCELLED: Slots(_PLACE, frozenset({"at", "telephone"})),
    Template.OFFER: Slots(frozenset({"hospital", "at", "link"}), frozenset({"until"})),
    Template.SUMMARY_READY: Slots(_PLACE, frozenset({"telephone"})),
    Template.ALARM: Slots(_ALARM),
    Template.ALARM_UNANSWERED: Slots(_ALARM),
    Template.ALARM_RELAY: Slots((_ALARM - {"condition"}) | {"doctor"}),
    Template.HANDOVER: Slots(frozenset({"hospital", "doctor", "successor"})),
    Template.BROKER_DROPS: Slots(frozenset({"hospital", "number"})),
}

FORMS: Final[Mapping[Template, Mapping[Locale, str]]] = {
    Template.BOOKED: {
        Locale.ZH: "【{hospital}】您的就诊号为{serial}号，{at}开始看诊。请用手机打开本链接签到候诊： {link}",
        Locale.EN: "{hospital}: your number is {serial}, consulting hours start {at}. Check in and wait here: {link}",
    },
    Template.LINK_RESET: {
        Locale.ZH: "【{hospital}】{serial}号的新链接： {link} 旧链接已失效。",
        Locale.EN: "{hospital}: a new link for number {serial}: {link} The old link no longer works.",
    },
    Template.LINK_RECOVERED: {
        Locale.ZH: "【{hospital}】您找回的{serial}号（{at}）链接： {link}",
        Locale.EN: "{hospital}: the link you asked for, number {serial}, {at}: {link}",
    },
    Template.REMINDER_DAY: {
        Locale.ZH: "【{hospital}】提醒：您的{serial}号{at}开始看诊。请届时打开： {link}",
        Locale.EN: "{hospital}: a reminder. Number {serial}, consulting hours start {at}. Then open: {link}",
    },
    Template.REMINDER_SOON: {
        Locale.ZH: "【{hospital}】即将开诊，请打开链接签到，您是{serial}号： {link}",
        Locale.EN: "{hospital}: consulting hours start soon. Check in now, you are number {serial}: {link}",
    },
    Template.THREE_AHEAD: {
        Locale.ZH: "【{hospital}】{serial}号前面还有{ahead}位，请打开页面准备： {link}",
        Locale.EN: "{hospital}: {ahead} ahead of number {serial}. Please open the page and be ready: {link}",
    },
    Template.CALLED: {
        Locale.ZH: "【{hospital}】医生正在呼叫{serial}号，请立即打开： {link}",
        Locale.EN: "{hospital}: the doctor is calling number {serial} now. Open: {link}",
    },
    Template.MISSED: {
        Locale.ZH: "【{hospital}】医生呼叫{serial}号无人应答。您的号已保留，请打开页面等候再次呼叫： {link}",
        Locale.EN: "{hospital}: the doctor called number {serial} and nobody answered. "
        "Your place is kept; open the page to be called again: {link}",
    },
    Template.MOVED: {
        Locale.ZH: "【{hospital}】您的就诊已改期至{at}，新号为{serial}号，原号作废： {link}",
        Locale.EN: "{hospital}: your visit has moved to {at}. Your new number is {serial}, the old one is void: {link}",
    },
    Template.CANCELLED: {
        Locale.ZH: "【{hospital}】您{at}的{serial}号已取消，该号不再使用。如有疑问请致电{telephone}。",
        Locale.EN: "{hospital}: number {serial} of {at} is cancelled and will not be used again. "
        "Questions? Call {telephone}.",
    },
    Template.OFFER: {
        Locale.ZH: "【{hospital}】您候补的{at}门诊有号了，保留至{until}。请打开确认： {link}",
        Locale.EN: "{hospital}: a place on {at} is free and kept for you until {until}. Take it here: {link}",
    },
    Template.SUMMARY_READY: {
        Locale.ZH: "【{hospital}】{serial}号的就诊小结已完成，可致电{telephone}索取。",
        Locale.EN: "{hospital}: the summary of visit number {serial} is ready. Ask for it: {telephone}.",
    },
    Template.ALARM: {
        Locale.ZH: "【{hospital}】{priority}：{who}，{condition}，{at}。请查看并确认： {where}",
        Locale.EN: "{hospital}: {priority}: {who}, {condition}, {at}. See and acknowledge: {where}",
    },
    Template.ALARM_UNANSWERED: {
        Locale.ZH: "【{hospital}】无人确认的{priority}：{who}，{condition}，{at}起。请立即处理： {where}",
        Locale.EN: "{hospital}: nobody has acknowledged. {priority}: {who}, {condition}, since {at}. Act now: {where}",
    },
    Template.ALARM_RELAY: {
        Locale.ZH: "【{hospital}】{priority}无人应答：患者{who}，{at}起。请立即联系{doctor}医生或其他医生： {where}",
        Locale.EN: "{hospital}: {priority} without an answer: patient {who}, since {at}. "
        "Reach Dr {doctor} or another doctor now: {where}",
    },
    Template.HANDOVER: {
        Locale.ZH: "【{hospital}】{doctor}医生患者的报警现由{successor}医生负责。",
        Locale.EN: "{hospital}: alarms of the patients of Dr {doctor} now go to Dr {successor}.",
    },
    Template.BROKER_DROPS: {
        Locale.ZH: "【{hospital}】设备消息服务器积压，已丢弃{number}条消息。设备会重发未入库的数据，请检查消息服务器。",
        Locale.EN: "{hospital}: the message broker had no room and dropped {number} device messages. "
        "Devices send again what was not stored. Please look at the broker.",
    },
}


@dataclass(frozen=True, slots=True)
class Form:
    """The words of a template in one language. ``version`` counts what the hospital wrote, from 1; 0 is built in."""

    body: str
    version: int = 0


Wordings = Mapping[tuple[Template, Locale], Form]


class Phrasebook:
    """The forms in use: the hospital's own where it wrote one, else the built-in. Replaced whole, read at any time."""

    def __init__(self, written: Wordings | None = None) -> None:
        self._written: Wordings = written or {}

    def form(self, template: Template, locale: Locale) -> Form:
        return self._written.get((template, locale)) or Form(FORMS[template][locale])

    def replace(self, written: Wordings) -> None:
        """A form that this version could not fill (an older one wrote it) is passed over: the built-in speaks."""
        self._written = {which: form for which, form in written.items() if _fills(which[0], form.body)}


def say(book: Phrasebook, template: Template, locale: Locale, slots: Mapping[str, str]) -> Text:
    """The text with everything filled in but the link."""
    form = book.form(template, locale)
    return Text(template, locale, fill(form.body, slots), form.version)


def fill(body: str, slots: Mapping[str, str]) -> str:
    """Placeholders that have a value get it; a value that looks like a placeholder stays as it is."""
    return _SLOT.sub(lambda found: slots.get(found[1], found[0]), body)


def check(template: Template, body: str) -> None:
    """Raises ``BadForm``, which names the placeholder, for a form that would send somebody too little or nonsense."""
    if not body.strip() or len(body) > LONGEST_FORM:
        raise BadForm(f"has 1 to {LONGEST_FORM} characters")
    if any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} for char in body):
        raise BadForm("is one line without control or direction characters")
    _check_slots(SLOTS[template], body)


def _check_slots(slots: Slots, body: str) -> None:
    found = _SLOT.findall(body)
    missing, unknown = slots.needed - set(found), sorted(set(found) - slots.known)
    if missing:
        name = min(missing)
        raise BadForm(f"must hold {{{name}}}", name)
    if unknown:
        raise BadForm(f"{{{unknown[0]}}} means nothing in this template", unknown[0])
    if set("{}") & set(_SLOT.sub("", body)):
        raise BadForm("has a brace that belongs to no placeholder")
    if found.count("link") > 1:
        raise BadForm("holds {link} once", "link")


def _fills(template: Template, body: str) -> bool:
    try:
        check(template, body)
    except BadForm:
        return False
    return True
