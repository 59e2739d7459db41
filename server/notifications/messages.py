"""The words of every message to a person, in both languages. Plain text for SMS; nothing here is sent or stored.

A text on a locked screen is read by whoever holds the telephone. So texts to a patient name no person at all (the
serial number tells two bookings of one family apart), and an alarm names the patient by initials, the condition in
words and the time – enough to know how fast to move and whom to look for, never a value, a birth date or a full name.
An operator, who reads no findings, is told whose doctor must be found, and not what is wrong.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from server.notifications.templates import Locale, Phrasebook, Template, Text, say

NAME_LIMIT = 30  # characters of a hospital's name that fit beside the rest in two SMS parts
STAFF_LIMIT = 24
INITIALS_LIMIT = 4


@dataclass(frozen=True, slots=True)
class Sender:
    """In whose name a text speaks: the hospital, the time zone of its clocks, where its staff look, its words."""

    hospital: str
    zone: tzinfo
    console_url: str
    telephone: str = ""
    book: Phrasebook = field(default_factory=Phrasebook)


PRIORITIES: Mapping[str, Mapping[Locale, str]] = {
    "high": {Locale.ZH: "高级警报", Locale.EN: "HIGH alarm"},
    "medium": {Locale.ZH: "中级警报", Locale.EN: "Medium alarm"},
    "low": {Locale.ZH: "低级警报", Locale.EN: "Low alarm"},
}

CONDITIONS: Mapping[str, Mapping[Locale, str]] = {
    "spo2.low": {Locale.ZH: "血氧饱和度低", Locale.EN: "low oxygen saturation"},
    "pulse.low": {Locale.ZH: "脉率过慢", Locale.EN: "slow pulse"},
    "pulse.high": {Locale.ZH: "脉率过快", Locale.EN: "fast pulse"},
    "silence": {Locale.ZH: "设备无数据", Locale.EN: "device silent"},
    "missing": {Locale.ZH: "某项数据中断", Locale.EN: "a vital sign missing"},
    "refused": {Locale.ZH: "设备读数无效", Locale.EN: "readings not usable"},
    "unreadable": {Locale.ZH: "设备消息无法读取", Locale.EN: "device unreadable"},
    "wrong_patient": {Locale.ZH: "设备读数属于他人", Locale.EN: "device names another patient"},
    "gap": {Locale.ZH: "部分数据丢失", Locale.EN: "readings lost"},
    "unjudged": {Locale.ZH: "补传数据未判断", Locale.EN: "late readings not judged"},
}
OTHER_CONDITION: Mapping[Locale, str] = {Locale.ZH: "异常", Locale.EN: "condition"}

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_KEPT_MARKS = " -'·・()（）"


def locale_of(tag: str) -> Locale:
    """Chinese for every ``zh``, English otherwise. Never refuses: an alarm must find words."""
    return Locale.ZH if tag.lower().startswith("zh") else Locale.EN


def booked(sender: Sender, locale: Locale, *, serial: int, opens_at: datetime) -> Text:
    return _of_ticket(sender, Template.BOOKED, locale, serial, at=_day(sender, locale, opens_at))


def link_reset(sender: Sender, locale: Locale, *, serial: int) -> Text:
    return _of_ticket(sender, Template.LINK_RESET, locale, serial)


def link_recovered(sender: Sender, locale: Locale, *, serial: int, opens_at: datetime) -> Text:
    return _of_ticket(sender, Template.LINK_RECOVERED, locale, serial, at=_day(sender, locale, opens_at))


def reminder_day(sender: Sender, locale: Locale, *, serial: int, opens_at: datetime) -> Text:
    return _of_ticket(sender, Template.REMINDER_DAY, locale, serial, at=_day(sender, locale, opens_at))


def reminder_soon(sender: Sender, locale: Locale, *, serial: int, opens_at: datetime) -> Text:
    return _of_ticket(sender, Template.REMINDER_SOON, locale, serial, at=_day(sender, locale, opens_at))


def three_ahead(sender: Sender, locale: Locale, *, serial: int, ahead: int) -> Text:
    """``ahead`` people will be seen first: nobody has to stare at the page until then."""
    return _of_ticket(sender, Template.THREE_AHEAD, locale, serial, ahead=str(ahead))


def called(sender: Sender, locale: Locale, *, serial: int) -> Text:
    """For a patient whose page is closed when the doctor calls."""
    return _of_ticket(sender, Template.CALLED, locale, serial)


def missed(sender: Sender, locale: Locale, *, serial: int) -> Text:
    return _of_ticket(sender, Template.MISSED, locale, serial)


def moved(sender: Sender, locale: Locale, *, serial: int, old_serial: int, opens_at: datetime) -> Text:
    """``serial`` is the number in the other session, whose hours start at ``opens_at``."""
    at = _day(sender, locale, opens_at)
    return _of_ticket(sender, Template.MOVED, locale, serial, at=at, old_serial=str(old_serial))


def cancelled(sender: Sender, locale: Locale, *, serial: int, opens_at: datetime) -> Text:
    at = _day(sender, locale, opens_at)
    return _of_ticket(sender, Template.CANCELLED, locale, serial, at=at, telephone=sender.telephone)


def offer(sender: Sender, locale: Locale, *, opens_at: datetime, until: datetime) -> Text:
    """A place of a full session is free again, and kept until ``until``. It has no number yet."""
    at, end = _day(sender, locale, opens_at), _day(sender, locale, until)
    return say(sender.book, Template.OFFER, locale, {"hospital": _hospital(sender), "at": at, "until": end})


def summary_ready(sender: Sender, locale: Locale, *, serial: int) -> Text:
    return _of_ticket(sender, Template.SUMMARY_READY, locale, serial, telephone=sender.telephone)


@dataclass(frozen=True, slots=True)
class AlarmFacts:
    """What a text about an alarm is worded from. ``at`` is when its present priority began."""

    patient: str
    condition: str
    priority: str
    at: datetime


def alarm(sender: Sender, locale: Locale, facts: AlarmFacts) -> Text:
    return say(sender.book, Template.ALARM, locale, _alarm_slots(sender, locale, facts))


def alarm_unanswered(sender: Sender, locale: Locale, facts: AlarmFacts) -> Text:
    return say(sender.book, Template.ALARM_UNANSWERED, locale, _alarm_slots(sender, locale, facts))


def alarm_relay(sender: Sender, locale: Locale, facts: AlarmFacts, *, doctor: str) -> Text:
    """For an operator: the doctor could not be told, or did not answer."""
    slots = {**_alarm_slots(sender, locale, facts), "doctor": plain(doctor, STAFF_LIMIT)}
    return say(sender.book, Template.ALARM_RELAY, locale, slots)


def handover(sender: Sender, locale: Locale, *, doctor: str, successor: str) -> Text:
    """To both: whose patients' alarms reach whom from now on. Of no patient does it say anything."""
    names = {"doctor": plain(doctor, STAFF_LIMIT), "successor": plain(successor, STAFF_LIMIT)}
    return say(sender.book, Template.HANDOVER, locale, {"hospital": _hospital(sender), **names})


