"""Departments, and what the hospital keeps of a doctor beside the sign-in. Values only; the rules pack judges them."""

from dataclasses import dataclass
from datetime import date, datetime

from server.clinic.roster.errors import InvalidRoster
from server.clinic.roster.templates import LONGEST_NAME, check_name

LONGEST_LICENCE = 64


@dataclass(frozen=True, slots=True)
class NewDepartment:
    """``name`` is Chinese or the hospital's own; ``childrens``: its field is the medicine of children."""

    id: str
    name: str
    name_en: str
    childrens: bool = False

    def check(self) -> None:
        """Raises ``InvalidRoster``."""
        check_name("name", self.name)
        check_name("name_en", self.name_en)


@dataclass(frozen=True, slots=True)
class Profile:
    """A doctor's. ``practice_since`` is the start of independent practice, ``licence_until`` the licence's last day.

    ``consented_at``: when the consent of the institution where the doctor is registered was put on record.
    """

    doctor_id: str
    department_id: str | None
    title: str
    title_en: str
    licence_no: str
    practice_since: date | None
    licence_until: date | None
    consented_at: datetime | None

    def check(self) -> None:
        """Raises ``InvalidRoster`` for the first field that cannot be taken."""
        for field, text in (("title", self.title), ("title_en", self.title_en)):
            if len(text) > LONGEST_NAME:
                raise InvalidRoster(field, f"has at most {LONGEST_NAME} characters")
        if len(self.licence_no) > LONGEST_LICENCE:
            raise InvalidRoster("licence_no", f"has at most {LONGEST_LICENCE} characters")
        if self.practice_since and self.licence_until and self.licence_until < self.practice_since:
            raise InvalidRoster("licence_until", "does not lie before practice_since")
