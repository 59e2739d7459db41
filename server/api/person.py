"""Who a place is booked for, as people type it: the same fields for staff, for the public page and for an offer."""

from datetime import date
from typing import Annotated

import msgspec

from server.api.framework import Body
from server.clinic.booking import Wish
from server.clinic.kinds import VisitKind
from server.patients.patient import PatientDetails, Sex

Guardian = Annotated[str, msgspec.Meta(min_length=1, max_length=60)]


class Person(Body, frozen=True):
    """Who wants a place and what for. ``phone`` without country code is one of the hospital's region."""

    name: Annotated[str, msgspec.Meta(max_length=200)]
    sex: Sex
    birth_date: date
    phone: Annotated[str, msgspec.Meta(max_length=64)]
    kind: VisitKind | None = None
    guardian: Guardian | None = None
    locale: str | None = None
    email: Annotated[str, msgspec.Meta(max_length=254)] | None = None

    def details(self, locale: str) -> PatientDetails:
        """In ``locale``, where none was typed."""
        return PatientDetails(
            name=self.name,
            sex=self.sex,
            birth_date=self.birth_date,
            phone=self.phone,
            locale=self.locale or locale,
            email=self.email,
        )

    @property
    def wish(self) -> Wish:
        return Wish(self.kind, self.guardian)
