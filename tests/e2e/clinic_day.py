"""A hospital with a doctor at the desk and a patient in the waiting room: where most browser tests begin."""

from dataclasses import dataclass

from tests.e2e.conftest import OpenHospital, OpenPerson
from tests.e2e.hospital import Hospital
from tests.e2e.people import PASSWORD, Person, book, enter, enter_console, join, newest_link

BORN = ("1957", "3", "14")


@dataclass
class ClinicDay:
    hospital: Hospital
    doctor: Person
    operator: Person
    patient: Person
    link: str


async def begin(
    open_hospital: OpenHospital, doctor_at: OpenPerson, patient_at: OpenPerson, **settings: str
) -> ClinicDay:
    """Staff added, session open, Zhao Min booked and in the waiting room with the notice agreed to."""
    hospital = await open_hospital(**settings)
    hospital.add_staff("doctor", "dr.wei", "Lin Wei", PASSWORD, "+8613800000001")
    hospital.add_staff("operator", "desk", "Chen Jing", PASSWORD, "+8613800000003")
    hospital.add_session("dr.wei", "Cardiology")
    await hospital.start()
    doctor, operator, patient = await doctor_at(hospital), await doctor_at(hospital), await patient_at(hospital)
    await enter_console(doctor, hospital, "dr.wei")
    await enter(operator, hospital, "desk")
    await doctor.see("open-session").click()
    await book(doctor, "Zhao Min", "1957-03-14", "138 0013 8000")
    link = await newest_link(operator, hospital)
    await join(patient, link, BORN)
    return ClinicDay(hospital, doctor, operator, patient, link)
