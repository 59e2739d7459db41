"""Where a request comes from: address, scheme and origin, as far as the proxies in front may be believed."""

from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Final

from aiohttp import web
from yarl import URL

from server.api.errors import ForeignOrigin

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Edge:
    """``public_url`` is the origin that people type, "" where there is none but our own.

    Only from an address in ``trusted_proxies`` (networks) are X-Forwarded-For and X-Forwarded-Proto believed, and of
    each only the last entry: the others were written by whoever asked.
    """

    public_url: str = ""
    trusted_proxies: tuple[str, ...] = ()

    def address(self, request: web.BaseRequest) -> str:
        peer = request.remote or ""
        if not self._trusts(peer):
            return peer
        forwarded = _last(request, "X-Forwarded-For")
        return forwarded if _is_address(forwarded) else peer

    def is_secure(self, request: web.BaseRequest) -> bool:
        if self._trusts(request.remote or ""):
            forwarded = _last(request, "X-Forwarded-Proto")
            return forwarded == "https" or (not forwarded and request.secure)
        return request.secure

    def check_origin(self, request: web.BaseRequest) -> None:
        """Raises ForeignOrigin where the browser says that another site's page sent this unsafe request.

        SameSite cookies alone take a sister host for ourselves (ASVS 3.5.1); programs send neither header.
        """
        site = request.headers.get("Sec-Fetch-Site")
        if site is not None and site not in {"same-origin", "none"}:
            raise ForeignOrigin("Requests that change something are taken from this site's own pages only.")
        if not self.is_own(request):
            raise ForeignOrigin("Requests that change something are taken from this site's own pages only.")

    def is_own(self, request: web.BaseRequest) -> bool:
        """By its Origin; programs send none. Also for the socket's handshake.

        What came over TLS is not asked for by a page that did not: whoever can write into plain HTTP between browser
        and server can serve one of this very host, and not every browser keeps our cookies from it.
        """
        origin = request.headers.get("Origin")
        if origin is None:
            return True
        if self.is_secure(request) and not origin.startswith("https://"):
            return False
        public = {str(URL(self.public_url).origin())} if self.public_url else set()
        return origin in {f"https://{request.host}", f"http://{request.host}"} | public

    def _trusts(self, peer: str) -> bool:
        if not self.trusted_proxies or not _is_address(peer):
            return False
        return any(ip_address(peer) in ip_network(network) for network in self.trusted_proxies)


def _last(request: web.BaseRequest, name: str) -> str:
    """Of all headers of this name: some proxies lengthen the one that is there, others add one of their own."""
    return ",".join(request.headers.getall(name, [""])).rsplit(",", 1)[-1].strip()


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
