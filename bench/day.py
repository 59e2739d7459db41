"""A whole day at the real server, its clock running fast: everybody is accounted for, called in order, and told."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Final

import msgspec

from bench.day_account import Entry, account, covered, letter_faults
from bench.day_hospital import OPERATOR, Open, book_all, opened
from bench.day_people import OVERTIME, Desk, Doctor, Patient, Story
from bench.figures import Figure, Promise, Section, Statistic
from bench.process import ServerProcess
from tests.replay.script import PATIENTS, SESSIONS, Sitting, day

SEED: Final = 20261121
SPEED, QUICK_SPEED = 60.0, 120.0
QUICK: Final = (4, 25)  # sessions, patients each
SETTLES_S: Final = 240.0  # ends of days are looked for once a minute, of the machine's time
TICKETS: Final = "SELECT state, count(*) AS n FROM tickets GROUP BY state"
UNSETTLED: Final = ("booked", "arrived", "held", "called", "in_visit")
WAITING: Final = f"SELECT count(*) AS n FROM tickets WHERE state IN {UNSETTLED}"  # noqa: S608 – constants
QUEUED: Final = "SELECT count(*) AS n FROM deliveries WHERE state = 'queued' AND channel <> 'voice'"  # a human calls


@dataclass(frozen=True)
class Run:
    """``cpu_s`` and ``book_s`` of the server's CPU: the day's, and that of its bookings."""

    late_ms: Sequence[float]
    cpu_s: float
    book_s: float
    speed: float
    patients: int
    ends: Mapping[str, int]
    calls: int
    faults: Sequence[str]
    letters: Mapping[str, int]
    shares: tuple[float, float, float]
    predictions: int
    refused: Mapping[str, int]


async def measure(quick: bool) -> Section:
    speed, size = (QUICK_SPEED, QUICK) if quick else (SPEED, (SESSIONS, PATIENTS))
    run = await _play(day(SEED, *size), speed)
    against = f"{size[0]} sessions, {size[0] * size[1]:,} patients"
    below, inside, above = run.shares
    return Section(
        title="A whole day",
        command=".venv/bin/python -m bench day",
        method=f"One server process whose clock runs {speed:.0f} times as fast as the machine's while it keeps up "
        f"and slower while not: {run.speed:.0f} times on the average (a composition of its own: no setting does that); "
        "bookings over HTTP, each patient a Socket.IO page that drops, comes back and answers by a script "
        "from a seed, doctors who press Next when their console shows something new; then everything that the database "
        "holds of the day is held against the rules. Against a real day: what the server does every second it does as "
        "many seconds of this one apart, so rings end, and waiting times are told, up to that much later; and a day's "
        "work falls into the minutes. Latency is in the machine's own time. SQLite, everything on this machine.",
        figures=[
            Figure(name="press Next → on the patient's page", against=against, unit="ms", runs=[run.late_ms]),
            Figure(name="patients not accounted for", against=against, unit="", runs=[[run.patients - _ended(run)]],
                   promise=Promise(Statistic.EACH, 0.0)),
            Figure(name="calls and letters against the rules", against=against, unit="", runs=[[len(run.faults)]],
                   promise=Promise(Statistic.EACH, 0.0)),
            Figure(name="waits inside the 80 % range", against=f"{run.predictions} predictions", unit="%",
                   runs=[[100 * inside]]),
            Figure(name="server's CPU a patient", against=against, unit="ms",
                   runs=[[1000 * run.cpu_s / run.patients]]),
        ],
        notes=[
            f"How the {run.patients} tickets ended: {_said(run.ends)}; {run.calls} calls.",
            f"Letters: {_said(run.letters)}.",
            f"Waits below the range that was told: {100 * below:.0f} %, above it: {100 * above:.0f} % (a first day).",
            f"Server's CPU: {run.book_s:.1f} s for the bookings, {run.cpu_s:.1f} s for the day.",
            f"Refused on the way, as the script provokes it: {_said(run.refused)}.",
            *run.faults[:5],
        ],
    )  # fmt: skip


def _ended(run: Run) -> int:
    return sum(count for state, count in run.ends.items() if state not in UNSETTLED)


def _said(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "nothing"


async def _play(sittings: Sequence[Sitting], speed: float) -> Run:
    async with opened(sittings) as of:
        server, story = ServerProcess(of.hospital), Story()
        begun_s = server.cpu_s()
        tickets = await book_all(of, sittings)
        booked_s = server.cpu_s()
        of.day.set(min(sitting.opens_at for sitting in sittings) - timedelta(minutes=70), speed)
        async with asyncio.TaskGroup() as group:
            governor = group.create_task(of.day.keep_up(partial(_write, of, sittings[0]), speed))
            begun = time.monotonic(), of.day.now()
            await _live(of, story, sittings, tickets)
            lasted = (of.day.now() - begun[1]).total_seconds() / (time.monotonic() - begun[0])
            governor.cancel()
        spent_s = server.cpu_s()
        await _settle(of)
        return _judge(of, story, (booked_s - begun_s, spent_s - booked_s, lasted))


async def _write(of: Open, sitting: Sitting) -> None:
    """Something that changes nothing and takes a commit, by which the server shows whether it keeps up."""
    wanted = {"capacity": 2 * len(sitting.patients)}
    status, answer = await of.by(OPERATOR).post(f"/sessions/{of.sessions[sitting.id]}/capacity", wanted)
    assert status < 300, answer


async def _live(of: Open, story: Story, sittings: Sequence[Sitting], tickets: Mapping[str, tuple[str, str]]) -> None:
    notice = await of.by(OPERATOR).get("/notice?locale=en")
    agreed = {name: notice[name] for name in ("version", "sha256", "locale")}
    patients = {
        tickets[f"{sitting.id}.{script.serial}"][0]: Patient(
            of, story, script, *tickets[f"{sitting.id}.{script.serial}"], agreed
        )
        for sitting in sittings
        for script in sitting.patients
    }
    desk, seen = Desk(of, story, {sitting.id: sitting for sitting in sittings}), dict[str, int]()
    async with asyncio.TaskGroup() as pages:
        here = [pages.create_task(patient.come()) for patient in patients.values()]
        async with asyncio.TaskGroup() as staff:
            for sitting in sittings:
                staff.create_task(desk.pauses(sitting))
                for doctor in sitting.doctors:
                    staff.create_task(Doctor(of, story, sitting, doctor, patients, seen).work())
                for script in sitting.patients:
                    patient = patients[tickets[f"{sitting.id}.{script.serial}"][0]]
                    staff.create_task(desk.oddities(sitting, patient))
        for page in here:
            page.cancel()


async def _settle(of: Open) -> None:
    """Hours later: who is left is told, and every letter goes."""
    of.day.set(of.day.now() + timedelta(hours=8) + OVERTIME, 1.0)
    with suppress(TimeoutError):  # who is left then is not accounted for
        async with asyncio.timeout(SETTLES_S):
            while any(of.hospital.rows(query)[0]["n"] for query in (WAITING, QUEUED)):  # noqa: ASYNC110 – another process
                await asyncio.sleep(1)


def _judge(of: Open, story: Story, spent: tuple[float, float, float]) -> Run:
    rows = of.hospital.rows
    sessions = {row["id"]: row["session_id"] for row in rows("SELECT id, session_id FROM tickets")}
    audit = rows("SELECT action, subject, detail FROM audit WHERE action LIKE 'ticket.%' ORDER BY id")
    told = account([_entry(row) for row in audit], sessions)
    deliveries = rows("SELECT cause, template, state FROM deliveries")
    predictions = rows("SELECT waited_s, low_s, high_s FROM predictions WHERE waited_s IS NOT NULL")
    ends = {row["state"]: row["n"] for row in rows(TICKETS)}
    faults = [*told.faults, *letter_faults(told, [row["cause"] for row in deliveries])]
    return Run(
        late_ms=story.late_ms,
        cpu_s=spent[1],
        book_s=spent[0],
        speed=spent[2],
        patients=len(sessions),
        ends=ends,
        calls=told.calls,
        faults=faults,
        letters=Counter(f"{row['template']} {row['state']}" for row in deliveries),
        shares=covered(predictions),
        predictions=len(predictions),
        refused=story.refused,
    )


def _entry(row: Mapping[str, Any]) -> Entry:
    return Entry(row["action"], row["subject"].partition(":")[2], msgspec.json.decode(row["detail"]))
