"""How visits run in this hospital: what differs from one to the next. Values only."""

from dataclasses import dataclass

from server.clinic.booking import Admit, everybody
from server.notifications.messages import Sender
from server.visits.visit import VisitTimes


@dataclass(frozen=True, slots=True)
class VisitRules:
    """How long is waited, in whose name a text speaks, and the key of a link that must be made anew.

    ``receive`` is asked before a doctor calls, and raises what the law of the place refuses.
    """

    times: VisitTimes
    sender: Sender
    link_key: bytes
    receive: Admit = everybody
