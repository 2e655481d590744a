"""Options and arguments that several commands share."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from podium import log
from podium.contract.pairs import name_and_value
from podium.errors import InvalidArguments
from podium.settings import Settings, load

Home = Annotated[Path | None, typer.Option("--home", help="folder for the conductor's state")]
Socket = Annotated[Path | None, typer.Option("--socket", help="socket of the conductor, which may be a foreign one")]
Env = Annotated[
    list[str] | None,
    typer.Option("--env", metavar="NAME[=VALUE]", help="an environment variable for the sheets; without a value, ours"),
]
Job = Annotated[str, typer.Argument(metavar="JOB", help="the job's id, the beginning of it, or its name")]
Jobs = Annotated[list[str], typer.Argument(metavar="JOB...", help="ids, beginnings of ids, or names of jobs")]
Sheet = Annotated[str, typer.Argument(metavar="[SHEET]", help="the sheet's name or number")]
From = Annotated[
    str | None,
    typer.Option("--from", metavar="SHEET", help="run this sheet again, and all that depend on it, even if finished"),
]
Set = Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="a score variable")]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object")]


def variables_of(given: Sequence[str] | None) -> dict[str, str]:
    """Return the variables of all --set.

    Raises:
        InvalidArguments: one has no name or no value.
    """
    found = dict[str, str]()
    for text in given or ():
        if (pair := name_and_value(text)) is None:
            raise InvalidArguments(f"--set {text}: this is not NAME=VALUE.", fix="Write it as --set branch=main.")
        if pair[0] in found:
            raise InvalidArguments(f"--set {pair[0]} is given twice.", fix="Give each variable once.")
        found[pair[0]] = pair[1]
    return found


def settings_for(home: Path | None, socket: Path | None) -> Settings:
    """Load the settings of a command that talks to a conductor; its log is kept out of the command's output."""
    settings = load(home=home, socket=socket)
    log.configure_later("error")
    return settings
