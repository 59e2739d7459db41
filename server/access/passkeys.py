"""Passkeys (WebAuthn level 2) for this hospital's own name. The only file that imports webauthn, where one is used."""

import json
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from server.access.errors import PasskeyRefused, PasskeysUnavailable
from server.access.users import User

if TYPE_CHECKING:
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

ASKED_MS: Final = 120_000  # how long the browser waits for the person


@dataclass(frozen=True)
class RelyingParty:
    """``id`` is the host name that a passkey is bound to, ``origin`` the one page address that may use it."""

    id: str
    origin: str
    name: str


@dataclass(frozen=True)
class NewPasskey:
    """What is kept of a passkey: nothing of it is secret."""

    credential_id: bytes
    public_key: bytes
    sign_count: int


def relying_party(public_url: str, name: str) -> RelyingParty | None:
    """None where people come by an address of digits: WebAuthn §5.1.2 binds to domain names only."""
    parts = urlsplit(public_url)
    if not parts.hostname or _is_address(parts.hostname):
        return None
    return RelyingParty(parts.hostname, f"{parts.scheme}://{parts.netloc}", name)


class PasskeyChecks:
    """Asks and judges. Raises ``PasskeysUnavailable``, and ``PasskeyRefused`` for an answer that proves nothing."""

    def __init__(self, party: RelyingParty | None) -> None:
        self._party = party

    @property
    def party(self) -> RelyingParty:
        if self._party is None:
            raise PasskeysUnavailable
        return self._party

    def creation(self, user: User, challenge: bytes, known: list[bytes]) -> dict[str, object]:
        """PublicKeyCredentialCreationOptions as JSON. ``known`` are the ids that this person has already."""
        import webauthn  # noqa: PLC0415 – six megabytes that an idle server does without
        from webauthn.helpers import structs  # noqa: PLC0415

        options = webauthn.generate_registration_options(
            rp_id=self.party.id,
            rp_name=self.party.name,
            user_id=user.id.encode(),
            user_name=user.login,
            user_display_name=user.name,
            challenge=challenge,
            timeout=ASKED_MS,
            authenticator_selection=structs.AuthenticatorSelectionCriteria(
                resident_key=structs.ResidentKeyRequirement.DISCOURAGED,
                user_verification=structs.UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=_descriptors(known),
        )
        return _builtins(webauthn.options_to_json(options))

    def request(self, challenge: bytes, known: list[bytes]) -> dict[str, object]:
        """PublicKeyCredentialRequestOptions as JSON."""
        import webauthn  # noqa: PLC0415
        from webauthn.helpers.structs import UserVerificationRequirement  # noqa: PLC0415

        options = webauthn.generate_authentication_options(
            rp_id=self.party.id,
            challenge=challenge,
            timeout=ASKED_MS,
            allow_credentials=_descriptors(known),
            user_verification=UserVerificationRequirement.REQUIRED,  # a PIN or finger: not possession alone
        )
        return _builtins(webauthn.options_to_json(options))

    def created(self, credential: dict[str, object], challenge: bytes) -> NewPasskey:
        import webauthn  # noqa: PLC0415
        from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415

        try:
            verified = webauthn.verify_registration_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self.party.id,
                expected_origin=self.party.origin,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, TypeError, KeyError) as error:
            raise PasskeyRefused from error
        return NewPasskey(verified.credential_id, verified.credential_public_key, verified.sign_count)

    def used(self, credential: dict[str, object], challenge: bytes, passkey: NewPasskey) -> int:
        """The authenticator's new count of uses; one that does not grow betrays a copy (WebAuthn §6.1.1)."""
        import webauthn  # noqa: PLC0415
        from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415

        try:
            verified = webauthn.verify_authentication_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self.party.id,
                expected_origin=self.party.origin,
                credential_public_key=passkey.public_key,
                credential_current_sign_count=passkey.sign_count,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, TypeError, KeyError) as error:
            raise PasskeyRefused from error
        return verified.new_sign_count


def credential_id(credential: dict[str, object]) -> bytes:
    """Which passkey an answer says that it is of. Raises ``PasskeyRefused``."""
    from webauthn.helpers import base64url_to_bytes  # noqa: PLC0415

    try:
        return base64url_to_bytes(str(credential["id"]))
    except (KeyError, ValueError) as error:
        raise PasskeyRefused from error


def _descriptors(known: list[bytes]) -> "list[PublicKeyCredentialDescriptor]":
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor  # noqa: PLC0415

    return [PublicKeyCredentialDescriptor(id=each) for each in known]


def _builtins(text: str) -> dict[str, object]:
    built: dict[str, object] = json.loads(text)
    return built


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
