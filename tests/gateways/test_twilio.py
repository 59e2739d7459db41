"""Twilio against its libraries' published signature examples, and against a server that checks as its documents say."""

from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest

from server.notifications.deliveries import DeliveryState, Receipt
from server.notifications.gateways.http import Http, NotTaken
from server.notifications.gateways.twilio import TwilioAccount, TwilioGateway, parse, signature
from server.notifications.outbox import Refused
from server.notifications.receipts import BadSignature, Unreadable
from tests.gateways.letters import NOON, TEXT, gives_nothing_away, letter
from tests.gateways.local import serving
from tests.gateways.providers import Twilio

CALLBACK = "https://visit.example/api/v1/receipts/twilio"
SID = "SM" + "0" * 31 + "1"


def account(endpoint: str, *, sender: str = "+15005550006", token: str = Twilio.token) -> TwilioAccount:
    return TwilioAccount(sid=Twilio.sid, auth_token=token, sender=sender, callback=CALLBACK, endpoint=endpoint)


@pytest.fixture
def provider() -> Twilio:
    return Twilio()


@pytest.fixture
async def gateway(provider: Twilio) -> AsyncIterator[TwilioGateway]:
    http = Http()
    async with serving(provider.answer) as origin:
        yield TwilioGateway(account(origin), http)
        await http.close()


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (
            {
                "CallSid": ["CA1234567890ABCDE"],
                "Caller": ["+14158675309"],
                "Digits": ["1234"],
                "From": ["+14158675309"],
                "To": ["+18005551212"],
            },
            "RSOYDt4T1cUTdK1PDd93/VVr8B8=",
        ),
        (
            {"Sid": ["CA123"], "SidAccount": ["AC123"], "Digits": ["5678", "1234", "1234"]},
            "IK+Dwps556ElfBT0I3Rgjkr1wJU=",
        ),
    ],
)
def test_the_published_examples_are_signed_as_published(form: dict[str, list[str]], expected: str) -> None:
    """The test vectors of Twilio's own helper libraries (RequestValidator): one value a name, and several."""
    assert signature("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", form) == expected


async def test_a_message_goes_out_with_its_words_and_the_address_for_its_receipt(
    gateway: TwilioGateway, provider: Twilio
) -> None:
    assert await gateway.send(letter()) == SID
    assert provider.sent == [{"To": "+8613812345678", "Body": TEXT, "From": "+15005550006", "StatusCallback": CALLBACK}]


async def test_a_messaging_service_stands_in_for_a_number(provider: Twilio) -> None:
    http = Http()
    async with serving(provider.answer) as origin:
        await TwilioGateway(account(origin, sender="MG" + "2" * 32), http).send(letter())
        await http.close()
    assert provider.sent[0]["MessagingServiceSid"] == "MG" + "2" * 32
    assert "From" not in provider.sent[0]


@pytest.mark.parametrize("code", [21211, 21610, 21614])
async def test_a_number_that_takes_no_message_is_final(gateway: TwilioGateway, provider: Twilio, code: int) -> None:
    provider.refuse = (400, code)
    with pytest.raises(Refused, match=str(code)) as refused:
        await gateway.send(letter())
    assert gives_nothing_away(refused.value)


@pytest.mark.parametrize(("status", "code"), [(429, 20429), (503, 20503), (400, 21408)])
async def test_what_may_be_different_later_is_tried_again(
    gateway: TwilioGateway, provider: Twilio, status: int, code: int
) -> None:
    provider.refuse = (status, code)
    with pytest.raises(NotTaken, match=str(code)) as missed:
        await gateway.send(letter())
    assert gives_nothing_away(missed.value)


async def test_a_wrong_token_is_tried_again_since_it_is_the_house_that_is_wrong(provider: Twilio) -> None:
    http = Http()
    async with serving(provider.answer) as origin:
        with pytest.raises(NotTaken, match="20003"):
            await TwilioGateway(account(origin, token="other"), http).send(letter())
        await http.close()


FORM = {"MessageSid": SID, "MessageStatus": "delivered", "To": "+8613812345678", "AccountSid": Twilio.sid}


def called(form: dict[str, str], provider: Twilio, url: str = CALLBACK) -> tuple[dict[str, str], bytes]:
    headers = {"x-bedside-url": CALLBACK, "x-twilio-signature": provider.sign(url, form)}
    return headers, urlencode(form).encode()


def test_a_signed_callback_is_a_receipt(provider: Twilio) -> None:
    headers, body = called(FORM, provider)
    assert parse(headers, body, provider.token, NOON) == [Receipt(SID, DeliveryState.DELIVERED, NOON)]


def test_what_never_arrived_says_why(provider: Twilio) -> None:
    headers, body = called(FORM | {"MessageStatus": "undelivered", "ErrorCode": "30003"}, provider)
    assert parse(headers, body, provider.token, NOON) == [Receipt(SID, DeliveryState.FAILED, NOON, "30003")]


@pytest.mark.parametrize("status", ["queued", "sending", "sent", "something new"])
def test_being_on_its_way_is_no_news(provider: Twilio, status: str) -> None:
    headers, body = called(FORM | {"MessageStatus": status}, provider)
    assert parse(headers, body, provider.token, NOON) == []


def test_twilio_may_sign_the_address_with_its_port(provider: Twilio) -> None:
    headers, body = called(FORM, provider, CALLBACK.replace("visit.example", "visit.example:443"))
    assert parse(headers, body, provider.token, NOON)


def test_a_changed_form_another_address_and_another_token_are_not_believed(provider: Twilio) -> None:
    headers, body = called(FORM, provider)
    for forged in (
        (headers, body.replace(b"delivered", b"failed"), provider.token),
        (headers | {"x-bedside-url": "https://evil.example/"}, body, provider.token),
        (headers, body, "other"),
        (headers, body, ""),
        ({"x-bedside-url": CALLBACK}, body, provider.token),
        (headers | {"x-twilio-signature": "é"}, body, provider.token),
        (headers | {"x-twilio-signature": "\udcff"}, body, provider.token),
        (headers | {"x-bedside-url": f"{CALLBACK}?\udcff"}, body, provider.token),
    ):
        with pytest.raises(BadSignature):
            parse(*forged, NOON)


def test_an_empty_token_opens_nothing() -> None:
    headers, body = called(FORM, Twilio(token=""))
    with pytest.raises(BadSignature):
        parse(headers, body, "", NOON)


def test_what_is_no_callback_is_said_to_be_none(provider: Twilio) -> None:
    headers, body = called({"MessageSid": SID}, provider)
    with pytest.raises(Unreadable):
        parse(headers, body, provider.token, NOON)
    with pytest.raises(Unreadable):
        parse(headers, b"\xff\xfe", provider.token, NOON)
