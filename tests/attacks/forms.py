"""Forms as a browser sends them, and as no browser would."""

from collections.abc import Mapping

import aiohttp

from tests.attacks.ward import Caller, Reply, Who

BOUNDARY = "----attack"


def form(content: bytes, *, field: str = "file", name: str = "photo.jpg", media_type: str = "image/jpeg") -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
    return head.encode() + f"Content-Type: {media_type}\r\n\r\n".encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()


async def upload(caller: Caller, who: Who, body: bytes, headers: Mapping[str, str] | None = None) -> Reply:
    """Send ``body`` as a form to the ticket's documents."""
    url = f"{caller._url}/api/v1/ticket/documents"
    sent = {**who.headers, "Content-Type": f"multipart/form-data; boundary={BOUNDARY}", **(headers or {})}
    async with caller.http.post(url, data=body, headers=sent) as reply:
        return Reply(reply.status, await reply.json(content_type=None), dict(reply.headers))


async def fetch(caller: Caller, who: Who, document_id: str) -> tuple[aiohttp.ClientResponse, bytes]:
    async with caller.http.get(f"{caller._url}/api/v1/documents/{document_id}", headers=who.headers) as reply:
        return reply, await reply.read()
