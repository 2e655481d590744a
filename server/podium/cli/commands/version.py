"""`podium version`: the same as `podium --version`."""

from podium import __version__
from podium.cli.terminal.door import line


def command() -> None:
    """Print the version."""
    line(f"podium {__version__}")
