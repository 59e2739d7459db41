"""Who is next: what has arrived waits by device, and each device has its turn. Pure; bounded by whoever asks ``full``.

A device that sends the backlog of a day has the room that the others leave, and delays none of them.
"""

from collections import deque
from itertools import islice

from devices import topics
from devices.arrivals import Arrival

MOST_BYTES = 32 * 1024 * 1024  # of payloads that wait, however few messages that are


class FairInbox:
    """What one device sent leaves in the order in which it came; devices take turns.

    A topic that names no device is a device of its own here, so that nonsense too has one turn and no more.
    """

    def __init__(self, capacity: int, most_bytes: int = MOST_BYTES) -> None:
        self._capacity, self._most_bytes = capacity, most_bytes
        self._waiting: dict[str, deque[Arrival]] = {}  # by whose turn it is
        self._number = self._bytes = 0

    def __len__(self) -> int:
        return self._number

    @property
    def full(self) -> bool:
        """Nothing more should come; what comes all the same is taken."""
        return self._number >= self._capacity or self._bytes >= self._most_bytes

    @property
    def has_room(self) -> bool:
        """Half of it is free: to begin again at once would be to stop again at once."""
        return 2 * self._number <= self._capacity and 2 * self._bytes <= self._most_bytes

    def add(self, arrival: Arrival) -> None:
        device = _device_of(arrival.topic)
        waiting = self._waiting.get(device)
        if waiting is None:
            waiting = self._waiting[device] = deque()
        waiting.append(arrival)
        self._number += 1
        self._bytes += len(arrival.payload)

    def take(self, limit: int) -> list[Arrival]:
        """At most ``limit``, an equal share of each device's; who has had his turn goes to the end."""
        taken: list[Arrival] = []
        while self._waiting and len(taken) < limit:
            share = max(1, (limit - len(taken)) // len(self._waiting))
            for device in list(islice(self._waiting, limit - len(taken))):
                taken += self._turn(device, min(share, limit - len(taken)))
        self._number -= len(taken)
        self._bytes -= sum([len(arrival.payload) for arrival in taken])
        return taken

    def _turn(self, device: str, share: int) -> list[Arrival]:
        waiting = self._waiting.pop(device)
        if len(waiting) <= share:
            return list(waiting)
        self._waiting[device] = waiting
        return [waiting.popleft() for _ in range(share)]


def _device_of(topic: str) -> str:
    """The third level of ``bedside/v1/{device}/…``; "" where there is none."""
    known = topics.parse(topic)  # remembered: nearly always
    if known is not None:
        return known.device_id
    return topic.split("/", 3)[2] if topic.count("/") > 2 else ""
