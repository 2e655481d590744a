"""`podium help [COMMAND]`: the same as `podium --help` and `podium COMMAND --help`."""

from typing import Annotated

import typer


def command(
    name: Annotated[str, typer.Argument(metavar="[COMMAND]", help="the command; if omitted, all are listed")] = "",
) -> None:
    """Show the help of a command, or list the commands."""
    from podium.cli import dispatch

    raise typer.Exit(dispatch([name, "--help"] if name else ["--help"]))
