"""WHO IS IT THAT IS BOOKED? Somebody new, or one whom the hospital knows – said by the member of staff who books.

Asked of staff alone: a page without an account would tell strangers who is a patient here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final, Protocol

import msgspec

from server.clinic.errors import ClinicError, NotFound
from server.patients.known import Acquaintance, Register
from server.patients.patient import Patient, Sex
from server.patients.phone import masked

MOST_SHOWN: Final = 8  # who writes a thousand namesakes into the public page does not fill the desk's dialog


@dataclass(frozen=True, slots=True)
class Claim:
    """What is said of who it is: the patient of this id, or nobody of those who are alike, or – neither – not yet."""

    patient_id: str | None = None
    new: bool = False


UNSAID: Final = Claim()
SOMEBODY_NEW: Final = Claim(new=True)


@dataclass(frozen=True, slots=True)
class Identity:
    """The patient as it is kept from now on. ``was``: the record until now, where how they are reached has changed."""

    patient: Patient
    known: bool = False
    was: Patient | None = None


class CandidateView(msgspec.Struct, frozen=True):
    """What helps to tell one from another. ``phone`` shows its last figures; ``same_phone`` as the one that was typed.

    ``serial`` is the living number that this patient holds in the very session already.
    """

    id: str
    name: str
    sex: Sex
    birth_date: date
    phone: str
    same_phone: bool
    last_visit: datetime | None
    serial: int | None


class KnownPatient(ClinicError):
    """Somebody like that is known, and it is not said whether this is the one."""

    def __init__(self, patient: Patient, alike: Sequence[str], candidates: Sequence[CandidateView] = ()) -> None:
        super().__init__("A patient of this name or telephone number and birth date is known.")
        self.patient, self.alike, self.candidates = patient, alike, candidates

    def with_candidates(self, found: Iterable[Acquaintance]) -> "KnownPatient":
        return KnownPatient(self.patient, self.alike, [_view(each, self.patient) for each in found])


class RecognitionTx(Protocol):
    async def alike(self, patients: Sequence[Patient]) -> Sequence[Patient]:
        """Whom the hospital knows of those born on the same day with the same name or telephone number.

        Until the commit nobody else adds one of these days by a claim: two who book an unknown person at once meet.
        """
        ...

    async def acquaintances(self, session_id: str, patient_ids: Sequence[str]) -> Sequence[Acquaintance]:
        """Who was seen last first, then the oldest record; at most ``MOST_SHOWN``."""
        ...


async def register(tx: RecognitionTx, claimed: Iterable[tuple[Patient, Claim | None]]) -> Register:
    """Everybody who may be meant by somebody of whom something is claimed."""
    asked = [patient for patient, claim in claimed if claim is not None]
    return Register(await tx.alike(asked) if asked else ())


def identify(patient: Patient, claim: Claim, known: Register) -> Identity:
    """Raises ``KnownPatient`` where it is not said who of those alike it is, ``NotFound`` for one who is not alike.

    Only who knows name or telephone and birth date comes to a record by its id. It keeps name, sex and birth date;
    how the patient is reached is what was said last.
    """
    if claim.new:
        return Identity(patient)
    alike = known.alike(patient)
    if claim.patient_id is None:
        if alike:
            raise KnownPatient(patient, [each.id for each in alike])
        return Identity(patient)
    record = next((each for each in alike if each.id == claim.patient_id), None)
    if record is None:
        raise NotFound("no such patient")
    now = replace(record, phone=patient.phone, locale=patient.locale, email=patient.email or record.email)
    return Identity(now, known=True, was=None if now == record else record)


def _view(found: Acquaintance, typed: Patient) -> CandidateView:
    patient = found.patient
    return CandidateView(
        id=patient.id,
        name=patient.name,
        sex=patient.sex,
        birth_date=patient.birth_date,
        phone=masked(patient.phone),
        same_phone=patient.phone == typed.phone,
        last_visit=found.last_visit,
        serial=found.serial,
    )
