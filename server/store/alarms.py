"""Queries of alarms: episodes and their transitions, whom they are told to, and who may see a patient."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from devices.alarms import AlarmState, Episode, Transition
from server.access.roles import Role
from server.ids import new_id
from server.monitoring.alarms import AlarmRecord
from server.monitoring.telling import TELLING, Told, Ward, cause
from server.monitoring.views import NamedPatient
from server.notifications.deliveries import DeliveryState
from server.notifications.ladder import Person, Step
from server.store.session_rows import calls_from
from server.store.tables import (
    alarms,
    associations,
    deliveries,
    patients,
    sessions,
    tickets,
    transitions,
    users,
    visits,
)

SHOWN_AFTER_SESSION = timedelta(hours=24)  # how long a consultation keeps a patient's alarms on its doctor's list


class CareQueries:
    """Who may see a patient, and who is told about one."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def sees(self, doctor_id: str, patient_id: str) -> bool:
        """The doctor in charge of the patient, or one whose session the patient was booked into."""
        seen = seen_by(doctor_id).subquery()
        found = sa.select(seen.c.patient_id).where(seen.c.patient_id == patient_id)
        return await self._connection.scalar(found) is not None

    async def patients_seen_by(self, doctor_id: str) -> frozenset[str]:
        return frozenset(await self._connection.scalars(seen_by(doctor_id)))

    async def ward(self, patient_id: str) -> Ward:
        return (await self._wards([patient_id]))[patient_id]

    async def _wards(self, patient_ids: Collection[str]) -> Mapping[str, Ward]:
        names = sa.select(patients.c.id, patients.c.name).where(patients.c.id.in_(patient_ids))
        responsible = await self._responsible(patient_ids)
        operators = await self._people(users.c.role == Role.OPERATOR)
        return {row.id: Ward(row.name, responsible[row.id], operators) for row in await self._connection.execute(names)}

    async def _responsible(self, patient_ids: Collection[str]) -> Mapping[str, Sequence[Person]]:
        """Of the devices worn now; where none is worn any more, of the last: a late alarm must find its doctor too."""
        rows = await self._connection.execute(
            sa.select(associations.c.patient_id, associations.c.responsible_id, associations.c.until_at)
            .where(associations.c.patient_id.in_(patient_ids))
            .order_by(associations.c.from_at.desc(), associations.c.id)
        )
        worn: defaultdict[str, list[str]] = defaultdict(list)
        ended: dict[str, list[str]] = {}
        for row in rows:
            if row.until_at is None:
                worn[row.patient_id].append(row.responsible_id)
            else:
                ended.setdefault(row.patient_id, [row.responsible_id])
        chosen = {**ended, **worn}
        found = {
            person.id: person
            for person in await self._people(users.c.id.in_({i for ids in chosen.values() for i in ids}))
        }
        by_patient = {patient: [found[i] for i in dict.fromkeys(ids) if i in found] for patient, ids in chosen.items()}
        return defaultdict(list, by_patient)

    async def _people(self, which: sa.ColumnElement[bool]) -> Sequence[Person]:
        rows = await self._connection.execute(
            sa.select(users.c.id, users.c.name, users.c.phone, users.c.locale)
            .where(which, users.c.disabled_at.is_(None))
            .order_by(users.c.created_at, users.c.id)
        )
        return [Person(row.id, row.name, row.phone, row.locale) for row in rows]


