"""AuditEntry: who did what to which thing, when. The store only appends; its triggers refuse change and removal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

SYSTEM: Final = "system"  # the actor of what no person did


@dataclass(frozen=True)
class AuditEntry:
    """One row of the audit.

    ``actor`` is Principal.actor, "device:…" or SYSTEM; ``action`` is in the past tense ("ticket.booked"); ``subject``
    is "kind:id". ``detail`` holds ids and codes, never names, telephone numbers or values.
    """

    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, str | int | bool | None] = field(default_factory=dict)
