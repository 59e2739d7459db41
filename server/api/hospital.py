"""What anybody may know about the hospital."""

import msgspec

from server.api.framework import Audience, Call, Route


class Hospital(msgspec.Struct, frozen=True, kw_only=True):
    """``telephone`` is where people call when nothing here helps; ``time_zone`` is an IANA name.

    ``public_url`` is the origin under which phones reach this hospital.
    """

    name: str
    telephone: str
    demonstration: bool
    time_zone: str
    version: str
    public_url: str


def routes(hospital: Hospital) -> list[Route]:
    async def tell(_call: Call[None]) -> Hospital:
        return hospital

    return [Route(method="GET", path="/hospital", handler=tell, audience=Audience.PUBLIC, reply=Hospital)]
