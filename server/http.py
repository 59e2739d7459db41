"""The doors: one aiohttp application of pages, API, sockets and probes, behind plain HTTP and HTTPS."""

import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from server.api.devices import Registry
from server.api.edge import Edge
from server.api.errors import BUSY
from server.api.features import Services as Behind
from server.api.features import features
from server.api.hospital import Hospital
from server.api.monitoring import Monitoring
from server.api.routes import Feature, RouteTable, route_table
from server.api.serving import Gate, build_api
from server.connections import Connections
from server.crowding import Crowd, bounded
from server.doorkeeper import Doorkeeper, hears
from server.doorway import Doorway, doorways
from server.health import Health, add_health
from server.live import Visitor
from server.monitoring.broker_hook import BrokerHook
from server.monitoring.device_lines import Addresses
from server.monitoring.intake import Intake
from server.monitoring.quarantine import Quarantine
from server.pages import add_headers, add_pages, kind_to_the_lost, secure_door
from server.services import Services
from server.settings import Settings
from server.store.errors import Unavailable
from server.tls import Certificates
from signaling.hub import Hub

ACCEPTED = 1024  # that may wait in the kernel; past it TCP tries again after seconds, a doctor too
CLOSING_S = 2.0  # how long a request that runs may take to end when the server stops


@dataclass(frozen=True, kw_only=True)
class Web:
    """What the doors lead to."""

    settings: Settings
    services: Services
    public_url: str
    certificates: Certificates
    health: Health
    intake: Intake
    quarantine: Quarantine
    addresses: Callable[[], Addresses]
    demonstration: bool
    version: str
    clock: Callable[[], datetime]
    broker_hook: BrokerHook | None = None
    connections: Connections
    doorkeeper: Doorkeeper
    crowd: Crowd


def all_routes(wanted: Web) -> RouteTable:
    """The route table of the whole hospital, and what a database that does not answer is to a caller."""
    services, hours, roster = wanted.services, wanted.services.consulting, wanted.services.rostering
    listed = features(
        Behind(
            sign_ins=services.sign_ins,
            join_check=services.join_check,
            clinic=hours.clinic,
            lines=hours.clinic_reader,
            prediction_errors=hours.prediction_errors,
            roster=roster.roster,
            directory=roster.directory,
            public_booking=roster.public_booking,
            moves=roster.moves,
            appointments=roster.appointments,
            line_steps=hours.line_steps,
            visits=hours.visits,
            calls=hours.calls,
            records=hours.records,
            factors=services.safeguards.factors,
            factor_removal=services.safeguards.factor_removal,
            step_up=services.safeguards.step_up,
            preparations=services.safeguards.preparations,
            documents=services.safeguards.documents,
            attestations=services.safeguards.attestations,
            visit_reader=hours.visit_reader,
            monitoring=_monitoring(services),
            registry=_registry(wanted),
            intake=wanted.intake,
            quarantine=wanted.quarantine,
            handover=services.handover,
            history=services.history,
            waves=services.waves,
            broker_drops=services.broker_drops,
            gaps=services.gaps,
            patient_search=services.patient_search,
            export=services.export,
            messages=services.messaging.doors,
            hospital=_hospital(wanted),
            locale=wanted.settings.hospital.locale,
            broker_hook=wanted.broker_hook,
        )
    )
    return route_table([*listed, Feature([], {Unavailable: BUSY})])


def _monitoring(services: Services) -> Monitoring:
    return Monitoring(
        alarms=services.alarms,
        reader=services.monitoring_reader,
        associations=services.registering.associations,
    )


def _registry(wanted: Web) -> Registry:
    registering = wanted.services.registering
    return Registry(
        devices=registering.devices,
        certificates=registering.certificates,
        reader=registering.device_reader,
        claims=registering.claims,
        replacing=registering.replacing,
        bulk=registering.bulk,
        addresses=wanted.addresses,
    )


async def open_doors(wanted: Web, hub: Hub[Visitor]) -> tuple[web.AppRunner, Mapping[str, int]]:
    """Listen. Returns the runner to be cleaned up and the real ports, "http" and "https"."""
    runner = web.AppRunner(build_application(wanted, hub), access_log=None, shutdown_timeout=CLOSING_S)
    await runner.setup()
    try:
        settings = wanted.settings.web
        plain = await _listen(runner, await doorways(settings.host, settings.http_port, wanted.doorkeeper), None)
        tls = wanted.certificates.context()
        secure = await _listen(runner, await doorways(settings.host, settings.https_port, wanted.doorkeeper), tls)
    except OSError:
        await runner.cleanup()
        raise
    return runner, {"http": plain, "https": secure}


def build_application(wanted: Web, hub: Hub[Visitor]) -> web.Application:
    web_settings = wanted.settings.web
    edge = Edge(wanted.public_url, web_settings.trusted_proxies)
    app = web.Application(
        middlewares=[hears(wanted.doorkeeper), bounded(edge, wanted.crowd), secure_door(edge), kind_to_the_lost]
    )
    app.on_response_prepare.append(add_headers)
    gate = Gate(wanted.services.sign_ins.authenticate, edge, wanted.clock, wanted.connections.staff_at)
    app.add_subapp("/api", build_api(all_routes(wanted), gate, version=wanted.version))
    add_health(app, wanted.health)
    add_pages(app, wanted.certificates.authority)
    hub.attach(app)
    return app


def _hospital(wanted: Web) -> Hospital:
    settings = wanted.settings.hospital
    return Hospital(
        name=settings.name,
        telephone=settings.telephone,
        demonstration=wanted.demonstration,
        time_zone=settings.time_zone,
        version=wanted.version,
        public_url=wanted.public_url,
    )


async def _listen(runner: web.AppRunner, opened: Sequence[Doorway], tls: ssl.SSLContext | None) -> int:
    for doorway in opened:
        await web.SockSite(runner, doorway, ssl_context=tls, backlog=ACCEPTED).start()
    return int(opened[0].getsockname()[1])
