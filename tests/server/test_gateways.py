"""Which gateway serves which channel: as the settings choose, and nothing that they do not."""

from pathlib import Path
from typing import Any

import pytest

from server.gateways import Gateways, open_gateways
from server.keys import PUSH_KEY
from server.notifications.deliveries import Channel
from server.settings import Settings
from tests.gateways.letters import noon

KEY = "k" * 32
WEBHOOK = {"url": "https://sms.example/in", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
TEMPLATES = [{"code": "1", "body": "no. ${serial}"}]
ALIYUN = {"access_key_id": "k", "access_key_secret": "s3cret", "sign_name": "青山", "templates": TEMPLATES}
TENCENT = {"secret_id": "k", "secret_key": "s3cret", "sdk_app_id": "14", "sign_name": "青山", "templates": TEMPLATES}
TWILIO = {"account_sid": "AC" + "1" * 32, "auth_token": "s3cret", "sender": "+15005550006"}
SMPP = {"host": "smsc.example", "system_id": "b", "password": "s3cret", "sender": "Clinic"}


def opened(directory: Path, **sections: dict[str, Any]) -> Gateways:
    settings = Settings(data={"directory": directory}, **sections)  # type: ignore[arg-type]
    return open_gateways(settings, "https://visit.example", noon)


def test_a_house_without_a_provider_prints_and_has_neither_mail_nor_push(tmp_path: Path) -> None:
    gateways = opened(tmp_path)
    assert {channel: gateway.name for channel, gateway in gateways.by_channel.items()} == {Channel.SMS: "console"}
    assert (gateways.receipts, gateways.smpp, gateways.push_key) == ({}, None, "")
    assert not (tmp_path / PUSH_KEY).exists()


@pytest.mark.parametrize(
    ("name", "section"),
    [("aliyun", ALIYUN), ("tencent", TENCENT), ("twilio", TWILIO), ("webhook", WEBHOOK), ("smpp", SMPP)],
)
def test_each_sms_gateway_can_be_chosen(tmp_path: Path, name: str, section: dict[str, Any]) -> None:
    gateways = opened(tmp_path, gateways={"sms": name}, **{name: section})
    assert gateways.by_channel[Channel.SMS].name == name
    assert (gateways.smpp is not None) is (name == "smpp")


def test_mail_and_push_stand_beside_it(tmp_path: Path) -> None:
    gateways = opened(
        tmp_path,
        gateways={"mail": "smtp", "push": "webpush"},
        mail={"host": "mail.example", "sender": "no-reply@hospital.example"},
        push={"contact": "mailto:it@hospital.example"},
    )
    assert {channel.value: gateway.name for channel, gateway in gateways.by_channel.items()} == {
        "sms": "console",
        "mail": "mail",
        "push": "push",
    }
    assert len(gateways.push_key) == 87
    assert "https://fcm.googleapis.com" in gateways.push_services


def test_only_the_chosen_gateway_is_believed(tmp_path: Path) -> None:
    every: dict[str, dict[str, Any]] = {"aliyun": ALIYUN | {"receipt_key": KEY}, "twilio": TWILIO, "webhook": WEBHOOK}
    assert set(opened(tmp_path, gateways={"sms": "aliyun"}, **every).receipts) == {"aliyun"}
    assert set(opened(tmp_path, gateways={"sms": "webhook"}, **every).receipts) == {"webhook"}
    assert opened(tmp_path, **every).receipts == {}


def test_without_a_key_no_receipt_of_alibaba_is_believed_or_awaited(tmp_path: Path) -> None:
    gateways = opened(tmp_path, gateways={"sms": "aliyun"}, aliyun=ALIYUN)
    assert gateways.receipts == {}
    assert not gateways.by_channel[Channel.SMS].receipts


@pytest.mark.parametrize(("public_url", "awaited"), [("https://visit.example", True), ("", False)])
def test_twilio_is_asked_for_receipts_where_it_can_reach_us(tmp_path: Path, public_url: str, awaited: bool) -> None:
    gateways = opened(tmp_path, gateways={"sms": "twilio"}, twilio=TWILIO, web={"public_url": public_url})
    assert gateways.by_channel[Channel.SMS].receipts is awaited


def test_no_secret_is_shown(tmp_path: Path) -> None:
    gateways = opened(tmp_path, gateways={"sms": "twilio"}, twilio=TWILIO)
    assert "s3cret" not in repr(gateways)
    assert "s3cret" not in repr(gateways.receipts)
