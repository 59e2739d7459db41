"""Libraries do not say in the log what they handle."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from aiohttp.http_exceptions import BadHttpMessage

from server.log import configure_logging


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, named = root.handlers, root.level, ("server", "signaling", "devices")
    yield
    root.handlers = handlers
    root.setLevel(level)
    for name in named:
        logging.getLogger(name).setLevel(logging.NOTSET)
    logging.getLogger("aiohttp.server").filters.clear()
    structlog.reset_defaults()


def test_at_debug_our_own_parts_are_heard_and_no_library(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("debug", "json")
    logging.getLogger("devices.broker").debug("ours")
    logging.getLogger("aiosqlite").debug("INSERT INTO patients VALUES ('Zhao Min')")
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["ours"]


def test_bytes_that_are_no_http_are_not_quoted(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json")
    logger, unread = logging.getLogger("aiohttp.server"), BadHttpMessage("Cookie: bedside=secret")
    logger.error("Error handling request", exc_info=unread)
    told = json.loads(capsys.readouterr().err)
    assert (told["event"], told["level"], "secret" in str(told)) == ("malformed HTTP request refused", "info", False)


def test_our_own_fault_is_still_told_whole(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json")
    logging.getLogger("aiohttp.server").error("Error handling request", exc_info=ZeroDivisionError("ours"))
    assert "ZeroDivisionError" in capsys.readouterr().err
