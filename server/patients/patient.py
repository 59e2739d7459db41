"""Who the patient is: name, sex, birth date, telephone number, language. Values only; nothing is stored."""

import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from server.patients.mail import InvalidMail, to_mail_address
from server.patients.phone import InvalidPhone, to_e164

LONGEST_NAME = 60  # characters after normalisation
FIRST_BIRTH_DATE = date(1900, 1, 1)
LOCALES = ("zh-CN", "en")

# Unicode 15 §23.2: these turn the reading direction, so that a name could make a number beside it read backwards.
_BIDI_CONTROLS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Cc controls, Cs lone surrogates, Co private use, Cn unassigned, Zl and Zp line and paragraph separators.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})


class InvalidPatient(ValueError):
    """One field of a new patient cannot be taken: ``field`` names it, ``str()`` says why."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


class Sex(StrEnum):
    FEMALE = "female"
    MALE = "male"
    OTHER = "other"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PatientDetails:
    """What is asked for at booking, as it was typed."""

    name: str
    sex: Sex
    birth_date: date
    phone: str
    locale: str
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Patient:
    """``phone`` is E.164; families share one, so it names nobody. ``name`` is NFC. ``email`` is what an SMS that does
    not arrive is followed by."""

    id: str
    name: str
    sex: Sex
    birth_date: date
    phone: str
    locale: str
    email: str | None = None

    def age_on(self, day: date) -> int:
        return age_on(self.birth_date, day)


def new_patient(patient_id: str, details: PatientDetails, today: date, region: str) -> Patient:
    """A patient from what was typed. ``today`` is the hospital's local day, ``region`` that of its telephone numbers.

    Raises ``InvalidPatient`` for the first field that cannot be taken.
    """
    return Patient(
        id=patient_id,
        name=checked_name(details.name),
        sex=details.sex,
        birth_date=_birth_date(details.birth_date, today),
        phone=_phone(details.phone, region),
        locale=_locale(details.locale),
        email=_email(details.email) if details.email else None,
    )


def age_on(birth_date: date, day: date) -> int:
    """Full years on ``day``. Who was born on 29 February turns on 1 March of a common year."""
    had_birthday = (day.month, day.day) >= (birth_date.month, birth_date.day)
    return day.year - birth_date.year - (0 if had_birthday else 1)


def checked_name(typed: str) -> str:
    """A person's name as it is kept: NFC, single blanks. Raises ``InvalidPatient``."""
    if any(c in _BIDI_CONTROLS or unicodedata.category(c) in _REFUSED_CATEGORIES for c in typed):
        raise InvalidPatient("name", "must not hold control or direction characters")
    name = " ".join(unicodedata.normalize("NFC", typed).split())
    if not any(unicodedata.category(c).startswith("L") for c in name):
        raise InvalidPatient("name", "must hold at least one letter")
    if len(name) > LONGEST_NAME:
        raise InvalidPatient("name", f"must have at most {LONGEST_NAME} characters")
    return name


def _birth_date(birth_date: date, today: date) -> date:
    if birth_date > today:
        raise InvalidPatient("birth_date", "lies in the future")
    if birth_date < FIRST_BIRTH_DATE:
        raise InvalidPatient("birth_date", f"lies before {FIRST_BIRTH_DATE.year}")
    return birth_date


def _phone(typed: str, region: str) -> str:
    try:
        return to_e164(typed, region)
    except InvalidPhone as error:
        raise InvalidPatient("phone", str(error)) from error


def _email(typed: str) -> str:
    try:
        return to_mail_address(typed)
    except InvalidMail as error:
        raise InvalidPatient("email", str(error)) from error


def _locale(locale: str) -> str:
    if locale not in LOCALES:
        raise InvalidPatient("locale", f"is one of {', '.join(LOCALES)}")
    return locale