def broker_drops(sender: Sender, locale: Locale, *, number: int) -> Text:
    """To operators: messages of devices were dropped on their way. Whose they were, the broker does not say."""
    return say(sender.book, Template.BROKER_DROPS, locale, {"hospital": _hospital(sender), "number": str(number)})


def plain(text: str, limit: int) -> str:
    """One line of letters, digits and a few marks.

    No control or direction character survives, and no dot, slash or colon to build a link of.
    """
    kept = "".join(c if unicodedata.category(c)[0] in "LMN" or c in _KEPT_MARKS else " " for c in text)
    return " ".join(kept.split())[:limit].strip()


def initials(name: str) -> str:
    """Whom to look for, not who it is: 王小明 → 王*, "Anna Maria Berg" → AMB; "?" where there is no letter."""
    words = [w for w in plain(name, 120).replace("·", " ").replace("・", " ").split() if w[0].isalpha()]
    if not words:
        return "?"
    if _is_han(words[0][0]):
        return f"{words[0][0]}*"
    return "".join(word[0] for word in words).upper()[:INITIALS_LIMIT]


def _of_ticket(sender: Sender, template: Template, locale: Locale, serial: int, **more: str) -> Text:
    return say(sender.book, template, locale, {"hospital": _hospital(sender), "serial": str(serial), **more})


def _alarm_slots(sender: Sender, locale: Locale, facts: AlarmFacts) -> dict[str, str]:
    family = facts.condition.partition(":")[0]  # "silence:BM-77" is said without the device's name
    return {
        "hospital": _hospital(sender),
        "priority": PRIORITIES.get(facts.priority, PRIORITIES["high"])[locale],
        "who": initials(facts.patient),
        "condition": CONDITIONS.get(family, OTHER_CONDITION)[locale],
        "at": facts.at.astimezone(sender.zone).strftime("%H:%M"),
        "where": sender.console_url,
    }


def _hospital(sender: Sender) -> str:
    return plain(sender.hospital, NAME_LIMIT)


def _day(sender: Sender, locale: Locale, moment: datetime) -> str:
    local = moment.astimezone(sender.zone)
    time = local.strftime("%H:%M")
    if locale is Locale.ZH:
        return f"{local.month}月{local.day}日{time}"
    return f"{local.day} {_MONTHS[local.month - 1]} {time}"


def _is_han(char: str) -> bool:
    return unicodedata.name(char, "").startswith("CJK")
