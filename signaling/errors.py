"""Why a socket's message was refused, each with a name; raised in the cores, told to the sender alone by the hub.

SignalingError
├── Malformed        not a message of the contract
├── NotSignedIn      no principal behind the handshake
├── NotFound         a topic or room that is not theirs, or is not there: the same words for both
├── NotInRoom        signals only between the members of a room
├── Flooded          more messages than a person and a browser make
├── TooMany          sockets of one principal, topics of one socket
└── Unavailable      what the answer needs did not answer
"""

from typing import ClassVar


class SignalingError(Exception):
    """A refusal; ``slug`` is the last part of its problem type (RFC 9457 §3.1.1)."""

    slug: ClassVar[str] = "refused"
    title: ClassVar[str] = "Refused"


class Malformed(SignalingError):
    slug, title = "malformed-message", "The message is not one of the contract"


class NotSignedIn(SignalingError):
    slug, title = "not-signed-in", "Not signed in"


class NotFound(SignalingError):
    slug, title = "not-found", "Not found"


class NotInRoom(SignalingError):
    slug, title = "not-in-room", "Join the room first"


class Flooded(SignalingError):
    slug, title = "too-many-messages", "Too many messages"


class TooMany(SignalingError):
    slug, title = "too-many", "Too many at once"


class Unavailable(SignalingError):
    slug, title = "unavailable", "Try again"
