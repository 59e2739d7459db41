"""What the rules look at, as plain values: the doctor's standing, the opening of a session, the case of a visit."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from server.patients.patient import age_on


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorStanding:
    """What the hospital has on record of a doctor. ``childrens``: works in a department for the medicine of children.

    ``practice_since`` is the first day of independent practice; ``licence_until`` the last day on which it is valid.
    """

    licence_no: str = ""
    licence_until: date | None = None
    practice_since: date | None = None
    institution_consents: bool = False
    childrens: bool = False

    def is_licensed_on(self, day: date) -> bool:
        """Numbered, and not expired; a licence of which no last day is on record is not known to be valid."""
        return bool(self.licence_no.strip()) and self.licence_until is not None and day <= self.licence_until

    def has_practised_years(self, years: int, day: date) -> bool:
        return self.practice_since is not None and age_on(self.practice_since, day) >= years


UNKNOWN = DoctorStanding()  # of whom nothing is on record


@dataclass(frozen=True, slots=True)
class Opening:
    """A doctor is about to open a session. ``day`` is the hospital's local day; ``stepped_up_at`` of this sign-in."""

    standing: DoctorStanding
    stepped_up_at: datetime | None
    now: datetime
    day: date

    def is_stepped_up_within(self, span: timedelta) -> bool:
        """A moment of the future, which no honest clock writes, is not fresh."""
        return self.stepped_up_at is not None and timedelta() <= self.now - self.stepped_up_at <= span


@dataclass(frozen=True, slots=True)
class Case:
    """A visit as far as it decides about treatment. ``age`` in full years on the local day of the call.

    ``guardian_present``: somebody is named as guardian and was seen in the picture.
    """

    age: int
    prior_diagnosis: bool
    guardian_present: bool
    standing: DoctorStanding
