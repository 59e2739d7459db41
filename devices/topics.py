"""MQTT topic ⇄ device and format. Knows the names, nothing of what is sent under them."""

import re
from functools import lru_cache
from typing import NamedTuple

DEVICE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
PREFIX = "bedside/v1"
KEPT_LENGTH = 160  # of a topic that is remembered: what anybody sends must not fill the memory
SUBSCRIPTION = f"{PREFIX}/#"  # wider than what is understood: a message under a wrong topic is quarantined, not unseen


class Topic(NamedTuple):
    """``bedside/v1/{device_id}/{channel}``; a channel may have slashes of its own (``gatt/2a5f``)."""

    device_id: str
    channel: str

    @property
    def format(self) -> str:
        """What is said on the channel: ``…/readings/fhir`` and ``…/fhir`` are one, ``…/readings`` is our own."""
        return self.channel.removeprefix("readings/")


def parse(topic: str) -> Topic | None:
    """None for a topic of any other form, or one whose device id is not ``[A-Za-z0-9_-]{1,64}``."""
    return _known(topic) if len(topic) <= KEPT_LENGTH else _parse(topic)


def _parse(topic: str) -> Topic | None:
    head, _, rest = topic.removeprefix(f"{PREFIX}/").partition("/")
    if not topic.startswith(f"{PREFIX}/") or not rest or DEVICE_ID.fullmatch(head) is None:
        return None
    return Topic(head, rest)


_known = lru_cache(maxsize=8192)(_parse)  # a device says the same topic each second


def readings(device_id: str) -> str:
    return f"{PREFIX}/{device_id}/readings"


def in_format(device_id: str, format_: str) -> str:
    return f"{PREFIX}/{device_id}/{format_}"


def status(device_id: str) -> str:
    return f"{PREFIX}/{device_id}/status"


def ack(device_id: str) -> str:
    return f"{PREFIX}/{device_id}/ack"
