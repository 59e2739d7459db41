"""What stands around the use cases: the house that they speak for, and whom they tell once they have committed."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from server.access.links import link_token
from server.clinic.roster.letters import OFFER_PREFIX
from server.monitoring.credentials import CredentialChange
from server.notifications.messages import Sender
from server.settings import Settings
from server.visits.policy.pack import Pack
from server.visits.policy.packs import CN_2022


@dataclass(frozen=True, kw_only=True)
class Outside:
    """What the use cases call once they have committed. Whatever of it fails, nothing committed is lost."""

    tell: Callable[[str], Awaitable[None]]  # this live topic has changed
    tell_waits: Callable[[str], Awaitable[None]]  # the same, when no more than waiting times have
    missed: Callable[[], None]  # any live topic may have changed
    hint: Callable[[], None]  # the outbox has work
    online: Callable[[str], bool]  # ticket id → is its page open
    credentials_changed: Callable[[Sequence[CredentialChange]], Awaitable[None]]
    on_record: Callable[[str], bool]  # device id → was it ever added
    wearer_changed: Callable[[str], Awaitable[None]]
    clock: Callable[[], datetime]


@dataclass(frozen=True, kw_only=True)
class House:
    """What every message and page says of this hospital, the key of its links, and the rules its visits are held by."""

    sender: Sender
    public_url: str
    link_key: bytes
    pack: Pack = CN_2022

    def join_url(self, link_id: str) -> str:
        """The token stands behind ``#``: no server on the way, and no log, ever sees it."""
        page = "book" if link_id.startswith(OFFER_PREFIX) else "join"
        return f"{self.public_url}/{page}#{link_token(self.link_key, link_id)}"


def house_of(settings: Settings, public_url: str, link_key: bytes, pack: Pack = CN_2022) -> House:
    hospital = settings.hospital
    sender = Sender(hospital.name, ZoneInfo(hospital.time_zone), f"{public_url}/console", hospital.telephone)
    return House(sender=sender, public_url=public_url, link_key=link_key, pack=pack)


def nobody(clock: Callable[[], datetime]) -> Outside:
    """Where no server runs around the use cases: one that does finds in the database what has changed."""

    async def untold(_what: object) -> None:
        return None

    return Outside(
        tell=untold,
        tell_waits=untold,
        missed=lambda: None,
        hint=lambda: None,
        online=lambda _ticket: False,
        credentials_changed=untold,
        on_record=lambda _device: False,
        wearer_changed=untold,
        clock=clock,
    )
