"""Whose things each route and each topic opens: the half of the access matrix that no type declares.

The other half – which role may at all – is read from the route table and ``server.access.roles``. What is added to the
API needs a row here, and ``python -m tests.access_matrix`` prints both halves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from server.access.roles import Role

DOCTOR, PATIENT = frozenset({Role.DOCTOR}), frozenset({Role.PATIENT})
EVERYBODY: Final = frozenset(Role)


class Thing(StrEnum):
    """What is opened, as the page names it."""

    HOUSE = "the hospital's"
    ACCOUNT = "account"
    SESSION = "session"
    TICKET = "ticket"
    VISIT = "visit"
    PATIENT = "patient"
    ALARM = "alarm"
    DEVICE = "device"
    DOCUMENT = "document"
    LINK = "link"


@dataclass(frozen=True)
class Row:
    """Of those whom the role table lets in, the roles in ``own`` reach what is theirs and nothing else."""

    thing: Thing
    own: frozenset[Role] = frozenset()


HOUSE = Row(Thing.HOUSE)
ACCOUNT = Row(Thing.ACCOUNT, EVERYBODY)
SESSION = Row(Thing.SESSION, DOCTOR)  # the owner's, or joined
TICKET = Row(Thing.TICKET, DOCTOR)
OWN_TICKET = Row(Thing.TICKET, PATIENT)  # of the sign-in: no id is asked for
VISIT = Row(Thing.VISIT, DOCTOR)
TREATED = Row(Thing.PATIENT, DOCTOR)  # booked with this doctor, or worn devices are this doctor's to answer for
ALARM = Row(Thing.ALARM, DOCTOR)
DEVICE = Row(Thing.DEVICE)
LINK = Row(Thing.LINK)  # whoever holds the token; and the birth date

ROUTES: Final[Mapping[str, Row]] = {
    "GET /hospital": HOUSE,
    "GET /notice": HOUSE,
    "POST /sign-in": ACCOUNT,
    "POST /sign-out": ACCOUNT,
    "GET /me": ACCOUNT,
    "GET /factors": ACCOUNT,
    "POST /totp/enrol": ACCOUNT,
    "POST /totp/confirm": ACCOUNT,
    "POST /passkeys/options": ACCOUNT,
    "POST /passkeys": ACCOUNT,
    "DELETE /factors/totp": ACCOUNT,
    "DELETE /passkeys/{id}": ACCOUNT,
    "POST /step-up/totp": ACCOUNT,
    "POST /step-up/passkey/options": ACCOUNT,
    "POST /step-up/passkey": ACCOUNT,
    "GET /sessions": SESSION,
    "POST /sessions/{id}/open": SESSION,
    "POST /sessions/{id}/close": SESSION,
    "POST /sessions/{id}/suspend": SESSION,
    "POST /sessions/{id}/resume": SESSION,
    "POST /sessions/{id}/join": SESSION,  # "own" here: of the own department
    "POST /sessions/{id}/leave": SESSION,
    "POST /sessions/{id}/capacity": SESSION,
    "GET /sessions/{id}/line": SESSION,
    "POST /sessions/{id}/tickets": SESSION,
    "POST /sessions/{id}/call-next": SESSION,
    "POST /sessions/{id}/waiting-list": HOUSE,
    "GET /display/{id}": HOUSE,
    "POST /tickets/{id}/link": TICKET,
    "POST /tickets/{id}/call": TICKET,
    "POST /tickets/{id}/recall": TICKET,
    "POST /tickets/{id}/hold": TICKET,
    "POST /tickets/{id}/unhold": TICKET,
    "POST /tickets/{id}/urgency": TICKET,
    "POST /tickets/{id}/cancel": TICKET,
    "GET /tickets/{id}/targets": TICKET,
    "POST /tickets/{id}/transfer": TICKET,
    "POST /tickets/{id}/move": TICKET,
    "GET /departments": HOUSE,
    "GET /departments/{id}/doctors": HOUSE,
    "GET /doctors/{id}/sessions": HOUSE,
    "POST /bookings": HOUSE,
    "POST /offers/look": LINK,
    "POST /offers/accept": LINK,
    "GET /roster/departments": HOUSE,
    "POST /roster/departments": HOUSE,
    "PUT /roster/departments/{id}": HOUSE,
    "GET /roster/doctors": HOUSE,
    "PUT /roster/doctors/{id}": HOUSE,
    "GET /roster/templates": HOUSE,
    "POST /roster/templates": HOUSE,
    "PUT /roster/templates/{id}": HOUSE,
    "DELETE /roster/templates/{id}": HOUSE,
    "GET /roster/holidays": HOUSE,
    "PUT /roster/holidays/{day}": HOUSE,
    "DELETE /roster/holidays/{day}": HOUSE,
    "POST /roster/generate": HOUSE,
    "GET /roster/sessions": HOUSE,
    "POST /join/look": LINK,
    "POST /join/check": LINK,
    "POST /join/recover": LINK,
    "GET /ticket": OWN_TICKET,
    "POST /ticket/consent": OWN_TICKET,
    "POST /ticket/consent/withdraw": OWN_TICKET,
    "POST /ticket/complaint": OWN_TICKET,
    "POST /ticket/documents": OWN_TICKET,
    "DELETE /ticket/documents/{id}": Row(Thing.DOCUMENT, PATIENT),
    "POST /ticket/device-test": OWN_TICKET,
    "POST /ticket/answer": OWN_TICKET,
    "POST /ticket/cancel": OWN_TICKET,
    "POST /ticket/move": OWN_TICKET,
    "GET /ticket/sessions": OWN_TICKET,
    "POST /ticket/arrive": OWN_TICKET,
    "POST /ticket/upload-test": OWN_TICKET,
    "POST /ticket/media": OWN_TICKET,
    "POST /ticket/push": OWN_TICKET,
    "GET /ticket/calendar.ics": OWN_TICKET,
    "GET /visits/{id}": VISIT,
    "POST /visits/{id}/confirm-identity": VISIT,
    "POST /visits/{id}/prior-diagnosis": VISIT,
    "POST /visits/{id}/guardian": VISIT,
    "GET /documents/{id}": Row(Thing.DOCUMENT, DOCTOR),
    "PUT /visits/{id}/note": VISIT,
    "POST /visits/{id}/end": VISIT,
    "POST /visits/{id}/media": VISIT,
    "GET /patients": TREATED,
    "GET /patients/{id}/readings": TREATED,
    "GET /patients/{id}/history": TREATED,
    "GET /patients/{id}/waves": TREATED,
    "GET /patients/{id}/waves/channels": TREATED,
    "GET /patients/{id}/export": TREATED,
    "GET /patients/{id}/alarms": TREATED,
    "POST /alarms/{id}/acknowledge": ALARM,
    "GET /unattended": HOUSE,  # a doctor sees those of the own department
    "POST /unattended/{id}/take-over": HOUSE,  # a doctor, of the own department; an administrator, of any
    "GET /devices": DEVICE,
    "GET /devices/{id}": DEVICE,
    "POST /devices": DEVICE,
    "PUT /devices/{id}": DEVICE,
    "POST /devices/{id}/rotate": DEVICE,
    "POST /devices/{id}/lost": DEVICE,
    "POST /devices/{id}/revoke": DEVICE,
    "POST /devices/{id}/replace": DEVICE,
    "POST /devices/{id}/claim-code": DEVICE,
    "POST /devices/{id}/certificates": DEVICE,
    "DELETE /devices/{id}/certificates/{fingerprint}": DEVICE,
    "POST /devices/claim": DEVICE,  # and of the patient in the body what of every patient: TREATED
    "POST /ticket/devices": OWN_TICKET,
    "POST /devices/import/check": DEVICE,
    "POST /devices/import": DEVICE,
    "POST /patients/{id}/devices": TREATED,
    "DELETE /patients/{id}/devices/{device_id}": TREATED,
    "GET /waiting/errors": HOUSE,
    "GET /outbox": HOUSE,
    "GET /not-reached": HOUSE,
    "POST /not-reached/{id}/call": HOUSE,
    "GET /templates": HOUSE,
    "PUT /templates/{id}/{locale}": HOUSE,
    "POST /templates/preview": HOUSE,
    "GET /quarantine": HOUSE,
    "GET /quarantine/{id}": HOUSE,
    "POST /quarantine/{id}/check": HOUSE,
    "POST /quarantine/{id}/replay": HOUSE,
    "POST /quarantine/{id}/dismiss": HOUSE,
    "POST /readings": DEVICE,  # its own credential, as at the broker
    "POST /broker/connect": DEVICE,  # the broker's secret, and then the device's
    "POST /broker/topic": DEVICE,
    "GET /broker/drops": DEVICE,
    "GET /broker/gaps": DEVICE,
    "POST /receipts/{gateway}": HOUSE,  # signed by the provider
    "GET /push/key": HOUSE,
    "POST /push/received": HOUSE,
    "POST /push/subscribe": ACCOUNT,
}

TOPICS: Final[Mapping[str, Row]] = {
    "session": SESSION,
    "line": SESSION,
    "desk": HOUSE,
    "ticket": OWN_TICKET,
    "visit": VISIT,
    "patient": TREATED,
    "wave": TREATED,
    "alarms": ACCOUNT,
    "unattended": ACCOUNT,  # of whom: a doctor sees those of the own department
    "outbox": HOUSE,
    "device": DEVICE,
    "devices": DEVICE,
}

EVENTS: Final[Mapping[str, Row]] = {
    "subscribe": HOUSE,  # by topic: see TOPICS
    "unsubscribe": ACCOUNT,  # of one's own page: nothing is opened
    "join": Row(Thing.VISIT, DOCTOR | PATIENT),
    "leave": ACCOUNT,
    "signal": Row(Thing.VISIT, DOCTOR | PATIENT),
}

OTHERS_SESSION: Final = "the other doctor's session"  # stands for its id
WORN_DEVICE: Final = "worn-by-the-patient"

# Bodies that a route accepts, where a stranger must get as far as the question whose the thing is.
BODIES: Final[Mapping[str, dict[str, object]]] = {
    "POST /sessions/{id}/tickets": {
        "name": "Sun Hai", "sex": "male", "birth_date": "1970-01-01", "phone": "13800138009",
    },
    "POST /sessions/{id}/suspend": {"message": "The doctor comes at ten."},
    "POST /sessions/{id}/capacity": {"capacity": 40},
    "POST /tickets/{id}/call": {"reason": "asked for by the ward"},
    "POST /tickets/{id}/recall": {"reason": "came back"},
    "POST /tickets/{id}/urgency": {"urgency": 0, "reason": "breathless"},
    "POST /tickets/{id}/cancel": {"cause": "by_clinic"},
    "POST /tickets/{id}/transfer": {"session_id": OTHERS_SESSION, "reason": "another field"},
    "POST /tickets/{id}/move": {"session_id": OTHERS_SESSION},
    "PUT /visits/{id}/note": {"body": "not mine", "version": 0},
    "POST /visits/{id}/guardian": {"name": "Sun Hai", "present": True},
    "POST /visits/{id}/prior-diagnosis": {"note": "Asthma, 2024, seen on paper."},
    "POST /visits/{id}/end": {"outcome": "completed"},
    "POST /alarms/{id}/acknowledge": {"priority": "high"},
    "POST /unattended/{id}/take-over": {},
    "POST /quarantine/{id}/check": {},
    "POST /quarantine/{id}/replay": {},
    "POST /quarantine/{id}/dismiss": {"why": "test of the cable"},
    "POST /patients/{id}/devices": {"device_id": WORN_DEVICE, "profile": None},
}  # fmt: skip
