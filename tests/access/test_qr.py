"""The code that a page draws: what a reader looks for first stands in three corners, and nowhere is a quiet zone."""

import pytest

from server.access.qr import qr_rows

FINDER = ["1111111", "1000001", "1011101", "1011101", "1011101", "1000001", "1111111"]
URI = "otpauth://totp/Hospital:dr.wei?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Hospital"


@pytest.mark.parametrize("text", ["1", URI, URI.replace("Hospital", "%E9%9D%92%E5%B1%B1%E5%8C%BB%E9%99%A2")])
def test_three_corners_have_the_pattern_that_readers_look_for(text: str) -> None:
    rows = qr_rows(text)
    assert {len(row) for row in rows} == {len(rows)}
    assert [row[:7] for row in rows[:7]] == FINDER
    assert [row[-7:] for row in rows[:7]] == FINDER
    assert [row[:7] for row in rows[-7:]] == FINDER
    assert [row[-7:] for row in rows[-7:]] != FINDER


def test_another_secret_is_another_code() -> None:
    assert qr_rows(URI) != qr_rows(URI.replace("JBSW", "KRUG"))
