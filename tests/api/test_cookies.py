"""The two cookies: one name for each audience and connection, and no token that could not be one of ours."""

import pytest

from server.api.cookies import cookie_name, token_in
from server.api.framework import Audience

NAMES = [
    cookie_name(audience, secure=secure) for audience in (Audience.STAFF, Audience.PATIENT) for secure in (False, True)
]


def test_staff_and_patient_have_a_name_each_and_another_on_https() -> None:
    assert NAMES == ["bedside", "__Host-bedside", "bedside-visit", "__Host-bedside-visit"]


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("audience", [Audience.STAFF, Audience.PATIENT])
def test_only_the_cookie_of_this_audience_and_connection_is_read(audience: Audience, secure: bool) -> None:
    brought = {name: f"token-in-{name}" for name in NAMES}
    assert token_in(brought, audience, secure=secure) == f"token-in-{cookie_name(audience, secure=secure)}"
    del brought[cookie_name(audience, secure=secure)]
    assert token_in(brought, audience, secure=secure) is None


@pytest.mark.parametrize("value", ["", "x" * 129, "\udcff\udcfe", "é"])
def test_what_cannot_be_a_token_is_none(value: str) -> None:
    assert token_in({"bedside": value}, Audience.STAFF, secure=False) is None


def test_a_public_route_reads_no_cookie() -> None:
    assert token_in({"bedside": "token"}, Audience.PUBLIC, secure=False) is None
