"""One run of the server: from the settings to readiness, and from SIGTERM to a closed store."""

import asyncio
import gc
import signal
import sys

import structlog

from devices.broker import BrokerError
from server import demo as demonstration
from server.app import Bedside, open_bedside
from server.claim import NotDemonstrationError
from server.heap import share_one_heap
from server.log import configure_logging
from server.occupancy import Occupied, occupied
from server.open_files import allow_many
from server.running import withdraw
from server.settings import Settings
from server.store.errors import StoreError

logger = structlog.get_logger(__name__)


async def serve(settings: Settings, *, demo: bool, sensors: bool) -> None:
    """Run until SIGTERM or SIGINT. Ends the process with a sentence where it cannot start."""
    share_one_heap()
    configure_logging(settings.log.level, settings.log.format)
    allow_many()
    try:
        with occupied(settings.data.directory):  # before the database is touched, let alone migrated
            await _serve(settings, demo=demo, sensors=sensors)
    except Occupied as refused:
        sys.exit(f"Bedside cannot start: {refused}")


async def _serve(settings: Settings, *, demo: bool, sensors: bool) -> None:
    if withdraw(settings.data.directory):
        logger.warning("server.last_run_was_killed")  # nothing committed is lost; its address file is taken back
    stop = asyncio.Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(wanted, stop.set)
    bedside = await _start(settings, demo=demo)
    if demo:
        await demonstration.show(bedside, settings, sensors=sensors)
    gc.freeze()  # what is loaded stays: looking through it again held every reading up for 140 ms, twice a minute
    logger.info("ready", **bedside.ports)
    await stop.wait()
    logger.info("stopping")
    await bedside.stop()


async def _start(settings: Settings, *, demo: bool) -> Bedside:
    bedside = None
    try:
        bedside = await open_bedside(settings, demo=demo)
        await bedside.start()
    except (StoreError, BrokerError, NotDemonstrationError, OSError) as refused:
        if bedside:  # whatever runs already would be cut in the middle of a transaction
            await bedside.stop()
        sys.exit(f"Bedside cannot start: {refused}")
    return bedside
