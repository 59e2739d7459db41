"""Principal: who is asking, as the sign-in says; never as the message says."""

from dataclasses import dataclass

from server.access.roles import Action, Role, may


@dataclass(frozen=True)
class Principal:
    """Somebody signed in. ``id`` is the user's, or for a patient the ticket's; ``name`` is for screens, not logs."""

    role: Role
    id: str
    name: str
    sign_in_id: str

    @property
    def actor(self) -> str:
        """The name in audit rows, logs and rooms: "user:…" or "ticket:…"."""
        return f"ticket:{self.id}" if self.role is Role.PATIENT else f"user:{self.id}"

    def may(self, action: Action) -> bool:
        return may(self.role, action)
