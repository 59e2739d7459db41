"""Bedside with a bug planted: it acknowledges what arrives, and commits afterwards. ``python -m … serve`` runs it.

The checker's own test starts this in place of the server; a programme that stays green over it proves nothing.
"""

import json
from collections.abc import Sequence

from devices import topics
from devices.arrivals import Arrival
from devices.ingest import Ingest
from devices.reader import Entry
from server.__main__ import main

_take = Ingest.take


async def _hasty(self: Ingest, arrivals: Sequence[Arrival]) -> Sequence[Entry]:
    self._link.acknowledge([arrival.receipt for arrival in arrivals])
    for arrival in arrivals:
        topic = topics.parse(arrival.topic)
        if topic is not None and topic.channel == "readings":
            said = json.loads(arrival.payload)
            self._link.publish_ack(topic.device_id, said["epoch"], said["seq"])
    return await _take(self, arrivals)


Ingest.take = _hasty  # type: ignore[method-assign]

if __name__ == "__main__":
    main()
