"""Codes of an authenticator app (RFC 6238): which step of time a code belongs to. The only file that imports pyotp."""

import hashlib
import hmac
from base64 import b32encode
from datetime import datetime
from typing import Final

import pyotp

STEP_S: Final = 30
DRIFT_STEPS: Final = 1  # how far the telephone's clock may be off, either way (RFC 6238 §5.2 recommends at most one)
SECRET_BYTES: Final = 20  # RFC 4226 §4 R6


def totp_secret(key: bytes, factor_id: str) -> str:
    """Base 32. Derived, so that a database that leaks holds no secret: ``key`` is the installation's link key."""
    digest = hmac.digest(key, f"totp:{factor_id}".encode(), hashlib.sha256)
    return b32encode(digest[:SECRET_BYTES]).decode()


def provisioning_uri(secret: str, login: str, issuer: str) -> str:
    """What the app reads as a QR code: otpauth://totp/…"""
    return pyotp.TOTP(secret, interval=STEP_S).provisioning_uri(name=login, issuer_name=issuer)


def code_at(secret: str, now: datetime) -> str:
    """The six digits that the app shows at this moment."""
    return pyotp.TOTP(secret, interval=STEP_S).at(now)


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The step that this code is of, the present one or one within the drift; None: a wrong or foreign code.

    Whether that step was used before, the store knows (RFC 6238 §5.2: a code is taken once).
    """
    totp, present = pyotp.TOTP(secret, interval=STEP_S), int(now.timestamp()) // STEP_S
    steps = range(present - DRIFT_STEPS, present + DRIFT_STEPS + 1)
    fitting = [step for step in steps if hmac.compare_digest(totp.generate_otp(step).encode(), code.encode())]
    return fitting[-1] if fitting else None
