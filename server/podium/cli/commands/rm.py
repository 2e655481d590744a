"""`podium rm JOB...` and `podium rm --ended`: remove ended jobs with their logs and history, never their workspaces."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from podium.cli.calling.options import AsJson, Home, Socket, settings_for

if TYPE_CHECKING:
    pass

Status = Literal["ended", "completed", "failed", "cancelled"]


def command(
    jobs: Annotated[
        list[str] | None, typer.Argument(metavar="[JOB...]", help="ids, beginnings of ids, or names of jobs")
    ] = None,
    ended: Annotated[bool, typer.Option("--ended", help="all jobs that have ended, or those that the options choose")] = False,
    older: Annotated[str | None, typer.Option(metavar="TIME", help="ended at least so long ago: 12h, 7d")] = None,
    keep: Annotated[int | None, typer.Option(min=0, metavar="NUMBER", help="so many of the newest stay")] = None,
    status: Annotated[Status | None, typer.Option(help="only jobs that ended so")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="remove without asking")] = False,
    home: Home = None,
    socket: Socket = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Remove ended jobs with their logs and history, for good; never their workspaces.

    A job that is named by its whole id is removed at once. What a name, the beginning of an id or --ended chooses is shown
    first: on a terminal `podium rm` then asks, elsewhere it removes nothing without --yes.
    """
    from podium.cli.jobs.removing import Choice, remove_chosen, remove_named

    settings = settings_for(home, socket)
    if ended == bool(jobs) or (jobs and any(each is not None for each in (older, keep, status))):
        raise typer.Exit(_wrongly_called(named=bool(jobs)))
    if jobs:
        code = remove_named(settings, jobs, yes=yes, as_json=as_json)
    else:
        code = remove_chosen(settings, Choice(status, older, keep), yes=yes, as_json=as_json)
    raise typer.Exit(code)


def _wrongly_called(*, named: bool) -> int:
    """Say that jobs have to be named or chosen."""
    from podium.errors import InvalidArguments

    if named:
        raise InvalidArguments(
            "Jobs are named and chosen at once.", fix="Name the jobs, or choose them: podium rm --ended --older 7d"
        )
    raise InvalidArguments(
        "No job is named.", fix="Name one: podium rm JOB. Or choose those that have ended: podium rm --ended --older 7d"
    )
