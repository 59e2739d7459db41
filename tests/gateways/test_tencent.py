"""Tencent Cloud SMS against its published signature example, and against a server that checks as its documents say."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from server.notifications.deliveries import DeliveryState, Receipt
from server.notifications.gateways.approved import ApprovedText
from server.notifications.gateways.http import Http, NotTaken
from server.notifications.gateways.tencent import Call, TencentAccount, TencentGateway, authorization, parse
from server.notifications.outbox import Refused
from server.notifications.receipts import BadSignature, Unreadable
from tests.gateways.letters import NOON, gives_nothing_away, letter, noon
from tests.gateways.local import serving
from tests.gateways.providers import Tencent

BOOKED = ApprovedText(
    "1110", "您的就诊号为{2}号，{1}开始看诊。请用手机打开本链接签到候诊： https://visit.example/join#{3}"
)
KEY = "k" * 32
CALLED = {"x-bedside-url": f"https://visit.example/api/v1/receipts/tencent?key={KEY}"}


def account(endpoint: str, secret: str = Tencent.secret) -> TencentAccount:
    return TencentAccount(
        secret_id="tencent-id",
        secret_key=secret,
        sdk_app_id="1400006666",
        sign_name="青山医院",
        templates=[BOOKED],
        receipts=True,
        region="ap-guangzhou",
        endpoint=endpoint,
    )


@pytest.fixture
def provider() -> Tencent:
    return Tencent()


@pytest.fixture
async def gateway(provider: Tencent) -> AsyncIterator[TencentGateway]:
    http = Http()
    async with serving(provider.answer) as origin:
        yield TencentGateway(account(origin), http, noon)
        await http.close()


def test_the_published_example_is_signed_as_published() -> None:
    """cloud.tencent.com/document/api/213/30654, "signature method v3" (cvm, DescribeInstances)."""
    payload = rb'{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}'
    at = datetime.fromtimestamp(1551113065, UTC)
    call = Call("cvm.tencentcloudapi.com", "cvm", "DescribeInstances", payload, at)
    assert authorization("AKID" + "*" * 32, "*" * 32, call) == (
        "TC3-HMAC-SHA256 Credential=AKID********************************/2019-02-25/cvm/tc3_request, "
        "SignedHeaders=content-type;host;x-tc-action, "
        "Signature=10b1a37a7301a02ca19a647ad722d5e43b4b3cff309d421d85b46093f6ab6c4f"
    )


async def test_values_go_out_in_the_order_of_their_numbers(gateway: TencentGateway, provider: Tencent) -> None:
    assert await gateway.send(letter()) == "5000:10457106691570536571"
    [sent] = provider.sent
    assert sent["PhoneNumberSet"] == ["+8613812345678"]
    assert (sent["SmsSdkAppId"], sent["TemplateId"], sent["SignName"]) == ("1400006666", "1110", "青山医院")
    assert sent["TemplateParamSet"] == ["11月21日20:00", "7", "s3cret"]
    assert sent["SessionContext"] == letter().delivery_id


async def test_a_number_that_does_not_exist_is_final(gateway: TencentGateway, provider: Tencent) -> None:
    provider.status = "InvalidParameterValue.IncorrectPhoneNumber"
    with pytest.raises(Refused, match="IncorrectPhoneNumber") as refused:
        await gateway.send(letter())
    assert gives_nothing_away(refused.value)


@pytest.mark.parametrize("code", ["LimitExceeded.PhoneNumberDailyLimit", "InternalError.Timeout"])
async def test_a_limit_of_the_message_is_tried_again(gateway: TencentGateway, provider: Tencent, code: str) -> None:
    provider.status = code
    with pytest.raises(NotTaken, match=code):
        await gateway.send(letter())


@pytest.mark.parametrize("code", ["RequestLimitExceeded", "InternalError", "AuthFailure.TokenFailure"])
async def test_a_fault_of_the_call_is_tried_again(gateway: TencentGateway, provider: Tencent, code: str) -> None:
    provider.error = code
    with pytest.raises(NotTaken, match=code) as missed:
        await gateway.send(letter())
    assert gives_nothing_away(missed.value)


async def test_a_wrong_secret_is_tried_again_since_it_is_the_house_that_is_wrong(provider: Tencent) -> None:
    http = Http()
    async with serving(provider.answer) as origin:
        with pytest.raises(NotTaken, match=r"AuthFailure\.SignatureFailure"):
            await TencentGateway(account(origin, "other"), http, noon).send(letter())
        await http.close()


async def test_a_clock_that_is_wrong_is_not_the_messages_fault(gateway: TencentGateway, provider: Tencent) -> None:
    provider.now = NOON + timedelta(minutes=6)
    with pytest.raises(NotTaken, match="SignatureExpire"):
        await gateway.send(letter())


REPORT = {
    "user_receive_time": "2026-11-21 19:59:00",
    "nationcode": "86",
    "mobile": "13xxxxxxxxx",
    "report_status": "SUCCESS",
    "errmsg": "DELIVRD",
    "description": "用户短信送达成功",
    "sid": "5000:1",
}


def test_a_callback_says_what_arrived_and_what_did_not() -> None:
    lost = REPORT | {"report_status": "FAIL", "errmsg": "MK:0001", "sid": "5000:2"}
    at = NOON - timedelta(minutes=1)
    assert parse(CALLED, json.dumps([REPORT, lost]).encode(), KEY, NOON) == [
        Receipt("5000:1", DeliveryState.DELIVERED, at),
        Receipt("5000:2", DeliveryState.FAILED, at, "MK:0001"),
    ]


def test_without_the_addresss_key_nothing_is_believed() -> None:
    with pytest.raises(BadSignature):
        parse({"x-bedside-url": CALLED["x-bedside-url"][:-1]}, json.dumps([REPORT]).encode(), KEY, NOON)


@pytest.mark.parametrize("body", [b"", b"null", b'[{"sid": "1"}]', b"\x00"])
def test_what_is_no_callback_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(Unreadable):
        parse(CALLED, body, KEY, NOON)
