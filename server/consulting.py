"""Consulting hours, wired: sessions and their lines, how long one waits, and the visits that come of it."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from server.clinic.booking import ClinicRules
from server.clinic.day_end import DayEnd
from server.clinic.lines import LineService
from server.clinic.prediction_errors import PredictionErrorsReader
from server.clinic.predictions import Predictions
from server.clinic.reader import ClinicReader
from server.clinic.service import ClinicService
from server.clinic.today import Today
from server.settings import Settings
from server.store.clinic import ClinicQueries
from server.store.clinic_look import ClinicLookQueries
from server.store.desk import DeskLookQueries
from server.store.engine import Store
from server.store.visits import VisitLookQueries, VisitQueries
from server.store.waiting import WaitingLookQueries, WaitingQueries
from server.surroundings import House, Outside
from server.visits.calls import CallService
from server.visits.live import ClinicTopics
from server.visits.opening import Admission
from server.visits.reader import VisitReader
from server.visits.records import RecordService
from server.visits.rules import VisitRules
from server.visits.service import VisitService
from server.visits.views import HospitalView
from server.visits.visit import VisitTimes


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What lines and visits are held by in this hospital."""

    clinic: ClinicRules
    visits: VisitRules


@dataclass(frozen=True, kw_only=True)
class Consulting:
    clinic: ClinicService
    clinic_reader: ClinicReader
    today: Today
    predictions: Predictions
    prediction_errors: PredictionErrorsReader
    line_steps: LineService
    day_end: DayEnd
    visits: VisitService
    calls: CallService
    records: RecordService
    visit_reader: VisitReader
    clinic_topics: ClinicTopics


def rules_of(settings: Settings, house: House, admission: Admission) -> Rules:
    """As set; whom a visit may be held with, the admission knows from the rules pack."""
    clinic, sender, key = settings.clinic, house.sender, house.link_key
    late_grace = timedelta(seconds=clinic.late_grace_s)
    times = VisitTimes(timedelta(seconds=clinic.ring_s), timedelta(seconds=clinic.media_s))
    return Rules(
        clinic=ClinicRules(sender, settings.hospital.region, key, late_grace=late_grace, admit=admission.admit),
        visits=VisitRules(times, sender, key, admission.receive),
    )


def build_consulting(store: Store, house: House, outside: Outside, rules: Rules) -> Consulting:
    sender, zone, tell = house.sender, house.sender.zone, outside.tell
    begin, look = partial(store.write, ClinicQueries), partial(store.read, ClinicLookQueries)
    begin_visit, look_visit = partial(store.write, VisitQueries), partial(store.read, VisitLookQueries)
    begin_waiting, look_waiting = partial(store.write, WaitingQueries), partial(store.read, WaitingLookQueries)
    predictions = Predictions(look_waiting, begin_waiting, tell=outside.tell_waits, zone=zone, clock=outside.clock)
    clinic_reader = ClinicReader(look, zone, outside.online, predictions.wait)
    hospital = HospitalView(sender.hospital, sender.telephone)
    visit_reader = VisitReader(look_visit, zone, hospital, house.pack, waits=predictions.wait)
    return Consulting(
        clinic=ClinicService(begin, tell, rules.clinic),
        clinic_reader=clinic_reader,
        today=Today(partial(store.read, DeskLookQueries), zone),
        predictions=predictions,
        prediction_errors=PredictionErrorsReader(look_waiting),
        line_steps=LineService(begin, tell, sender),
        day_end=DayEnd(begin, look, tell, sender),
        visits=VisitService(begin_visit, look_visit, tell=tell, rules=rules.visits),
        calls=CallService(begin_visit, tell=tell, online=outside.online, rules=rules.visits),
        records=RecordService(begin_visit, tell),
        visit_reader=visit_reader,
        clinic_topics=ClinicTopics(clinic_reader, visit_reader),
    )
