"""What commands print with `--json` that are about the conductor, a file or this command, and not about jobs."""

from typing import Literal

from pydantic import Field

from podium.contract.view import View


class StartedView(View):
    """The conductor that runs after `podium start`."""

    pid: int  # of the conductor
    started: bool  # false: it ran already
    socket: str  # where it listens
    log: str  # its log file; "" if it ran already
    notes: list[str] = Field(default_factory=list)  # what is unusual, such as another environment than here


class StoppedView(View):
    """What `podium stop` stopped."""

    stopped: bool  # false: none was running
    pid: int | None = None  # of the conductor that was stopped
    running_sheets: int = 0  # that ran or were on a cluster when it was asked to stop
    cancelled: bool = False  # these were cancelled; otherwise they go on for the next conductor
    survivors: list[str] = Field(default_factory=list)  # processes that could not be ended
    unstored: list[str] = Field(default_factory=list)  # ends that could not be recorded
    trouble: str = ""  # why not


class WrittenView(View):
    """The file that `podium init` wrote."""

    file: str  # as it was given


class VersionView(View):
    """Which Podium this is."""

    version: str  # of this command


class InstalledView(View):
    """What became of the entry of Podium in a client's files."""

    client: str  # as it was given
    outcome: Literal["printed", "added", "replaced", "unchanged", "removed"]  # of the entry
    files: list[str] = Field(default_factory=list)  # where it is, was, or belongs
    text: str = ""  # what is to be added, or the Inspector's command; "" unless it was to be printed
