"""A worded message finds the approved template that it is; put together again, it is the same message."""

from string import Template

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.notifications.gateways.approved import ApprovedText, ApprovedTexts, Fitting
from server.notifications.outbox import Refused

CALLED = ApprovedText("SMS_2", "医生正在呼叫${serial}号，请立即打开： https://visit.example/join#${token}")
LINK = ApprovedText("SMS_3", "${serial}号的新链接： https://visit.example/join#${token} 旧链接已失效。")
TEXTS = ApprovedTexts([CALLED, LINK])


def test_the_signature_is_the_providers_to_add() -> None:
    fitting = TEXTS.fit("【青山互联网医院】医生正在呼叫7号，请立即打开： https://visit.example/join#ab-_9")
    assert fitting == Fitting("SMS_2", {"serial": "7", "token": "ab-_9"})
    assert list(fitting.values) == ["serial", "token"]


def test_the_second_template_is_found_behind_the_first() -> None:
    assert TEXTS.fit("12号的新链接： https://visit.example/join#t 旧链接已失效。").code == "SMS_3"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "医生正在呼叫号，请立即打开： https://visit.example/join#t",  # an empty variable is none
        "医生正在呼叫7号，请立即打开： https://evil.example/join#t",
        "医生正在呼叫7号,请立即打开： https://visit.example/join#t",  # another comma
        "Number 7, please",
    ],
)
def test_other_words_are_refused(text: str) -> None:
    with pytest.raises(Refused):
        TEXTS.fit(text)


def test_tencents_numbers_are_names_too() -> None:
    fitting = ApprovedTexts([ApprovedText("1110", "{2}号, {1}")]).fit("7号, 20:00")
    assert fitting == Fitting("1110", {"2": "7", "1": "20:00"})


def test_a_variable_that_comes_twice_holds_one_value() -> None:
    texts = ApprovedTexts([ApprovedText("1", "${a}-${b}-${a}")])
    assert texts.fit("x-y-x").values == {"a": "x", "b": "y"}
    with pytest.raises(Refused):
        texts.fit("x-y-z")


def test_a_template_is_no_regular_expression() -> None:
    with pytest.raises(Refused):
        ApprovedTexts([ApprovedText("1", "a.c (${x})?")]).fit("abc")


@given(
    words=st.lists(st.text(alphabet="号，。 .*(\\a1", min_size=1, max_size=6), min_size=2, max_size=5),
    values=st.lists(st.text(alphabet="7号，.a:", min_size=1, max_size=5), min_size=4, max_size=4),
)
def test_what_arrives_is_what_was_worded(words: list[str], values: list[str]) -> None:
    """However its variables were cut out, the provider's template with the values in it says the same words."""
    body = "".join(word + f"${{v{at}}}" for at, word in enumerate(words[:-1])) + words[-1]
    text = Template(body).substitute({f"v{at}": value for at, value in enumerate(values)})
    fitting = ApprovedTexts([ApprovedText("1", body)]).fit(text)
    assert Template(body.strip()).substitute(fitting.values) == text.strip()
