"""One run of the server: from the settings to readiness, and from SIGTERM to a closed store."""

import asyncio
import gc
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from functools import partial

import structlog

from devices.broker import BrokerError
from server import demo as demonstration
from server.app import Bedside, open_bedside
from server.claim import NotDemonstrationError
from server.heap import share_one_heap
from server.log import configure_logging
from server.occupancy import Occupied, occupied, occupied_file
from server.open_files import allow_many
from server.running import withdraw
from server.settings import Settings
from server.store.engine import sqlite_path
from server.store.errors import Held, StoreError
from server.store.hold import Hold

logger = structlog.get_logger(__name__)


async def serve(settings: Settings, *, demo: bool, sensors: bool) -> None:
    """Run until SIGTERM or SIGINT. Ends the process with a sentence where it cannot start."""
    share_one_heap()
    configure_logging(settings.log.level, settings.log.format)
    allow_many()
    try:
        async with _alone(settings) as hold:  # before the database is touched, let alone migrated
            await _serve(settings, hold, demo=demo, sensors=sensors)
    except (Occupied, StoreError) as refused:
        sys.exit(f"Bedside cannot start: {refused}")


@asynccontextmanager
async def _alone(settings: Settings) -> AsyncIterator[Hold | None]:
    """No other server has the directory or the database. Raises Occupied, Held, NotReachable, BadUrl."""
    directory, url = settings.data.directory, settings.data.database_url
    file = sqlite_path(url)
    with ExitStack() as places:
        places.enter_context(occupied(directory))
        if file and file.parent.is_dir() and file.parent.resolve() != directory.resolve():
            places.enter_context(occupied_file(file))
        hold = None if file else Hold(url, f"bedside {socket.gethostname()} process {os.getpid()}")
        try:
            if hold:
                await hold.take()
            yield hold
        finally:
            if hold:
                await hold.release()


async def _serve(settings: Settings, hold: Hold | None, *, demo: bool, sensors: bool) -> None:
    if withdraw(settings.data.directory):
        logger.warning("server.last_run_was_killed")  # nothing committed is lost; its address file is taken back
    stop = asyncio.Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(wanted, stop.set)
    bedside = await _start(settings, demo=demo)
    lost: list[Held] = []
    if hold:
        bedside.supervise("database hold", partial(_keep, hold, lost, stop))
    if demo:
        await demonstration.show(bedside, settings, sensors=sensors)
    gc.freeze()  # what is loaded stays: looking through it again held every reading up for 140 ms, twice a minute
    logger.info("ready", **bedside.ports)
    await stop.wait()
    logger.info("stopping")
    await bedside.stop()
    if lost:
        sys.exit(f"Bedside has stopped: {lost[0]}")


async def _keep(hold: Hold, lost: list[Held], stop: asyncio.Event) -> None:
    """Where another server has come in between, this one goes: pages and alarms would be divided between the two."""
    try:
        await hold.keep()
    except Held as taken:
        lost.append(taken)
        stop.set()


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
