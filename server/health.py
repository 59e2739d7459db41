"""Is it alive, is it ready, how is it doing: /livez, /readyz, /metrics. Counts only; nothing about a person."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


@dataclass(frozen=True)
class Health:
    """What the probes ask. ``not_ready`` names what is missing; liveness follows nothing but the process itself."""

    not_ready: Callable[[], list[str]]
    gauges: Callable[[], Mapping[str, float]]
    counters: Callable[[], Mapping[str, float]]


def add_health(app: web.Application, health: Health) -> None:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Snapshot(health))

    async def livez(_request: web.Request) -> web.Response:
        return web.json_response({"live": True})

    async def readyz(_request: web.Request) -> web.Response:
        missing = health.not_ready()
        return web.json_response({"ready": not missing, "not_ready": missing}, status=503 if missing else 200)

    async def metrics(request: web.Request) -> web.Response:
        if request.remote not in {"127.0.0.1", "::1"} or "X-Forwarded-For" in request.headers:
            raise web.HTTPNotFound  # for a scraper on this machine; a proxy does not hand it on
        return web.Response(body=generate_latest(registry), headers={"Content-Type": "text/plain; version=0.0.4"})

    app.router.add_get("/livez", livez)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)


class _Snapshot(Collector):
    """Reads the parts' own counts when asked, so that counting costs them an addition and no lock."""

    def __init__(self, health: Health) -> None:
        self._health = health

    def collect(self) -> Iterable[Metric]:
        for name, value in self._health.gauges().items():
            yield GaugeMetricFamily(f"bedside_{name}", name.replace("_", " "), value=value)
        for name, value in self._health.counters().items():
            yield CounterMetricFamily(f"bedside_{name}", name.replace("_", " "), value=value)
