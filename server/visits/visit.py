"""A visit: one call of one ticket, from ringing to its end. Values in, (new value, events) out; time is an argument.

called ──answer──▶ in_visit ──end──▶ ended
   ├──tick: nobody answered──▶ missed
   └──end: the doctor stops ringing──▶ ended
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from server.clinic.ticket import Cause
from server.visits.errors import NotInVisit, VisitOver


class VisitState(StrEnum):
    CALLED = "called"
    IN_VISIT = "in_visit"
    ENDED = "ended"
    MISSED = "missed"


class Side(StrEnum):
    DOCTOR = "doctor"
    PATIENT = "patient"


class Outcome(StrEnum):
    """How a visit ended, as the doctor says."""

    COMPLETED = "completed"
    PATIENT_ABSENT = "patient_absent"
    TECHNICAL_FAILURE = "technical_failure"
    UNFIT_FOR_ONLINE_CARE = "unfit_for_online_care"
    DOCTOR_ABSENT = "doctor_absent"  # was called away: the patient keeps the place
    NO_CONSENT = "no_consent"  # the patient took the consent back
    TRANSFERRED = "transferred"  # sent on: only by the step that makes the new ticket

    @property
    def cause(self) -> Cause | None:
        """What the outcome means for the ticket; None: an ordinary end."""
        return None if self is Outcome.COMPLETED else Cause(self.value)


OPEN = frozenset({VisitState.CALLED, VisitState.IN_VISIT})


@dataclass(frozen=True, slots=True)
class VisitTimes:
    """How long a call rings, and how long a picture may take after the answer before the telephone is offered."""

    ring: timedelta = timedelta(seconds=45)
    media: timedelta = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class PatientAnswered:
    visit_id: str


@dataclass(frozen=True, slots=True)
class MediaEstablished:
    """Both sides have decoded a frame of the other."""

    visit_id: str


@dataclass(frozen=True, slots=True)
class MediaMissing:
    """Answered, and no picture on both sides in time: the doctor is shown the patient's telephone number."""

    visit_id: str


@dataclass(frozen=True, slots=True)
class IdentityConfirmed:
    visit_id: str


@dataclass(frozen=True, slots=True)
class VisitEnded:
    visit_id: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class VisitMissed:
    visit_id: str


Event = PatientAnswered | MediaEstablished | MediaMissing | IdentityConfirmed | VisitEnded | VisitMissed


@dataclass(frozen=True, slots=True)
class Visit:
    """``media_at``: both sides have decoded a frame. ``media_missing_at``: from then on the telephone was shown."""

    id: str
    ticket_id: str
    session_id: str
    patient_id: str
    doctor_id: str
    called_at: datetime
    ring_until: datetime
    state: VisitState = VisitState.CALLED
    answered_at: datetime | None = None
    media_at: datetime | None = None
    doctor_media_at: datetime | None = None
    patient_media_at: datetime | None = None
    media_missing_at: datetime | None = None
    identity_confirmed_at: datetime | None = None
    identity_confirmed_by: str | None = None
    ended_at: datetime | None = None
    outcome: Outcome | None = None

    @property
    def media_missing(self) -> bool:
        """The doctor needs the telephone: no picture came in time, and none has come since."""
        return self.media_missing_at is not None and self.media_at is None

    def answer(self, now: datetime) -> "tuple[Visit, tuple[Event, ...]]":
        """Again – a second tap, a refreshed page – is no event. Raises ``VisitOver``."""
        self._check_open()
        if self.state is VisitState.IN_VISIT:
            return self, ()
        return replace(self, state=VisitState.IN_VISIT, answered_at=now), (PatientAnswered(self.id),)

    def media(self, side: Side, now: datetime) -> "tuple[Visit, tuple[Event, ...]]":
        """``side`` has decoded its first frame; only the first report counts. Raises ``VisitOver``, ``NotInVisit``."""
        self._check_in_visit()
        if side is Side.DOCTOR:
            seen = replace(self, doctor_media_at=self.doctor_media_at or now)
        else:
            seen = replace(self, patient_media_at=self.patient_media_at or now)
        both = seen.doctor_media_at is not None and seen.patient_media_at is not None
        if not both or seen.media_at is not None:
            return seen, ()
        return replace(seen, media_at=now), (MediaEstablished(self.id),)

    def confirm_identity(self, by: str, now: datetime) -> "tuple[Visit, tuple[Event, ...]]":
        """By face and question; the first confirmation stands. Raises ``VisitOver``, ``NotInVisit``."""
        self._check_in_visit()
        if self.identity_confirmed_at is not None:
            return self, ()
        confirmed = replace(self, identity_confirmed_at=now, identity_confirmed_by=by)
        return confirmed, (IdentityConfirmed(self.id),)

    def end(self, outcome: Outcome, now: datetime) -> "tuple[Visit, tuple[Event, ...]]":
        """A call that still rings can be ended, but not as completed. Raises ``VisitOver``, ``NotInVisit``."""
        self._check_open()
        if outcome is Outcome.COMPLETED:
            self._check_in_visit()
        return replace(self, state=VisitState.ENDED, ended_at=now, outcome=outcome), (VisitEnded(self.id, outcome),)

    def tick(self, now: datetime, times: VisitTimes) -> "tuple[Visit, tuple[Event, ...]]":
        """What time alone brings: the ring that nobody answered, the picture that did not come."""
        if self.state is VisitState.CALLED and now >= self.ring_until:
            missed = replace(self, state=VisitState.MISSED, ended_at=now, outcome=Outcome.PATIENT_ABSENT)
            return missed, (VisitMissed(self.id),)
        if self._waits_for_media() and self.answered_at is not None and now >= self.answered_at + times.media:
            return replace(self, media_missing_at=now), (MediaMissing(self.id),)
        return self, ()

    def _waits_for_media(self) -> bool:
        return self.state is VisitState.IN_VISIT and self.media_at is None and self.media_missing_at is None

    def _check_open(self) -> None:
        if self.state not in OPEN:
            raise VisitOver("the visit is over")

    def _check_in_visit(self) -> None:
        self._check_open()
        if self.state is not VisitState.IN_VISIT:
            raise NotInVisit("the patient has not answered yet")
