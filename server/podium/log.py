"""structlog, to stderr only: stdout belongs to the protocol. Events are snake_case with keys.

The command's stderr drops what cannot be written (`podium.cli.messages`), so a full disk below the log ends nothing, and neither
does a pipe that nobody reads.
"""

import sys
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger

_LIBRARY = "structlog"  # a twentieth of what a short command takes, and few of those log anything
_level = "info"  # for when it is loaded


def configure(level: str = "info") -> None:
    """Send structlog and the standard library's loggers to stderr as logfmt-like lines. Call it before the SDK is imported."""
    import logging  # noqa: PLC0415

    import structlog  # noqa: PLC0415

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


def configure_later(level: str) -> None:
    """Do so at the first event, if there is one; at once where structlog is loaded already."""
    global _level  # noqa: PLW0603  the log is one of the process
    _level = level
    if _LIBRARY in sys.modules:
        configure(level)


def get_logger(**initial: Any) -> "FilteringBoundLogger":
    """Return a logger with `initial` bound to every event."""
    return _of_structlog(initial) if _LIBRARY in sys.modules else cast("FilteringBoundLogger", _Later(initial))


class _Later:
    """A logger that loads structlog at its first event."""

    def __init__(self, initial: dict[str, Any]) -> None:
        self._initial = initial

    def __getattr__(self, name: str) -> Any:
        if _LIBRARY not in sys.modules:
            configure(_level)
        return getattr(_of_structlog(self._initial), name)


def _of_structlog(initial: dict[str, Any]) -> "FilteringBoundLogger":
    import structlog  # noqa: PLC0415

    return cast("FilteringBoundLogger", structlog.get_logger(**initial))
