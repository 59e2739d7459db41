"""Whatever stands at the other end – nobody, a proxy, somebody slow or endless – the message is only not taken yet."""

import asyncio

import msgspec
import pytest
from aiohttp import web

from server.notifications.gateways.http import ANSWER_LIMIT, Answer, Http, NotTaken, Request, rejection
from server.notifications.outbox import Refused
from tests.gateways.letters import gives_nothing_away
from tests.gateways.local import always, serving
from tests.ports import free_port

QUERY = "/?PhoneNumbers=13812345678"


def to(origin: str) -> Request:
    return Request(origin + QUERY, {"authorization": "Basic s3cret"}, b"")


async def missed(origin: str, timeout_s: float = 5) -> NotTaken:
    http = Http(timeout_s)
    try:
        with pytest.raises(NotTaken) as error:
            await http.post(to(origin))
    finally:
        await http.close()
    assert gives_nothing_away(error.value)
    return error.value


async def test_nobody_at_home() -> None:
    assert "127.0.0.1: ClientConnectorError" in str(await missed(f"http://127.0.0.1:{free_port()}"))


async def test_an_error_that_would_quote_the_address_is_not_passed_on() -> None:
    assert "InvalidUrl" in str(await missed("http://"))


async def test_an_answer_that_does_not_come() -> None:
    async def slow(_: web.Request) -> web.Response:
        await asyncio.sleep(1)
        return web.Response()

    async with serving(slow) as origin:
        assert "Timeout" in str(await missed(origin, 0.1))


async def test_an_answer_without_end() -> None:
    async with serving(always(lambda: web.Response(body=b"x" * (ANSWER_LIMIT + 1)))) as origin:
        assert "without end" in str(await missed(origin))


async def test_a_connection_that_is_cut() -> None:
    async def cut(request: web.Request) -> web.Response:
        assert request.transport
        request.transport.abort()
        return web.Response()

    async with serving(cut) as origin:
        await missed(origin)


async def test_a_signed_request_follows_nobody_elsewhere() -> None:
    asked: list[str] = []

    async def lead_away(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=307, headers={"location": "/elsewhere"})

    http = Http()
    async with serving(lead_away) as origin:
        assert (await http.post(to(origin))).status == 307
        await http.close()
    assert asked == ["/"]


async def test_the_address_arrives_byte_for_byte() -> None:
    raw: list[str] = []

    async def keep(request: web.Request) -> web.Response:
        raw.append(request.raw_path)
        return web.Response()

    http = Http()
    async with serving(keep) as origin:
        await http.post(Request(f"{origin}/?a=%7E%2A+%e4", {}, b""))
        await http.close()
    assert raw == ["/?a=%7E%2A+%e4"]


def test_a_page_instead_of_json_is_no_answer() -> None:
    with pytest.raises(NotTaken, match="HTTP 502"):
        Answer(502, b"<html>Bad gateway</html>").read(dict[str, str])


def test_json_of_another_shape_is_no_answer() -> None:
    class Reply(msgspec.Struct):
        code: str

    with pytest.raises(NotTaken):
        Answer(200, b'{"code": 7}').read(Reply)


def test_only_what_the_table_says_is_final() -> None:
    assert isinstance(rejection("p", "bad-number", frozenset({"bad-number"})), Refused)
    assert isinstance(rejection("p", "no-money", frozenset({"bad-number"})), NotTaken)


def test_nothing_of_a_request_is_shown() -> None:
    assert "s3cret" not in repr(to("https://x.example"))
