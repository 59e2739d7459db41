"""Why access is refused.

AccessError
├── NotSignedIn          no sign-in, or one that has ended
├── NotAllowed           signed in, but the role may not
├── WrongPassword        unknown login or wrong password: nobody learns which
├── TooManyTries         wait ``retry_after_s``
├── LinkDead             unknown, ended or expired join link
├── LinkLocked           five wrong birth dates: the hospital resets it
├── WrongBirthDate       ``tries_left`` say how often more
├── WrongCode            not the code of this moment, or one that was used already
├── PasskeyRefused       the passkey's answer proves nothing here
├── PasskeysUnavailable  people come by an address of digits; passkeys want a name
├── NoFactor             no second factor of this kind is enrolled
├── FactorNeeded         who has a second factor shows it before another is added, or one is removed
├── UnknownFactor        nothing to remove: none such, or somebody else's
├── LastFactor           who receives patients keeps one
├── UnknownLogin         nobody on the command line's word signs in so
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


class UnknownLogin(AccessError):
    """Said on the command line only: a page never tells which logins there are."""


class WrongCode(AccessError):
    def __init__(self) -> None:
        super().__init__("This is not the code of this moment. Each code counts once: wait for the next one.")


class PasskeyRefused(AccessError):
    def __init__(self) -> None:
        super().__init__("The passkey was not accepted. Ask for it again; it must be one of this hospital's own page.")


class PasskeysUnavailable(AccessError):
    def __init__(self) -> None:
        super().__init__("Passkeys need a host name: an administrator sets web.public_url to one.")


class NoFactor(AccessError):
    def __init__(self) -> None:
        super().__init__("No second factor of this kind is enrolled.")


class FactorNeeded(AccessError):
    def __init__(self) -> None:
        super().__init__("Show the second factor that you have before you add, replace or remove one.")


class UnknownFactor(AccessError):
    def __init__(self) -> None:
        super().__init__("You have no such second factor.")


class LastFactor(AccessError):
    def __init__(self) -> None:
        super().__init__("This is your only second factor, and the rules ask for one: add another first.")


class UserRefused(AccessError):
    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


class LoginTaken(UserRefused):
    def __init__(self) -> None:
        super().__init__("login", "Somebody already signs in with this login.")
