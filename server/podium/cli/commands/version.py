"""`podium version`: the same as `podium --version`."""

from podium import __version__
from podium.cli.calling.options import AsJson
from podium.cli.terminal.door import line, print_json


def command(as_json: AsJson = False) -> None:
    """Print the version."""
    if as_json:
        from podium.cli.views.own import VersionView

        print_json(VersionView(version=__version__).model_dump())
        return
    line(f"podium {__version__}")
