"""One line an event: JSON for machines, colours on a terminal. Ids only – no name, telephone number or vital value."""

import logging
import sys
from typing import Literal

import structlog
from aiohttp.http_exceptions import HttpProcessingError


def configure_logging(level: str, style: Literal["auto", "json", "pretty"]) -> None:
    """Send structlog and the libraries' own logging to stderr in one form."""
    pretty = style == "pretty" or (style == "auto" and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if pretty else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.getLogger().handlers = [handler]
    _choose_what_is_heard(logging.getLevelNamesMapping()[level.upper()])


def _choose_what_is_heard(wanted: int) -> None:
    logging.getLogger().setLevel(max(logging.INFO, wanted))  # at DEBUG libraries say what they handle, values too
    for ours in ("server", "signaling", "devices"):
        logging.getLogger(ours).setLevel(wanted)
    for chatty in ("amqtt", "transitions", "aiohttp.access", "engineio", "socketio", "alembic", "aioice"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, wanted))
    logging.getLogger("aiohttp.server").addFilter(_unquoted)


def _unquoted(record: logging.LogRecord) -> bool:
    """aiohttp quotes the bytes that it cannot read as HTTP, whatever they are: that they came is enough."""
    if record.exc_info and isinstance(record.exc_info[1], HttpProcessingError):
        record.exc_info, record.args, record.msg = None, (), "malformed HTTP request refused"
        record.levelno, record.levelname = logging.INFO, "INFO"
    return True
