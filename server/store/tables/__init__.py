"""What is remembered: every table, and the constraints that make a duplicate impossible.

The rules of identity stand here and nowhere else; a check before a write is only a courtesy.
"""

from server.store.tables.access import join_links, passkey_challenges, passkeys, sign_ins, totp_factors, users
from server.store.tables.alarm import alarms, patient_states, transitions
from server.store.tables.audit_trail import audit, audit_seals
from server.store.tables.clinic import (
    former_contacts,
    interventions,
    openings,
    patients,
    predictions,
    session_doctors,
    sessions,
    tickets,
    waiting_list,
)
from server.store.tables.columns import Moment, metadata
from server.store.tables.device import (
    associations,
    broker_counts,
    broker_drops,
    device_certificates,
    device_gaps,
    devices,
    quarantine,
    quarantine_copies,
)
from server.store.tables.facts import installation
from server.store.tables.notifications import (
    deliveries,
    link_recoveries,
    message_counts,
    message_templates,
    push_subscriptions,
    receipts,
)
from server.store.tables.readings import messages, partitions, reading_horizons, rollup_progress, rollups, streams
from server.store.tables.roster import departments, doctor_profiles, holidays, session_templates
from server.store.tables.visit import (
    complaints,
    consent_withdrawals,
    consents,
    device_tests,
    document_contents,
    documents,
    guardians,
    notes,
    prior_diagnoses,
    visits,
)
from server.store.tables.wave import wave_tiles, waves

__all__ = [
    "Moment",
    "alarms",
    "associations",
    "audit",
    "audit_seals",
    "broker_counts",
    "broker_drops",
    "complaints",
    "consent_withdrawals",
    "consents",
    "deliveries",
    "departments",
    "device_certificates",
    "device_gaps",
    "device_tests",
    "devices",
    "doctor_profiles",
    "document_contents",
    "documents",
    "former_contacts",
    "guardians",
    "holidays",
    "installation",
    "interventions",
    "join_links",
    "link_recoveries",
    "message_counts",
    "message_templates",
    "messages",
    "metadata",
    "notes",
    "openings",
    "partitions",
    "passkey_challenges",
    "passkeys",
    "patient_states",
    "patients",
    "predictions",
    "prior_diagnoses",
    "push_subscriptions",
    "quarantine",
    "quarantine_copies",
    "reading_horizons",
    "receipts",
    "rollup_progress",
    "rollups",
    "session_doctors",
    "session_templates",
    "sessions",
    "sign_ins",
    "streams",
    "tickets",
    "totp_factors",
    "transitions",
    "users",
    "visits",
    "waiting_list",
    "wave_tiles",
    "waves",
]
