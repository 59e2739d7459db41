"""Where a request comes from: proxies are believed only where they are named, other sites never."""

from collections.abc import Mapping

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from server.api.edge import Edge
from server.api.errors import ForeignOrigin

PROXY = Edge(public_url="https://visit.hospital.example", trusted_proxies=("10.0.0.0/8", "::1"))
FORGED = {"X-Forwarded-For": "203.0.113.9, 198.51.100.1", "X-Forwarded-Proto": "http, https"}


class Peer:
    """A transport of a connection from this address."""

    def __init__(self, address: str) -> None:
        self._address = address

    def get_extra_info(self, name: str, default: object = None) -> object:
        return (self._address, 50_000) if name == "peername" else default


def seen(edge: Edge, peer: str, headers: Mapping[str, str]) -> tuple[str, bool]:
    request = make_mocked_request("GET", "/", headers=headers, transport=Peer(peer))
    return edge.address(request), edge.is_secure(request)


def test_a_trusted_proxy_tells_whom_it_serves_and_only_its_own_entry_counts() -> None:
    assert seen(PROXY, "10.1.2.3", FORGED) == ("198.51.100.1", True)
    assert seen(PROXY, "::1", FORGED) == ("198.51.100.1", True)


def test_nobody_else_may_say_who_they_are() -> None:
    assert seen(PROXY, "192.0.2.1", FORGED) == ("192.0.2.1", False)
    assert seen(Edge(), "10.1.2.3", FORGED) == ("10.1.2.3", False)


@pytest.mark.parametrize("said", ["", "unknown", "1.2.3.4\\nforged", "localhost"])
def test_what_is_no_address_is_not_believed(said: str) -> None:
    assert seen(PROXY, "10.1.2.3", {"X-Forwarded-For": said}) == ("10.1.2.3", False)


def test_a_proxy_that_adds_a_header_of_its_own_below_a_forged_one_is_heard_all_the_same() -> None:
    """As HAProxy does: the last of several is the proxy's, the first whatever the client wrote."""
    headers = CIMultiDict([("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Proto", "http")])
    headers.add("X-Forwarded-For", "198.51.100.1")
    headers.add("X-Forwarded-Proto", "https")
    assert seen(PROXY, "10.1.2.3", headers) == ("198.51.100.1", True)


def check(headers: dict[str, str], edge: Edge = PROXY) -> None:
    edge.check_origin(make_mocked_request("POST", "/", headers={"Host": "192.0.2.5:8443", **headers}))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://192.0.2.5:8443"},
        {"Origin": "https://visit.hospital.example", "Sec-Fetch-Site": "same-origin"},
    ],
)
def test_our_own_pages_and_programs_are_let_through(headers: dict[str, str]) -> None:
    check(headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": ""},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "https://evil.example"},
        {"Origin": "https://192.0.2.5"},
        {"Origin": "https://192.0.2.5:8443.evil.example"},
        {"Origin": "https://visit.hospital.example.evil.example"},
        {"Origin": "http://visit.hospital.example"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "https://192.0.2.5:8443", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_other_sites_are_refused(headers: dict[str, str]) -> None:
    with pytest.raises(ForeignOrigin):
        check(headers)


def test_without_a_public_url_only_the_own_host_counts() -> None:
    check({"Origin": "http://192.0.2.5:8443"}, Edge())
    with pytest.raises(ForeignOrigin):
        check({"Origin": ""}, Edge())


@pytest.mark.parametrize("origin", ["http://192.0.2.5:8443", "http://visit.hospital.example", "https://192.0.2.5:8443"])
def test_over_tls_a_page_that_came_without_is_another_site(origin: str) -> None:
    """Who sits on the way can serve a page of this host over plain HTTP, and our cookies may come with what it asks."""
    edge = Edge("http://visit.hospital.example", PROXY.trusted_proxies)
    headers = {"Host": "192.0.2.5:8443", "Origin": origin, "X-Forwarded-Proto": "https"}
    request = make_mocked_request("POST", "/", headers=headers, transport=Peer("10.1.2.3"))
    assert edge.is_own(request) is origin.startswith("https://")