class EpisodeQueries:
    """An alarm's episode and its transitions, written together."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def open_episodes(self, patient_id: str) -> Sequence[Episode]:
        """Locked until the commit: an acknowledgement waits, and is judged by what evaluation has just found."""
        rows = await self._connection.execute(
            sa.select(alarms)
            .where(alarms.c.patient_id == patient_id, alarms.c.state != AlarmState.RESOLVED)
            .order_by(alarms.c.id)
            .with_for_update()
        )
        return [episode_of(row) for row in rows.mappings()]

    async def lock_episode(self, alarm_id: str) -> Episode | None:
        rows = await self._connection.execute(sa.select(alarms).where(alarms.c.id == alarm_id).with_for_update())
        row = rows.mappings().one_or_none()
        return episode_of(row) if row else None

    async def add_episode(self, episode: Episode) -> bool:
        """False where an open alarm of this condition is on record already."""
        insert = (postgresql if self._connection.dialect.name == "postgresql" else sqlite).insert(alarms)
        added = await self._connection.execute(insert.on_conflict_do_nothing(), msgspec.structs.asdict(episode))
        return added.rowcount == 1

    async def save_episode(self, episode: Episode, made: Sequence[Transition]) -> Sequence[str]:
        """The ids of the transitions, in their order. The episode must be on record and locked."""
        values = msgspec.structs.asdict(episode)
        await self._connection.execute(sa.update(alarms).where(alarms.c.id == values.pop("id")).values(values))
        last = await self._connection.scalar(
            sa.select(sa.func.max(transitions.c.number)).where(transitions.c.alarm_id == episode.id)
        )
        rows = [
            {**msgspec.structs.asdict(transition), "id": new_id(), "number": number}
            for number, transition in enumerate(made, start=(last or 0) + 1)
        ]
        if rows:
            await self._connection.execute(sa.insert(transitions), rows)
        return [row["id"] for row in rows]


class RecordQueries(CareQueries):
    """Alarms with what surrounds them: patient, people, deliveries."""

    async def alarm(self, alarm_id: str) -> AlarmRecord | None:
        return next(iter(await self._records(alarms.c.id == alarm_id)), None)

    async def alarms_of(self, patient_id: str, limit: int) -> Sequence[AlarmRecord]:
        """The newest first."""
        return await self._records(alarms.c.patient_id == patient_id, limit)

    async def open_alarms_of(self, patient_id: str) -> Sequence[AlarmRecord]:
        return await self._records((alarms.c.patient_id == patient_id) & _open())

    async def open_alarms_for(self, user_id: str, now: datetime) -> Sequence[AlarmRecord]:
        """Of the patients whom this doctor is in charge of, or consults now or did a day ago."""
        consulted = consultations(now).with_only_columns(tickets.c.patient_id).where(calls_from(user_id))
        return await self._records(alarms.c.patient_id.in_(_in_charge_of(user_id).union(consulted)) & _open())

    async def unanswered(self) -> Sequence[AlarmRecord]:
        """Every open alarm that nobody has acknowledged."""
        return await self._records(_open() & alarms.c.acknowledged_at.is_(None))

    async def _records(self, which: sa.ColumnElement[bool], limit: int | None = None) -> Sequence[AlarmRecord]:
        query = sa.select(alarms).where(which).order_by(alarms.c.raised_at.desc(), alarms.c.id).limit(limit)
        episodes = [episode_of(row) for row in (await self._connection.execute(query)).mappings()]
        if not episodes:
            return ()
        wards = await self._wards({episode.patient_id for episode in episodes})
        began = await self._telling({episode.id for episode in episodes})
        told = await self._told(began)
        names = await self._names({e.acknowledged_by for e in episodes if e.acknowledged_by})
        return [
            AlarmRecord(
                episode=episode,
                patient=NamedPatient(episode.patient_id, wards[episode.patient_id].patient_name),
                transition_id=began[episode.id][-1] if began[episode.id] else "",
                ward=wards[episode.patient_id],
                acknowledged_by=names.get(episode.acknowledged_by or ""),
                told=told[episode.id],
            )
            for episode in episodes
        ]

    async def _telling(self, alarm_ids: Collection[str]) -> Mapping[str, list[str]]:
        """By alarm, the ids of the transitions that somebody is told of, in their order."""
        rows = await self._connection.execute(
            sa.select(transitions.c.alarm_id, transitions.c.id)
            .where(transitions.c.alarm_id.in_(alarm_ids), transitions.c.kind.in_(TELLING))
            .order_by(transitions.c.number)
        )
        began: defaultdict[str, list[str]] = defaultdict(list)
        for row in rows:
            began[row.alarm_id].append(row.id)
        return began

    async def _told(self, began: Mapping[str, Sequence[str]]) -> Mapping[str, list[Told]]:
        causes = {cause(transition): (alarm, transition) for alarm, ids in began.items() for transition in ids}
        query = sa.select(deliveries).where(deliveries.c.cause.in_(causes)).order_by(deliveries.c.created_at)
        rows = (await self._connection.execute(query.order_by(deliveries.c.step, deliveries.c.id))).all()
        names = await self._names({row.recipient.removeprefix("user:") for row in rows})
        told: defaultdict[str, list[Told]] = defaultdict(list)
        for row in rows:
            alarm_id, transition_id = causes[row.cause]
            told[alarm_id].append(_told(row, transition_id, names))
        return told

    async def _names(self, user_ids: Collection[str]) -> Mapping[str, str]:
        if not user_ids:
            return {}
        rows = await self._connection.execute(sa.select(users.c.id, users.c.name).where(users.c.id.in_(user_ids)))
        return {row.id: row.name for row in rows}


def episode_of(row: sa.RowMapping) -> Episode:
    return msgspec.convert({str(name): value for name, value in row.items()}, Episode)  # names are a str of their own


def seen_by(doctor_id: str) -> sa.CompoundSelect[Any]:
    booked = sa.select(tickets.c.patient_id).join(sessions, sessions.c.id == tickets.c.session_id)
    called = sa.select(visits.c.patient_id).where(visits.c.doctor_id == doctor_id)
    return _in_charge_of(doctor_id).union(booked.where(calls_from(doctor_id)), called)


def _in_charge_of(doctor_id: str) -> sa.Select[tuple[str]]:
    return sa.select(associations.c.patient_id).where(associations.c.responsible_id == doctor_id, is_answered_for())


def is_answered_for() -> sa.ColumnElement[bool]:
    """The association of the query around it is one that alarms go by: a device worn now; where none is worn any more,
    the last, until its alarms are resolved. Whoever is told of an alarm (``_responsible``) must be able to see and
    answer it."""
    later = associations.alias("later")
    followed = later.c.until_at.is_(None) | (later.c.from_at > associations.c.from_at)
    is_last = ~sa.exists().where(later.c.patient_id == associations.c.patient_id, followed)
    is_asked = sa.exists().where(alarms.c.patient_id == associations.c.patient_id, _open())
    return associations.c.until_at.is_(None) | (is_last & is_asked)


def _open() -> sa.ColumnElement[bool]:
    return alarms.c.state != AlarmState.RESOLVED


def consultations(now: datetime) -> sa.Select[Any]:
    """The tickets of sessions that are still to come, open, or over for less than a day."""
    return (
        sa.select(tickets.c.patient_id, sessions.c.doctor_id, sessions.c.id.label("session_id"))
        .join(sessions, sessions.c.id == tickets.c.session_id)
        .where(sessions.c.closes_at > now - SHOWN_AFTER_SESSION)
    )


def _told(row: sa.Row[Any], transition_id: str, names: Mapping[str, str]) -> Told:
    user_id = row.recipient.removeprefix("user:")
    return Told(
        transition_id=transition_id,
        step=Step(row.step),
        to=names.get(user_id, ""),
        channel=row.channel,
        state=DeliveryState(row.state),
        written_at=row.created_at,
        sent_at=row.sent_at,
    )
