"""How true the waiting times have been, for operators."""

from server.access.roles import Action
from server.api.framework import Call, Route
from server.clinic.prediction_errors import PredictionErrors, PredictionErrorsReader


def routes(reader: PredictionErrorsReader) -> list[Route]:
    async def errors(call: Call[None]) -> list[PredictionErrors]:
        return await reader.recent(call.now)

    return [
        Route(
            method="GET",
            path="/waiting/errors",
            handler=errors,
            action=Action.WAITING_READ,
            reply=list[PredictionErrors],
        ),
    ]
