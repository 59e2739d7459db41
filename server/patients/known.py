"""Who may be somebody whom the hospital knows: born on the same day, and of the same name or telephone number.

Values only. That two records are one person is never decided here: namesakes share a day, twins share a telephone.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from server.patients.patient import Patient

LONGEST_KEY: Final = 120  # NFKC makes some single characters many

Trait = tuple[object, str, str]


@dataclass(frozen=True, slots=True)
class Acquaintance:
    """A patient who may be meant. ``serial`` is the living number held in the session that is asked about."""

    patient: Patient
    last_visit: datetime | None = None
    serial: int | None = None


class Register:
    """Patients by what they may be known by."""

    def __init__(self, patients: Iterable[Patient] = ()) -> None:
        self._by: dict[Trait, dict[str, Patient]] = {}
        for patient in patients:
            self.add(patient)

    def add(self, patient: Patient) -> None:
        for trait in _traits(patient):
            self._by.setdefault(trait, {})[patient.id] = patient

    def alike(self, patient: Patient) -> tuple[Patient, ...]:
        """Those of the same name first."""
        found: dict[str, Patient] = {}
        for trait in _traits(patient):
            found.update({each.id: each for each in self._by.get(trait, {}).values() if each.id not in found})
        return tuple(found.values())


def name_key(name: str) -> str:
    """What two ways of writing one name have in common: letters and digits alone, without case and width."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(c for c in folded if unicodedata.category(c)[0] in "LMN")[:LONGEST_KEY]


def _traits(patient: Patient) -> tuple[Trait, ...]:
    born = patient.birth_date
    return ((born, "name", name_key(patient.name)), (born, "phone", patient.phone))
