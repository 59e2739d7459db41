"""What the clinic refuses, each with a name.

ClinicError
├── NotFound           no such session or ticket – or one of somebody else, which is said in the same words
├── InvalidSession     its hours end before they begin, or its title is empty
├── InvalidWords       empty, too long, or with a character that nobody can read
├── SessionNotOpen     nobody is called from a session that is planned or closed
├── SessionClosed      nobody is booked into a session that is closed
├── TooEarly           nobody checks in hours before the session
├── NobodyWaiting      the line is empty
├── AlreadyInVisit     somebody is called or in the room
├── NotCalled          this ticket is not being called
├── KnownPatient       somebody like that is known (in recognition, with whom it may be)
├── NotWaiting         this ticket does not stand where that could be done with it
└── TicketOver         this ticket was completed, cancelled or moved, or given up as a no-show
"""


class ClinicError(Exception):
    """The clinic cannot do what was asked."""


class NotFound(ClinicError):
    """There is no such thing for the one who asks."""


class InvalidSession(ClinicError):
    """A session that cannot take place as described."""


class InvalidWords(ClinicError):
    """Words that cannot be shown. ``field`` names them to the page."""

    def __init__(self, sentence: str, field: str) -> None:
        super().__init__(sentence)
        self.field = field


class SessionNotOpen(ClinicError):
    """The session has not been opened, or was closed."""


class SessionClosed(ClinicError):
    """The session takes no more bookings."""


class TooEarly(ClinicError):
    """Checking in has not begun yet."""


class NobodyWaiting(ClinicError):
    """Nobody has checked in and waits."""


class AlreadyInVisit(ClinicError):
    """The doctor has somebody in the room, or is ringing."""


class NotCalled(ClinicError):
    """The ticket is not being called."""


class NotWaiting(ClinicError):
    """The ticket is not in the state that the step begins from."""


class TicketOver(ClinicError):
    """The ticket's visit is over; its place in the line is gone."""
