"""`podium validate FILE...`: check scores without running them; problems as compilers print them."""

from typing import Annotated

import typer

from podium.cli.calling.options import AsJson, Home, Set, Socket, settings_for, variables_of


def command(
    files: Annotated[list[str], typer.Argument(metavar="SCORE...", help="scores; - is stdin")],
    watch: Annotated[bool, typer.Option("--watch", "-w", help="again whenever a file changes, until Ctrl-C")] = False,
    variable: Set = None,
    home: Home = None,
    socket: Socket = None,
    as_json: AsJson = False,
) -> None:
    """Check scores without running or storing anything: the plan of each, or every problem as FILE:LINE:COLUMN: message.

    Exit code 0 if all can run, 2 if not.
    """
    from podium.cli.jobs.checking import check_files, watch_files

    settings = settings_for(home, socket)
    variables = variables_of(variable)
    if not watch:
        raise typer.Exit(check_files(settings, files, variables, as_json=as_json))
    watch_files(settings, files, variables, as_json=as_json)
