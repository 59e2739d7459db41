"""The roster, wired: who works when, places that anybody may book, waiting lists, moves and appointments."""

from dataclasses import dataclass
from functools import partial

from server.clinic.booking import ClinicRules
from server.clinic.roster.appointments import Appointments
from server.clinic.roster.calendar import Organiser
from server.clinic.roster.directory import Directory
from server.clinic.roster.moves import Moves
from server.clinic.roster.public import PublicBooking
from server.clinic.roster.service import Roster
from server.clinic.tell import Tell
from server.store.booking import BookingLookQueries, BookingQueries
from server.store.engine import Store
from server.store.roster import DirectoryQueries, RosterQueries


@dataclass(frozen=True, kw_only=True)
class Rostering:
    roster: Roster
    directory: Directory
    public_booking: PublicBooking
    moves: Moves
    appointments: Appointments


def build_rostering(store: Store, rules: ClinicRules, tell: Tell) -> Rostering:
    sender, zone = rules.sender, rules.sender.zone
    begin, look = partial(store.write, BookingQueries), partial(store.read, BookingLookQueries)
    return Rostering(
        roster=Roster(partial(store.write, RosterQueries), zone),
        directory=Directory(partial(store.read, DirectoryQueries), zone),
        public_booking=PublicBooking(begin, look, tell, rules),
        moves=Moves(begin, tell, rules),
        appointments=Appointments(look, Organiser(sender.hospital, sender.telephone)),
    )
