"""Whatever goes wrong on the way to a provider, no log line holds a number, a word of a message, a link or a secret."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from server.log import configure_logging
from tests.gateways.letters import LETTER
from tests.gateways.local import always, serving
from tests.gateways.test_house import MIN, PUBLIC, book, house
from tests.ports import free_port
from tests.server.test_log import logging_as_before  # noqa: F401 – puts the logging back after each test

TWILIO = {"account_sid": "AC" + "1" * 32, "auth_token": "s3cret-token", "sender": "Clinic"}
SMPP = {"host": "127.0.0.1", "tls": False, "system_id": "bedside", "password": "s3cret", "sender": "Clinic"}


def page() -> web.Response:
    return web.Response(status=500, text="<html>+8613812345678 s3cret-token")


async def wait_for(event: str, capsys: pytest.CaptureFixture[str], said: str = "") -> str:
    """Everything logged, once this was."""
    async with asyncio.timeout(20):
        while event not in said:
            await asyncio.sleep(0.05)
            said += capsys.readouterr().err
    return said


@pytest.mark.parametrize("choice", ["twilio", "smpp"])
async def test_a_failure_is_logged_without_what_was_to_be_said(
    choice: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("debug", "json")
    async with serving(always(page)) as origin:
        sections: dict[str, dict[str, Any]] = {
            "twilio": TWILIO | {"endpoint": origin},
            "smpp": SMPP | {"port": free_port()},
        }
        async with house(tmp_path, gateways={"sms": choice}, **{choice: sections[choice]}) as bedside:
            await book(bedside)
            said = await wait_for("delivery.failed", capsys)
    assert "NotTaken" in said
    for word in ("13812345678", MIN.name, "就诊号", f"{PUBLIC}/join#", "s3cret"):
        assert word not in said


def test_a_letter_that_is_printed_says_whose_it_is_and_not_what() -> None:
    assert LETTER.delivery_id in repr(LETTER)
    assert "13812345678" not in repr(LETTER)
    assert "就诊号" not in repr(LETTER)
