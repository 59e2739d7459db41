"""Whose session is whose. The role table says what a role may do at all; this says to which sessions."""

from server.access.principal import Principal
from server.access.roles import Role
from server.clinic.session import Session


def runs(principal: Principal, session: Session) -> bool:
    """A doctor of the session, the owner or one who has joined: calls, and sees what is clinical."""
    return principal.role is Role.DOCTOR and session.calls(principal.id)


def arranges(principal: Principal, session: Session) -> bool:
    """Books, sends new links, holds, classes, cancels and moves."""
    return runs(principal, session) or principal.role is Role.OPERATOR


def sees(principal: Principal, session: Session) -> bool:
    """Reads the line."""
    return arranges(principal, session) or principal.role is Role.ADMIN
