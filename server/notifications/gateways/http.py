"""One HTTP request to a provider and its answer: the only file here that imports aiohttp. Knows no provider."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlsplit

import aiohttp
import msgspec
from yarl import URL

from server.notifications.outbox import Refused

T = TypeVar("T")

TIMEOUT_S = 8.0  # below the shortest limit of a lane, so that it is this file that says what happened
ANSWER_LIMIT = 64 * 1024
CODE_LIMIT = 64


class NotTaken(Exception):
    """The provider has not taken the message this time, and may take it later.

    What is wrong with the account, the line or the clock ends here: somebody may mend it before the message expires.
    Like every error of a gateway it carries codes, never a number, a word of the message or a secret.
    """


@dataclass(frozen=True, slots=True)
class Request:
    """A POST. ``url`` is sent byte for byte as it stands, since it is what was signed."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes = field(repr=False)

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300

    def read(self, shape: type[T]) -> T:
        """The JSON body. Raises ``NotTaken`` where it is something else, such as a proxy's page."""
        try:
            return msgspec.json.decode(self.body, type=shape)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise NotTaken(f"unreadable answer, HTTP {self.status}") from None


class Http:
    """A pool of connections. No redirect is followed and no cookie kept: a signed request is for one address."""

    def __init__(self, timeout_s: float = TIMEOUT_S) -> None:
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None

    async def post(self, request: Request) -> Answer:
        """Raises ``NotTaken`` where no answer came."""
        try:
            return await self._post(request)
        except (aiohttp.ClientError, OSError) as error:  # from None: aiohttp's words may hold the URL, a number in it
            raise NotTaken(f"{urlsplit(request.url).hostname}: {type(error).__name__}") from None

    async def close(self) -> None:
        if self._session:
            await self._session.close()
            self._session = None

    async def _post(self, request: Request) -> Answer:
        url = URL(request.url, encoded=True)
        session = self._opened()
        async with session.post(url, data=request.body, headers=request.headers, allow_redirects=False) as response:
            body = bytearray()
            async for chunk in response.content.iter_chunked(16_384):
                body += chunk
                if len(body) > ANSWER_LIMIT:
                    raise NotTaken(f"{url.host}: an answer without end")
            return Answer(response.status, bytes(body))

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar())
        return self._session


def rejection(provider: str, code: str, final: frozenset[str]) -> Refused | NotTaken:
    """The error for a provider's code: ``Refused`` where its table says that this message will never go."""
    said = f"{provider}: {code[:CODE_LIMIT]}"
    return Refused(said) if code in final else NotTaken(said)
