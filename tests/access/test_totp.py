"""Codes by time: RFC 6238's own examples, the drift, and that a secret follows from key and factor alone."""

from base64 import b32encode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.access.totp import STEP_S, code_at, provisioning_uri, step_of, totp_secret

SECRET = b32encode(b"12345678901234567890").decode()
MOMENTS = st.integers(1_600_000_000, 2_800_000_000).map(lambda unix_s: datetime.fromtimestamp(unix_s, UTC))


@pytest.mark.parametrize(
    ("unix_s", "code"), [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")]
)
def test_the_codes_are_those_of_rfc_6238_appendix_b(unix_s: int, code: str) -> None:
    now = datetime.fromtimestamp(unix_s, UTC)
    assert code_at(SECRET, now) == code
    assert step_of(SECRET, code, now) == unix_s // STEP_S


@given(MOMENTS, st.integers(-300, 300))
def test_a_clock_may_be_off_by_one_step_and_no_more(now: datetime, off_s: int) -> None:
    step = step_of(SECRET, code_at(SECRET, now + timedelta(seconds=off_s)), now)
    steps_off = (int(now.timestamp()) + off_s) // STEP_S - int(now.timestamp()) // STEP_S
    if abs(steps_off) <= 1:
        assert step == int(now.timestamp()) // STEP_S + steps_off
    elif step is not None:  # the same six digits by chance, 3 in a million
        assert code_at(SECRET, datetime.fromtimestamp(step * STEP_S, UTC)) == code_at(
            SECRET, now + timedelta(seconds=off_s)
        )


@pytest.mark.parametrize("typed", ["", "28708", "2870820", "abcdef", "２８７０８２", " 287082", "\0"])
def test_what_is_not_the_code_is_of_no_step(typed: str) -> None:
    assert step_of(SECRET, typed, datetime.fromtimestamp(59, UTC)) is None


def test_a_secret_follows_from_key_and_factor() -> None:
    key, other = bytes(32), bytes([1]) * 32
    assert totp_secret(key, "a") == totp_secret(key, "a")
    assert len({totp_secret(key, "a"), totp_secret(key, "b"), totp_secret(other, "a")}) == 3
    assert len(totp_secret(key, "a")) == 32


def test_the_app_is_told_whose_code_it_is() -> None:
    uri = provisioning_uri(SECRET, "dr.lin", "青山互联网医院")
    assert uri.startswith("otpauth://totp/")
    assert "dr.lin" in uri
    assert f"secret={SECRET}" in uri
