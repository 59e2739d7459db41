"""Patients whose alarms have lost their doctor, and who answers for them now."""

from typing import Annotated, Final

import msgspec

from server.access.roles import Action
from server.api.errors import NOT_FOUND, ProblemKind, Problems
from server.api.framework import Body, Call, Route
from server.monitoring import errors
from server.monitoring.handover import Handover, Unattended

problems: Final[Problems] = {
    errors.NotFound: NOT_FOUND,
    errors.TakenOver: ProblemKind(409, "taken-over", "Somebody has taken over already"),
}


class Successor(Body, frozen=True):
    """``doctor_id`` null: who asks."""

    doctor_id: Annotated[str, msgspec.Meta(max_length=32)] | None = None


def routes(handover: Handover) -> list[Route]:
    async def unattended(call: Call[None]) -> list[Unattended]:
        return await handover.unattended(call.who)

    async def take_over(call: Call[Successor]) -> list[Unattended]:
        await handover.take_over(call.who, call.path["id"], call.body.doctor_id, call.now)
        return await handover.unattended(call.who)

    return [
        Route(
            method="GET",
            path="/unattended",
            handler=unattended,
            action=Action.UNATTENDED_READ,
            reply=list[Unattended],
        ),
        Route(
            method="POST",
            path="/unattended/{id}/take-over",
            handler=take_over,
            action=Action.HANDOVER,
            body=Successor,
            reply=list[Unattended],
        ),
    ]
