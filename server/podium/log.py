"""structlog, to stderr only: stdout belongs to the protocol. Events are snake_case with keys."""

import logging
import sys
from contextlib import suppress
from typing import Any, TextIO, cast

import structlog


class _Best:
    """A text file to which is written what can be: a log that has no room, or no reader, must not end what it tells of."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        """Write a text, or leave it."""
        with suppress(OSError):
            self._file.write(text)
        return len(text)

    def flush(self) -> None:
        """Flush, or leave it."""
        with suppress(OSError):
            self._file.flush()


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
        logger_factory=structlog.PrintLoggerFactory(file=cast(TextIO, _Best(sys.stderr))),
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
