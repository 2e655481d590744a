"""`podium settings [NAME]`: every setting, its value, where that comes from, and what the running conductor uses instead."""

from typing import Annotated

import typer

from podium.cli.calling.options import AsJson, Home, Socket


def command(
    name: Annotated[str | None, typer.Argument(metavar="[SETTING]", help="only this setting")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="say what each setting is for")] = False,
    home: Home = None,
    socket: Socket = None,
    as_json: AsJson = False,
) -> None:
    """Show every setting, and where its value comes from: a flag, the environment, the settings file, or the default."""
    from podium.cli.terminal.door import print_json
    from podium.cli.views.all_settings import all_settings, show_settings
    from podium.settings import load_all

    found = all_settings(load_all(home=home, socket=socket), name)
    if as_json:
        print_json(found.model_dump())
        return
    show_settings(found, verbose=verbose or name is not None)
