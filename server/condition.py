"""How the house is doing: what readiness lacks, whether its pages see, and the figures of its metrics."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final

from devices.evaluate import Evaluator
from devices.ingest import Ingest
from devices.mqtt import MqttLink
from server.access.sealing import Sealer
from server.brokering import Brokering
from server.bus import Bus
from server.connections import Connections
from server.crowding import Crowd
from server.gateways import Gateways
from server.listeners import Listeners
from server.live import Visitor
from server.services import Services
from server.supervise import Supervisor
from signaling.hub import Hub

BLIND_AFTER_S: Final = 5.0  # of a database that takes nothing
STANDSTILL_S: Final = 10.0  # a tick of evaluation takes milliseconds; a backlog of thousands, seconds
_INGEST: Final = ("received", "stored", "duplicates", "quarantined", "refused_readings", "failures")


@dataclass(kw_only=True)
class Condition:
    """``link``, ``ingest`` and ``started_s``, of the loop's clock, come with the start; until then nothing is ready."""

    clock: Callable[[], datetime]
    supervisor: Supervisor
    services: Services
    hub: Hub[Visitor]
    evaluator: Evaluator
    bus: Bus
    sealer: Sealer
    gateways: Gateways
    listeners: Listeners
    connections: Connections
    crowd: Crowd
    brokering: Brokering
    link: MqttLink | None = None
    ingest: Ingest | None = None
    started_s: float | None = None
    stopping: bool = False

    def not_ready(self) -> list[str]:
        lacking = {
            "stopping": self.stopping,
            "mqtt: not connected": self.link is None or not self.link.connected,
            "ingest: the database takes nothing": self._takes_nothing(),
            "alarms: what is stored cannot be evaluated": bool(self.evaluator.stats.failing_since),
            "alarms: evaluation stands still": self._stands_still(),
            "bus: not connected": not self.bus.ready,
        }
        return [*self.supervisor.down(), *(what for what, is_so in lacking.items() if is_so)]

    def sees(self) -> bool:
        """Do readings and alarms come through? If not for some seconds, pages must call themselves blind."""
        failing = [self.evaluator.stats.failing_since, self.ingest.stats.failing_since if self.ingest else None]
        oldest = min((since for since in failing if since), default=None)
        # The clock may be set back meanwhile.
        blind = oldest is not None and abs((self.clock() - oldest).total_seconds()) > BLIND_AFTER_S
        return not blind and not self._hangs() and not self._stands_still()

    def gauges(self) -> Mapping[str, float]:
        counts, brokering = self.hub.counts, self.brokering
        return {
            "live_clients": counts.clients,
            "http_connections": len(self.connections),
            "rooms": counts.rooms,
            "broker_connections": brokering.embedded.connections if brokering.embedded else 0,
            "audit_unsealed": self.sealer.behind,
            "alarms_nobody_to_tell": self.services.alarms.unreachable,
            **({"broker_accounts_missing": len(brokering.accounts.missing)} if brokering.accounts else {}),
            **({"smpp_bound": self.gateways.smpp.bound} if self.gateways.smpp else {}),
        }

    def counters(self) -> Mapping[str, float]:
        stats, hook = self.ingest.stats if self.ingest else None, self.brokering.hook
        return {
            "live_deltas": self.hub.counts.deltas,
            "http_connections_refused": self.connections.refused,
            "http_requests_too_many": self.crowd.refused,
            "clock_steps": self.evaluator.stats.clock_steps,
            **{f"ingest_{name}": getattr(stats, name, 0) for name in _INGEST},
            "evaluated": self.evaluator.stats.evaluated,
            "broker_dropped": sum(self.services.broker_drops.counts.values()),
            **self.listeners.counters(),
            **({f"broker_hook_{name}": n for name, n in asdict(hook.counts).items()} if hook else {}),
            **{f"task_failures_{name.replace(' ', '_')}": n for name, n in self.supervisor.failures().items()},
        }

    def _takes_nothing(self) -> bool:
        return self._hangs() or bool(self.ingest and self.ingest.stats.failing_since)

    def _hangs(self) -> bool:
        return self.ingest is not None and self.ingest.waits_s() > BLIND_AFTER_S

    def _stands_still(self) -> bool:
        """Since the last second that was worked off, or since the start where there never was one."""
        since = self.evaluator.stats.ticked_s or self.started_s
        return since is not None and asyncio.get_running_loop().time() - since > STANDSTILL_S
