"""The role × action table. HTTP and sockets both ask it; whose object it is, the services decide."""

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    """What a person is to the hospital. A patient has no account: the join link and the birth date make one."""

    PATIENT = "patient"
    DOCTOR = "doctor"
    OPERATOR = "operator"
    ADMIN = "admin"


class Action(StrEnum):
    """What can be done, one name a permission; every route that is not public has exactly one."""

    ACCOUNT_OWN = "account.own"  # one's own name and sign-in, which every member of staff has
    LINE_READ = "line.read"
    LINE_RUN = "line.run"
    DESK_READ = "desk.read"  # all lines of today at once
    TICKET_BOOK = "ticket.book"
    LINK_RESET = "link.reset"
    ROSTER_EDIT = "roster.edit"
    VISIT_READ = "visit.read"
    VISIT_RUN = "visit.run"
    NOTE_WRITE = "note.write"
    PATIENT_READ = "patient.read"
    READINGS_READ = "readings.read"
    READINGS_EXPORT = "readings.export"  # all of a patient's at once, as a file
    ALARM_READ = "alarm.read"
    ALARM_ACKNOWLEDGE = "alarm.acknowledge"
    UNATTENDED_READ = "unattended.read"  # whose patients' alarms have no doctor any more
    HANDOVER = "handover"  # give them one
    DEVICE_READ = "device.read"
    DEVICE_ADD = "device.add"
    DEVICE_ASSOCIATE = "device.associate"
    QUARANTINE_RUN = "quarantine.run"  # look through what could not be read, correct and replay it, or dismiss it
    OUTBOX_READ = "outbox.read"
    WAITING_READ = "waiting.read"  # how true the waiting times have been
    CALL_MAKE = "call.make"  # telephone those whom no message has reached
    TEMPLATE_EDIT = "template.edit"
    TICKET_OWN = "ticket.own"  # the ticket that the patient joined with
    ROOM_JOIN = "room.join"
    USER_ADD = "user.add"


_ALLOWED: Mapping[Role, frozenset[Action]] = {
    Role.PATIENT: frozenset({Action.TICKET_OWN, Action.ROOM_JOIN}),
    Role.DOCTOR: frozenset(
        {
            Action.ACCOUNT_OWN,
            Action.LINE_READ,
            Action.LINE_RUN,
            Action.TICKET_BOOK,
            Action.LINK_RESET,
            Action.VISIT_READ,
            Action.VISIT_RUN,
            Action.NOTE_WRITE,
            Action.PATIENT_READ,
            Action.READINGS_READ,
            Action.READINGS_EXPORT,
            Action.ALARM_READ,
            Action.ALARM_ACKNOWLEDGE,
            Action.UNATTENDED_READ,
            Action.HANDOVER,
            Action.DEVICE_READ,
            Action.DEVICE_ASSOCIATE,
            Action.ROOM_JOIN,
        }
    ),
    # Operators arrange: they see who waits and which device is whose, never a note, a reading or an alarm.
    Role.OPERATOR: frozenset(
        {
            Action.ACCOUNT_OWN,
            Action.LINE_READ,
            Action.DESK_READ,
            Action.TICKET_BOOK,
            Action.LINK_RESET,
            Action.ROSTER_EDIT,
            Action.UNATTENDED_READ,
            Action.PATIENT_READ,
            Action.DEVICE_READ,
            Action.DEVICE_ADD,
            Action.DEVICE_ASSOCIATE,
            Action.QUARANTINE_RUN,  # the one place where they see values: of what nobody else could read
            Action.OUTBOX_READ,
            Action.WAITING_READ,
            Action.CALL_MAKE,
            Action.TEMPLATE_EDIT,
        }
    ),
    Role.ADMIN: frozenset(
        {
            Action.ACCOUNT_OWN,
            Action.LINE_READ,
            Action.ROSTER_EDIT,
            Action.UNATTENDED_READ,
            Action.HANDOVER,
            Action.DEVICE_READ,
            Action.DEVICE_ADD,
            Action.OUTBOX_READ,
            Action.WAITING_READ,
            Action.TEMPLATE_EDIT,
            Action.USER_ADD,
        }
    ),
}


def may(role: Role, action: Action) -> bool:
    return action in _ALLOWED[role]
