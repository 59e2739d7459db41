"""What a visit refuses, each with a name. What the line refuses is a ``ClinicError``.

VisitError
├── ConsentMissing     the patient has not agreed to the risk notice
├── NoticeChanged      agreed to a text that is not the present one
├── NoteChanged        the note was edited from a version that is no longer the last
├── InvalidNote        too long, or with a character that no text holds
├── InvalidComplaint   empty, too long, or with a character that no text holds
├── InvalidAttestation one ``field`` of what a doctor attests cannot be taken
├── VisitOver          ended or missed: nothing changes any more but its note
└── NotInVisit         the patient has not answered
"""


class VisitError(Exception):
    """The visit does not allow what was asked."""


class ConsentMissing(VisitError):
    """Nobody goes into the room without having agreed to the risk notice."""


class NoticeChanged(VisitError):
    """Consent is given to the exact present text, or not at all."""


class NoteChanged(VisitError):
    """Somebody else – or another window – has saved the note since: ``version`` is the last one."""

    def __init__(self, version: int) -> None:
        super().__init__(f"the note has been saved since; its last version is {version}")
        self.version = version


class InvalidNote(VisitError):
    """A note that cannot be stored. ``field`` names it to the page."""

    field = "body"


class InvalidComplaint(VisitError):
    """``field`` names it to the page."""

    field = "text"


class InvalidAttestation(VisitError):
    """``field`` names what cannot be taken."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


class VisitOver(VisitError):
    """The visit has ended or was missed."""


class NotInVisit(VisitError):
    """The patient has not answered the call."""
