"""Why access is refused.

AccessError
├── NotSignedIn          no sign-in, or one that has ended
├── NotAllowed           signed in, but the role may not
├── WrongPassword        unknown login or wrong password: nobody learns which
├── TooManyTries         wait ``retry_after_s``
├── LinkDead             unknown, ended or expired join link
├── LinkLocked           five wrong birth dates: the hospital resets it
├── WrongBirthDate       ``tries_left`` say how often more
└── UserRefused          a new user's ``field`` cannot be taken
    └── LoginTaken
"""


class AccessError(Exception):
    """The root; its sentence may be shown to whoever asked."""


class NotSignedIn(AccessError):
    def __init__(self) -> None:
        super().__init__("Sign in first; an earlier sign-in may have ended.")


class NotAllowed(AccessError):
    def __init__(self) -> None:
        super().__init__("Your role does not include this.")


class WrongPassword(AccessError):
    def __init__(self) -> None:
        super().__init__("Login or password is wrong.")


class TooManyTries(AccessError):
    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"Too many tries; wait {retry_after_s} seconds.")
        self.retry_after_s = retry_after_s


class LinkDead(AccessError):
    def __init__(self) -> None:
        super().__init__("This link is not valid, or no longer. Call the hospital for a new one.")


class LinkLocked(AccessError):
    def __init__(self) -> None:
        super().__init__("The birth date was wrong too often. Call the hospital: it can send a new link.")


class WrongBirthDate(AccessError):
    def __init__(self, tries_left: int) -> None:
        super().__init__("This is not the birth date that was given at the booking.")
        self.tries_left = tries_left


class UserRefused(AccessError):
    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


class LoginTaken(UserRefused):
    def __init__(self) -> None:
        super().__init__("login", "Somebody already signs in with this login.")
