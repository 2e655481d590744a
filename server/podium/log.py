"""structlog, to stderr only: stdout belongs to the protocol. Events are snake_case with keys.

The command's stderr drops what cannot be written (`podium.cli.messages`), so a full disk below the log ends nothing, and neither
does a pipe that nobody reads.
"""

import logging
import sys
from typing import Any

import structlog


def configure(level: str = "info") -> None:
    """Send structlog and the standard library's loggers to stderr as logfmt-like lines. Call it before the SDK is imported."""
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,  # a line that is not written costs a twentieth then
    )
    logging.basicConfig(
        stream=sys.stderr,
        level=max(number, logging.WARNING),
        force=True,
        format="timestamp=%(asctime)s level=%(levelname)s logger=%(name)s event=%(message)s",
    )


def get_logger(**initial: Any) -> structlog.typing.FilteringBoundLogger:
    """Return a logger with `initial` bound to every event."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(**initial)
    return logger
