"""What the doctor attests in a visit, and what a rules pack's refusals are to whoever asked."""

from typing import Annotated, Final

import msgspec

from server.access.roles import Action
from server.api.errors import INVALID, ProblemKind, Problems
from server.api.framework import Body, Call, Route
from server.visits.attestation import Attestations, Evidence
from server.visits.errors import InvalidAttestation
from server.visits.policy.errors import PolicyRefused, StepUpNeeded
from server.visits.reader import VisitReader
from server.visits.views import VisitView

problems: Final[Problems] = {
    StepUpNeeded: ProblemKind(403, "step-up-needed", "Show your second factor", ("rule", "article", "refusals")),
    PolicyRefused: ProblemKind(403, "policy-refused", "The rules do not allow it", ("rule", "article", "refusals")),
    InvalidAttestation: INVALID,
}


class PriorDiagnosisSeen(Body, frozen=True):
    """Either a document of this visit, or a note of where it was seen."""

    document_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] | None = None
    note: Annotated[str, msgspec.Meta(max_length=500)] | None = None


class GuardianSeen(Body, frozen=True):
    """``present`` false takes an earlier record back."""

    name: Annotated[str, msgspec.Meta(max_length=200)]
    present: bool


def routes(attestations: Attestations, reader: VisitReader) -> list[Route]:
    handlers = _Handlers(attestations, reader)
    return [
        Route(
            method="POST",
            path="/visits/{id}/prior-diagnosis",
            handler=handlers.prior_diagnosis,
            action=Action.VISIT_RUN,
            body=PriorDiagnosisSeen,
            reply=VisitView,
        ),
        Route(
            method="POST",
            path="/visits/{id}/guardian",
            handler=handlers.guardian,
            action=Action.VISIT_RUN,
            body=GuardianSeen,
            reply=VisitView,
        ),
    ]


class _Handlers:
    def __init__(self, attestations: Attestations, reader: VisitReader) -> None:
        self._attestations = attestations
        self._reader = reader

    async def prior_diagnosis(self, call: Call[PriorDiagnosisSeen]) -> VisitView:
        seen = Evidence(call.body.document_id, call.body.note)
        await self._attestations.prior_diagnosis(call.who, call.path["id"], seen, call.now)
        return await self._reader.visit(call.who, call.path["id"])

    async def guardian(self, call: Call[GuardianSeen]) -> VisitView:
        seen = call.body
        await self._attestations.guardian(call.who, call.path["id"], seen.name, present=seen.present, now=call.now)
        return await self._reader.visit(call.who, call.path["id"])
