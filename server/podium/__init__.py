"""Podium: an MCP server, a conductor-only proxy and an embedded conductor for long jobs."""

import os

VERSION_FILE = os.path.join(os.path.dirname(__file__), "version.txt")  # noqa: PTH118, PTH120 - text
"""The version of what is installed; `hatch_build.py` writes it. It may change while this process runs."""
UNKNOWN = "0+unknown"


def read_version() -> str:
    """Return the version that is installed here and now; `UNKNOWN` for a source tree that was never installed."""
    try:
        with open(VERSION_FILE, encoding="ascii") as text:  # noqa: PTH123 - text
            return text.read().strip()
    except (OSError, UnicodeDecodeError):
        return UNKNOWN


__version__ = read_version()
