"""Receipts of the providers that sign nothing, Alibaba and Tencent: what stands in for a signature. Pure.

A secret in the address that is given to the provider's console, over HTTPS. Whoever learns it can say that a message
arrived or failed, and nothing else; the provider's id must be known besides, and it is not in the address.
"""

import hmac
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from server.notifications.receipts import BadSignature

CALLED_URL = "x-bedside-url"  # set by the server itself: the public address, with the query as it came
CHINA = ZoneInfo("Asia/Shanghai")  # both write their receipts' times so, without an offset


def require_key(headers: Mapping[str, str], secret: str) -> None:
    """Raises ``BadSignature`` unless the address that was called ends in ``?key=<secret>``."""
    given = parse_qs(urlsplit(headers.get(CALLED_URL, "")).query).get("key", [""])[0]
    if not secret or not hmac.compare_digest(given.encode(errors="surrogateescape"), secret.encode()):
        raise BadSignature("the address lacks its key")


def china_time(text: str, now: datetime) -> datetime:
    """A "2026-11-21 09:30:00" of the provider; ``now`` where it is unreadable or has not come yet."""
    try:
        moment = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
    except ValueError:
        return now
    return min(moment.astimezone(now.tzinfo), now)
