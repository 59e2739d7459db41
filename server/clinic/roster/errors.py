"""What rosters and bookings refuse, each with a name.

RosterError
├── InvalidRoster       one ``field`` of a template, profile, department or day off cannot be taken
│   └── KindNotOffered  the session offers other kinds of visit
├── DepartmentTaken     a department has this name already
├── TemplateOverlaps    the doctor has another window at that time
├── SessionFull         every place is taken or held
├── PlacesFree          nobody waits for a place while there is one
├── OfferOver           the offer was taken, has ended, or never was: nobody learns which
└── WrongBirthDate      of the person for whom the place is held; ``tries_left``
"""

from server.clinic.errors import ClinicError


class RosterError(ClinicError):
    """The roster cannot do what was asked."""


class InvalidRoster(RosterError):
    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


class KindNotOffered(InvalidRoster):
    def __init__(self) -> None:
        super().__init__("kind", "this session does not offer that kind of visit")


class DepartmentTaken(RosterError):
    def __init__(self) -> None:
        super().__init__("there is a department of this name")


class TemplateOverlaps(RosterError):
    def __init__(self) -> None:
        super().__init__("the doctor has another window at that time")


class SessionFull(RosterError):
    def __init__(self) -> None:
        super().__init__("every place of this session is taken; the waiting list is open")


class PlacesFree(RosterError):
    def __init__(self) -> None:
        super().__init__("this session has places: book one")


class OfferOver(RosterError):
    def __init__(self) -> None:
        super().__init__("This offer is not valid, or no longer.")


class WrongBirthDate(RosterError):
    def __init__(self, tries_left: int) -> None:
        super().__init__("This is not the birth date that was given for the waiting list.")
        self.tries_left = tries_left
