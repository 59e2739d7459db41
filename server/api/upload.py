"""What is larger than a message, counted while it comes: the one file of a form, and bytes for a measurement."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from aiohttp import BodyPartReader, MultipartReader, web

from server.api.errors import FieldWrong, TooLarge, TooSlow, WrongContentType

MAX_FILE_BYTES: Final = 10 * 1024 * 1024
FILE_TIMEOUT_S: Final = 90.0  # ten megabytes over a poor mobile network
MAX_POURED_BYTES: Final = 1024 * 1024
POURING_TIMEOUT_S: Final = 8.0  # the page gives up after five
_FIELD: Final = "file"
_CHUNK: Final = 64 * 1024


async def read_file(request: web.Request) -> bytes:
    """The bytes of the field "file". Raises WrongContentType, FieldWrong, TooLarge, TooSlow."""
    if request.content_type != "multipart/form-data":
        raise WrongContentType("Send the file as multipart/form-data.")
    if (request.content_length or 0) > MAX_FILE_BYTES + _CHUNK:
        raise _too_large()
    try:
        async with asyncio.timeout(FILE_TIMEOUT_S):
            return await _only_file(await request.multipart())
    except TimeoutError:
        raise TooSlow(f"The file did not come within {FILE_TIMEOUT_S:.0f} seconds.") from None
    except (ValueError, AssertionError, RuntimeError) as error:  # what aiohttp's parser says of a broken form
        raise WrongContentType("The form cannot be read.") from error


async def count_poured(request: web.Request) -> int:
    """How many bytes came; none is kept. Raises WrongContentType, TooLarge, TooSlow."""
    if request.content_type != "application/octet-stream":
        raise WrongContentType("Send bytes as application/octet-stream.")
    counted, too_large = 0, f"At most {MAX_POURED_BYTES} bytes are measured."
    try:
        async with asyncio.timeout(POURING_TIMEOUT_S):
            async for chunk in arriving(request, MAX_POURED_BYTES, too_large):
                counted += len(chunk)
    except TimeoutError:
        raise TooSlow(f"The bytes did not come within {POURING_TIMEOUT_S:.0f} seconds.") from None
    return counted


async def arriving(request: web.Request, most: int, too_large: str) -> AsyncIterator[bytes]:
    """A body as it comes, unpacked. Raises TooLarge, in these words, once it is more than ``most`` bytes."""
    came = 0
    async for chunk in request.content.iter_any():
        came += len(chunk)
        if came > most:
            raise TooLarge(too_large)
        yield chunk


async def _only_file(form: MultipartReader) -> bytes:
    part = await form.next()
    if not isinstance(part, BodyPartReader) or part.name != _FIELD:
        raise FieldWrong(_FIELD, "Send one file, in this field.")
    content = await _read(part)
    if await form.next() is not None:
        raise FieldWrong(_FIELD, "Send one file at a time.")
    return content


async def _read(part: BodyPartReader) -> bytes:
    """As it came: no transfer or content encoding of a part is undone, so nothing here unpacks."""
    content = bytearray()
    while chunk := await part.read_chunk(_CHUNK):
        content += chunk
        if len(content) > MAX_FILE_BYTES:
            raise _too_large()
    return bytes(content)


def _too_large() -> TooLarge:
    return TooLarge(f"A file has at most {MAX_FILE_BYTES // (1024 * 1024)} megabytes.")
