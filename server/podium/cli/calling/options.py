"""Options and arguments that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from podium.cli.calling.light import log
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
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object")]


def settings_for(home: Path | None, socket: Path | None) -> Settings:
    """Load the settings of a command that talks to a conductor; its log is kept out of the command's output."""
    settings = load(home=home, socket=socket)
    log.configure("error")
    return settings
