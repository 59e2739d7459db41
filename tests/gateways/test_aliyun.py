"""Alibaba Cloud SMS against its published signature example, and against a server that checks as its documents say."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from server.notifications.deliveries import DeliveryState, Receipt
from server.notifications.gateways.aliyun import AliyunAccount, AliyunGateway, authorization, canonical_query, parse
from server.notifications.gateways.approved import ApprovedText
from server.notifications.gateways.http import Http, NotTaken
from server.notifications.outbox import Refused
from server.notifications.receipts import BadSignature, Unreadable
from tests.gateways.letters import NOON, gives_nothing_away, letter, noon
from tests.gateways.local import serving
from tests.gateways.providers import Aliyun

BOOKED = ApprovedText(
    "SMS_1", "您的就诊号为${serial}号，${at}开始看诊。请用手机打开本链接签到候诊： https://visit.example/join#${token}"
)
URL = "https://visit.example/api/v1/receipts/aliyun?key="
KEY = "k" * 32


def account(endpoint: str, secret: str = Aliyun.secret) -> AliyunAccount:
    return AliyunAccount(
        key_id="aliyun-key",
        key_secret=secret,
        sign_name="青山医院",
        templates=[BOOKED],
        receipts=True,
        endpoint=endpoint,
    )


@pytest.fixture
def provider() -> Aliyun:
    return Aliyun()


@pytest.fixture
async def gateway(provider: Aliyun) -> AsyncIterator[AliyunGateway]:
    http = Http()
    async with serving(provider.answer) as origin:
        yield AliyunGateway(account(origin), http, noon)
        await http.close()


def test_the_published_example_is_signed_as_published() -> None:
    """help.aliyun.com, "V3 request structure and signature", the example of fixed parameters (RunInstances)."""
    headers = {
        "host": "ecs.cn-shanghai.aliyuncs.com",
        "x-acs-action": "RunInstances",
        "x-acs-content-sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "x-acs-date": "2023-10-26T10:22:32Z",
        "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
        "x-acs-version": "2014-05-26",
    }
    query = canonical_query(
        {
            "RegionId": "cn-shanghai",
            "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd",
        }
    )
    assert authorization("YourAccessKeyId", "YourAccessKeySecret", query, headers).endswith(
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


async def test_a_text_goes_out_as_the_template_that_has_its_words(gateway: AliyunGateway, provider: Aliyun) -> None:
    assert await gateway.send(letter()) == "900619746936498440^1"
    [sent] = provider.sent
    assert sent["PhoneNumbers"] == "13812345678"
    assert (sent["SignName"], sent["TemplateCode"]) == ("青山医院", "SMS_1")
    assert json.loads(sent["TemplateParam"]) == {"serial": "7", "at": "11月21日20:00", "token": "s3cret"}
    assert sent["OutId"] == letter().delivery_id


async def test_a_number_of_another_country_keeps_its_country(gateway: AliyunGateway, provider: Aliyun) -> None:
    await gateway.send(letter(address="+85261234567"))
    assert provider.sent[0]["PhoneNumbers"] == "85261234567"


async def test_any_sign_in_a_value_is_signed_as_it_is_sent(gateway: AliyunGateway, provider: Aliyun) -> None:
    at = "20:00 (*~+%/&=?#'\\\")"
    await gateway.send(letter(text=letter().text.replace("11月21日20:00", at)))
    assert json.loads(provider.sent[0]["TemplateParam"])["at"] == at


async def test_words_that_nobody_approved_are_refused_and_not_sent(gateway: AliyunGateway, provider: Aliyun) -> None:
    with pytest.raises(Refused, match="no approved template"):
        await gateway.send(letter(text="【青山医院】请来拿药。"))
    assert not provider.sent


@pytest.mark.parametrize("code", ["isv.MOBILE_NUMBER_ILLEGAL", "isv.BLACK_KEY_CONTROL_LIMIT"])
async def test_what_is_wrong_with_the_message_is_final(gateway: AliyunGateway, provider: Aliyun, code: str) -> None:
    provider.refuse = code
    with pytest.raises(Refused, match=code) as refused:
        await gateway.send(letter())
    assert gives_nothing_away(refused.value)


@pytest.mark.parametrize(
    "code", ["isv.BUSINESS_LIMIT_CONTROL", "isv.AMOUNT_NOT_ENOUGH", "isp.SYSTEM_ERROR", "Throttling"]
)
async def test_what_somebody_may_mend_is_tried_again(gateway: AliyunGateway, provider: Aliyun, code: str) -> None:
    provider.refuse = code
    with pytest.raises(NotTaken, match=code) as missed:
        await gateway.send(letter())
    assert gives_nothing_away(missed.value)


async def test_a_wrong_secret_is_tried_again_since_it_is_the_house_that_is_wrong(provider: Aliyun) -> None:
    http = Http()
    async with serving(provider.answer) as origin:
        with pytest.raises(NotTaken, match="SignatureDoesNotMatch"):
            await AliyunGateway(account(origin, "other"), http, noon).send(letter())
        await http.close()


async def test_a_clock_that_is_wrong_is_not_the_messages_fault(gateway: AliyunGateway, provider: Aliyun) -> None:
    provider.now = NOON + timedelta(hours=1)
    with pytest.raises(NotTaken, match=r"InvalidTimeStamp\.Expired"):
        await gateway.send(letter())


async def test_every_call_has_a_nonce_of_its_own(gateway: AliyunGateway, provider: Aliyun) -> None:
    await gateway.send(letter())
    await gateway.send(letter())
    assert len(provider.nonces) == 2


REPORT = {
    "phone_number": "1381111****",
    "send_time": "2026-11-21 19:58:00",
    "report_time": "2026-11-21 19:59:30",
    "success": True,
    "err_code": "DELIVERED",
    "err_msg": "用户接收成功",
    "sms_size": "1",
    "biz_id": "900619746936498440^1",
    "out_id": "67890",
}


def test_a_pushed_report_is_read_in_chinas_time() -> None:
    lost = REPORT | {"success": False, "err_code": "MOBILE_NOT_ON_SERVICE", "biz_id": "b2"}
    receipts = parse({"x-bedside-url": URL + KEY}, json.dumps([REPORT, lost]).encode(), KEY, NOON)
    assert receipts == [
        Receipt("900619746936498440^1", DeliveryState.DELIVERED, NOON - timedelta(seconds=30)),
        Receipt("b2", DeliveryState.FAILED, NOON - timedelta(seconds=30), "MOBILE_NOT_ON_SERVICE"),
    ]


def test_a_time_that_cannot_be_is_the_time_of_arrival() -> None:
    odd = [REPORT | {"report_time": "2027-01-01 00:00:00"}, REPORT | {"report_time": "gestern"}]
    assert [one.at for one in parse({"x-bedside-url": URL + KEY}, json.dumps(odd).encode(), KEY, NOON)] == [NOON, NOON]


@pytest.mark.parametrize(
    "url", [URL, URL + "k" * 31, URL + "x" * 32, "https://visit.example/api/v1/receipts/aliyun", "", URL + "\udcff"]
)
def test_without_the_addresss_key_nothing_is_believed(url: str) -> None:
    with pytest.raises(BadSignature):
        parse({"x-bedside-url": url}, json.dumps([REPORT]).encode(), KEY, NOON)


def test_an_empty_key_opens_nothing() -> None:
    with pytest.raises(BadSignature):
        parse({"x-bedside-url": URL}, json.dumps([REPORT]).encode(), "", NOON)


@pytest.mark.parametrize("body", [b"", b"{}", b"[{}]", b"\xff", b'[{"biz_id": 1, "success": true}]'])
def test_what_is_no_report_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(Unreadable):
        parse({"x-bedside-url": URL + KEY}, body, KEY, NOON)
