"""Mail addresses: what people type is taken, what could turn into a second header or recipient never is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.patients.mail import LONGEST, InvalidMail, to_mail_address


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("wang@example.org", "wang@example.org"),
        (" Li.Wei+clinic@Mail.Example.CN ", "Li.Wei+clinic@mail.example.cn"),
        ("12345678@qq.com", "12345678@qq.com"),
    ],
)
def test_what_people_type(typed: str, kept: str) -> None:
    assert to_mail_address(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "wang",
        "wang@",
        "@example.org",
        "wang@example",
        "a@b@example.org",
        "wang@example.org\nBcc: all@example.org",
        "wang@example.org, li@example.org",
        "<wang@example.org>",
        ".wang@example.org",
        "wang..li@example.org",
        "wang@-example.org",
        f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 63}.org",
        "王@例子.中国",
    ],
)
def test_what_is_refused(typed: str) -> None:
    with pytest.raises(InvalidMail):
        to_mail_address(typed)


@given(st.text(max_size=LONGEST + 10))
def test_whatever_is_taken_is_one_address_in_one_line(typed: str) -> None:
    try:
        kept = to_mail_address(typed)
    except InvalidMail:
        return
    assert kept.isascii()
    assert kept.count("@") == 1
    assert len(kept) <= LONGEST
    assert not set(kept) & set(' \r\n,;<>"')
