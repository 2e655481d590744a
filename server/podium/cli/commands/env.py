"""`podium env [SCORE|JOB] [SHEET]`: what a sheet gets as its environment, and where each variable comes from."""

from typing import TYPE_CHECKING, Annotated

import typer

from podium.cli.calling.options import AsJson, Home, Socket, settings_for

if TYPE_CHECKING:
    from podium.contract.sheet_env import EnvView


def command(
    of: Annotated[
        str | None, typer.Argument(metavar="[SCORE|JOB]", help="a score's file, or a job; without, what every sheet begins with")
    ] = None,
    sheet: Annotated[str | None, typer.Argument(metavar="[SHEET]", help="the sheet's name or number")] = None,
    home: Home = None,
    socket: Socket = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Show what a sheet would get as its environment: each variable, its value, and where it comes from.

    Secrets are never shown. Variables that differ from those of this shell are marked.
    """
    from podium.cli.jobs.sheet_env import ask, show
    from podium.cli.shared.session import wait_for

    settings = settings_for(home, socket)

    async def work() -> "EnvView":
        return await ask(settings, of, sheet)

    found = wait_for(work)
    if as_json:
        from podium.cli.terminal.door import print_json

        print_json(found.model_dump())
        return
    show(found)
