"""Reads what a server left behind, from a copy: a dead one's files are looked at and never touched."""

import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from devices.conditions import Care, Input, Worn
from devices.readings import Body
from tests.faults.ledgers import Key
from tests.faults.rows import Delivery, Rows, Told, Transition
from tests.faults.sent import Kept

READINGS = 3  # that every message of the simulator has
GRACE = timedelta(seconds=5)

STORED = "SELECT device_id, epoch, seq FROM messages WHERE seq IS NOT NULL"
INCOMPLETE = """
WITH whole AS (SELECT *, CAST(body AS TEXT) AS said FROM messages)
SELECT device_id, epoch, seq FROM whole
WHERE patient_id IS NULL OR position IS NULL
   OR CASE WHEN json_valid(said) THEN json_array_length(said, '$.readings') END IS NOT ?
"""
TRANSITIONS = """
SELECT t.id, a.patient_id, a.condition, a.kind = 'physiological' AS physiological, t.rule, t.priority, t.kind, t.round,
       (SELECT count(*) FROM deliveries d WHERE d.cause = 'transition:' || t.id AND d.step = 0) AS recipients
FROM transitions t JOIN alarms a ON a.id = t.alarm_id WHERE t.kind IN ('raised', 'worsened')
"""
DELIVERIES = """
SELECT d.*, a.patient_id, a.condition, t.kind, t.priority, t.round
FROM deliveries d LEFT JOIN transitions t ON d.cause = 'transition:' || t.id LEFT JOIN alarms a ON a.id = t.alarm_id
"""
READABLE = "SELECT * FROM messages WHERE patient_id IS NOT NULL AND json_valid(CAST(body AS TEXT))"
GAPS = "SELECT condition FROM alarms WHERE kind = 'technical' AND condition NOT LIKE 'silence:%'"
BODIES = "SELECT device_id, epoch, seq, body FROM messages WHERE json_valid(CAST(body AS TEXT))"
QUARANTINED = "SELECT reason, count(*) AS number FROM quarantine GROUP BY reason"


@contextmanager
def left_behind(data: Path) -> Iterator[sqlite3.Connection]:
    with TemporaryDirectory(prefix="bedside-evidence-") as folder:
        for file in data.glob("bedside.sqlite*"):
            if not file.name.endswith("-shm"):  # the log's index is made anew from the log
                shutil.copy(file, folder)
        with closing(sqlite3.connect(Path(folder) / "bedside.sqlite")) as database:
            database.row_factory = sqlite3.Row
            yield database


def rows_of(data: Path, ended_at: datetime) -> Rows:
    """What a server left that ended then: a delivery that was due before is overdue."""
    with left_behind(data) as database:
        return Rows(
            stored=[_key(row) for row in database.execute(STORED)],
            incomplete=[_key(row) for row in database.execute(INCOMPLETE, (READINGS,))],
            covered={
                (row["device_id"], row["epoch"]): row["covered"] for row in database.execute("SELECT * FROM streams")
            },
            transitions=[_transition(row) for row in database.execute(TRANSITIONS)],
            deliveries=[_delivery(row, ended_at) for row in database.execute(DELIVERIES)],
            oddities=list(_oddities(database)),
        )


def kept_of(data: Path) -> Kept:
    """What there is of the messages themselves, and of those that could not be read."""
    with left_behind(data) as database:
        bodies = {_key(row): msgspec.json.decode(row["body"], type=Body) for row in database.execute(BODIES)}
        payloads = frozenset(bytes(row["payload"]) for row in database.execute("SELECT payload FROM quarantine"))
    missing = ((key, range(gap.first, gap.last + 1)) for key, body in bodies.items() for gap in body.gaps)
    gaps = frozenset(key._replace(seq=seq) for key, numbers in missing for seq in numbers)
    return Kept(bodies, payloads, gaps)


def settled(data: Path) -> AbstractSet[str]:
    """The deliveries that are on record as sent."""
    with left_behind(data) as database:
        return {row["id"] for row in database.execute("SELECT id FROM deliveries WHERE state = 'sent'")}


def measured(data: Path) -> tuple[list[Input], Mapping[str, Care]]:
    """Every stored message that can be read, as evaluation reads it, and who is monitored by what."""
    with left_behind(data) as database:
        cares = {row["patient_id"]: _care(row) for row in database.execute("SELECT * FROM associations")}
        messages = [_input(row) for row in database.execute(READABLE)]
    return messages, cares


def _oddities(database: sqlite3.Connection) -> Iterator[str]:
    yield from (f"alarm {row['condition']}" for row in database.execute(GAPS))
    yield from (f"{row['number']} quarantined: {row['reason']}" for row in database.execute(QUARANTINED))
    verdict = database.execute("PRAGMA integrity_check").fetchone()[0]
    if verdict != "ok":
        yield f"integrity_check: {verdict}"


def _key(row: sqlite3.Row) -> Key:
    return Key(row["device_id"], row["epoch"], row["seq"])


def _transition(row: sqlite3.Row) -> Transition:
    told = Told(row["patient_id"], row["condition"], row["rule"], row["priority"], row["kind"])
    return Transition(row["id"], told, bool(row["physiological"]), row["round"], row["recipients"])


def _delivery(row: sqlite3.Row, ended_at: datetime) -> Delivery:
    """An alarm's is about one priority of one round of one condition, whatever its cause is called."""
    about = tuple(row[name] for name in ("patient_id", "condition", "kind", "priority", "round"))
    subject = (*(about if row["condition"] else (row["cause"],)), row["step"], row["recipient"], row["channel"])
    waits = row["state"] == "queued" and datetime.fromisoformat(row["next_try_at"]) > ended_at - GRACE
    return Delivery(row["id"], subject, row["state"] == "sent", overdue=row["state"] != "sent" and not waits)


def _care(row: sqlite3.Row) -> Care:
    worn = Worn(row["device_id"], row["profile"], datetime.fromisoformat(row["from_at"]))
    return Care(row["patient_id"], (worn,))


def _input(row: sqlite3.Row) -> Input:
    return Input(
        message_id=row["id"],
        patient_id=row["patient_id"],
        device_id=row["device_id"],
        position=row["position"],
        received_at=datetime.fromisoformat(row["received_at"]),
        body=msgspec.json.decode(row["body"], type=Body),
    )
