"""`podium completion SHELL`: the script that lets a shell complete this command."""

from importlib.resources import files
from typing import Annotated, Literal

import typer

from podium.cli.terminal.door import data

Shell = Literal["bash", "zsh", "fish"]


def command(shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="bash, zsh or fish")]) -> None:
    """Print the script that completes commands, options, jobs, sheets, tools and settings.

    bash: add `source <(podium completion bash)` to ~/.bashrc.

    zsh: add `source <(podium completion zsh)` to ~/.zshrc, below compinit.

    fish: run `podium completion fish > ~/.config/fish/completions/podium.fish` once.
    """
    data((files("podium.cli.completing") / "shells" / f"podium.{shell}").read_text(encoding="utf-8").rstrip())
