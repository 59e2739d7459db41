"""Finding a patient."""

from typing import Annotated

import msgspec

from server.access.roles import Action
from server.api.framework import Body, Call, Route
from server.patients.search import PatientFound, PatientSearch


class PatientsQuery(Body, frozen=True):
    """A piece of the name, the telephone number or a piece of it, or a serial number of today."""

    search: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]


def routes(search: PatientSearch) -> list[Route]:
    async def find(call: Call[None]) -> list[PatientFound]:
        query: PatientsQuery = call.query
        return await search.find(call.who, query.search, call.now)

    return [
        Route(
            method="GET",
            path="/patients",
            handler=find,
            action=Action.PATIENT_READ,
            query=PatientsQuery,
            reply=list[PatientFound],
        ),
    ]
