"""`podium edit JOB`: change the score of a job in an editor. What was typed is never lost."""

from typing import Annotated

import typer

from podium.cli.calling.options import AsJson, From, Home, Job, Socket, settings_for


def command(
    job: Job,
    from_sheet: From = None,
    score: Annotated[
        str | None, typer.Option("--score", metavar="FILE", help="take this score, without an editor; - for stdin")
    ] = None,
    home: Home = None,
    socket: Socket = None,
    as_json: AsJson = False,
) -> None:
    """Change the score of a job that has not completed, in $VISUAL or $EDITOR, and let it go on with that.

    A running job takes it when its running sheets have ended. The file that the score came from is not changed. Values that are
    not shown, `[value of NAME]`, stay as they are: leave them where they stand.
    """
    from podium.cli.commands.edit.session import Session

    session = Session(settings_for(home, socket), job, from_sheet, quiet=as_json)
    code, edited = session.edit() if score is None else session.replace(score)
    if as_json:
        from podium.cli.terminal.door import print_json

        print_json(edited.model_dump())
    raise typer.Exit(code)
