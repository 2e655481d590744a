"""`podium run SCORE`, or `podium run -- CMD`: submit a job, follow it, and report its result by the exit code."""

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from podium.cli.calling.helping import Command
from podium.cli.calling.meant import SCORE_ENDINGS, run_instead
from podium.cli.calling.options import AsJson, Env, Home, Set, Socket, settings_for, variables_of
from podium.cli.jobs.follow import ENDS, Follower, LostSight
from podium.cli.shared.environment import difference, passed
from podium.cli.shared.exits import Code
from podium.cli.shared.probe import running
from podium.cli.shared.session import wait_for
from podium.cli.signals import interrupted
from podium.cli.streams import OutputLost
from podium.cli.terminal.door import in_line, line, print_error, print_json
from podium.cli.terminal.following import show_following
from podium.cli.terminal.live import ring
from podium.cli.terminal.stream import columns_of
from podium.client.job_control import JobControlService, job_control
from podium.contract.command import CommandParams
from podium.contract.methods import SubmitParams
from podium.contract.models import JobView
from podium.cwd import absolute
from podium.errors import InvalidArguments
from podium.settings import Settings
from podium_tools.results import counted

STDIN = "-"
STDIN_CHARS = 16 * 1024 * 1024  # far more than the conductor takes
_WORDS = "podium.run.words"  # the words behind `--`, in the context of the command


class Typed(Command):
    """The command as typed: what stands behind the first `--` is a command for the job, not options or arguments of this one."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the words before `--`, and keep those behind it."""
        place = args.index("--") if "--" in args else len(args)
        if place < len(args):
            ctx.meta[_WORDS] = args[place + 1 :]
        return super().parse_args(ctx, args[:place])


def command(
    ctx: typer.Context,
    score: Annotated[
        str | None, typer.Argument(metavar="SCORE | - | -- CMD...", help="a score's YAML file; - reads one from stdin")
    ] = None,
    workspace: Annotated[Path | None, typer.Option(help="run in this folder instead of the score's workspace")] = None,
    start_sheet: Annotated[str, typer.Option(help="start at this sheet; earlier ones count as done")] = "1",
    variable: Set = None,
    env: Env = None,
    self_healing: Annotated[
        bool, typer.Option("--self-healing", help="try to repair failures before giving up")
    ] = False,
    name: Annotated[str, typer.Option("--name", help="name of the job of a command; a score has its own")] = "",
    detach: Annotated[bool, typer.Option("--detach", "-d", help="return when the job is accepted")] = False,
    notify: Annotated[bool, typer.Option("--notify", help="ring the terminal's bell at the end")] = False,
    home: Home = None,
    socket: Socket = None,
    as_json: AsJson = False,
) -> None:
    """Run a score, or `podium run -- CMD ARGS...` as a job of one command, and follow it.

    A command runs in this folder unless --workspace names another one. Several words are run exactly as they are, like with
    `docker run`; a single one is a line for bash: podium run -- 'make 2>&1 | tee log'.

    Exit codes: 0 completed, 1 failed, 3 cancelled, 4 paused, 6 lost sight of the job.
    """
    if notify and detach:
        raise InvalidArguments("--notify needs a job that is followed to its end.", fix="Leave --detach or it out.")
    settings = settings_for(home, socket)
    common = SubmitParams(
        workspace=str(absolute(workspace, "workspace:")) if workspace else None,
        start_sheet=int(start_sheet) if start_sheet.isdecimal() else start_sheet,
        self_healing=self_healing,
        variables=variables_of(variable),
        environment=passed(env),
    )
    request = _request(common, score, ctx.meta.get(_WORDS), name)
    found = running(settings)
    run = _Run(settings, request, found[0].environment if found else {}, quiet=as_json)
    try:
        job = wait_for(run.submit if detach else run.follow)
    except BaseException as end:
        if (why := _why_unseen(end)) is None:
            raise
        raise _unseen(end, why, run.job, as_json=as_json) from None
    if as_json:
        print_json(job.model_dump())
    if notify:
        ring()
    raise typer.Exit(Code.DONE if detach else ENDS[job.status])


def _request(common: SubmitParams, score: str | None, words: list[str] | None, name: str) -> SubmitParams:
    """Return what is submitted.

    Raises:
        InvalidArguments: neither a score nor a command is given, or both; a name for a score, which has its own; or no path.
    """
    given = vars(common)
    if words is not None:
        if not words:
            raise InvalidArguments("There is no command behind --.", fix="Write `podium run -- CMD ARGS...`.")
        if score is not None:
            raise InvalidArguments(f"Both {score} and a command are given.", fix="Write `podium run -- CMD ARGS...`.")
        text = words[0] if len(words) == 1 else shlex.join(words)
        folder = common.workspace or str(absolute(Path(), "The current folder"))
        return CommandParams(**{**given, "workspace": folder}, command=text, name=name)
    if score is None:
        raise InvalidArguments(
            "A score or a command is missing.",
            fix="Write `podium run SCORE.yaml`, `podium run -` or `podium run -- CMD ARGS...`.",
        )
    if name:
        raise InvalidArguments("--name is for a command; a score has its own name.", fix="Write it as `name:` there.")
    if score == STDIN:
        return SubmitParams(**{**given, "config_content": _read_stdin()})
    if "\0" in score:
        raise InvalidArguments("The score path contains a NUL character.", fix="Give the path of a score file.")
    if not score.lower().endswith(SCORE_ENDINGS):
        raise InvalidArguments(
            f"{score!r} does not end in .yaml or .yml, as a score does.", fix=f"Did you mean `{run_instead([score])}`?"
        )
    path = os.path.realpath(absolute(Path(score), "The score path"))  # of a link to itself a Path raises
    return SubmitParams(**{**given, "config_path": path})


def _read_stdin() -> str:
    """Return the text on stdin.

    Raises:
        InvalidArguments: it is too long, or not UTF-8.
    """
    if sys.stdin.isatty():
        line("Reading the score from the terminal; Ctrl-D ends it.", stderr=True)
    data = sys.stdin.buffer.read(STDIN_CHARS + 1)
    if len(data) > STDIN_CHARS:
        raise InvalidArguments(f"The score on stdin has more than {STDIN_CHARS} bytes.", fix="Make it shorter.")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise InvalidArguments(
            f"The score on stdin is not UTF-8 text: byte {error.start} is wrong.",
            fix="Convert it, for example with iconv.",
        ) from None


class _Run:
    """One submitted job and its last known state, which whatever ends the command leaves for the message."""

    def __init__(
        self, settings: Settings, request: SubmitParams, environment: Mapping[str, str], *, quiet: bool
    ) -> None:
        """`environment` is what is known of the conductor's."""
        self._settings = settings
        self._environment = environment
        self._request = request
        self._follower = Follower(quiet=quiet)
        self._accepted: JobView | None = None

    @property
    def job(self) -> JobView | None:
        """The job as it was seen last; None if the conductor has not answered."""
        return self._follower.job or self._accepted

    async def submit(self) -> JobView:
        """Submit and say the job's id."""
        async with job_control(self._settings) as control:
            job = await self._start(control)
        self._follower.say(f"next: podium wait {job.job_id}", style="bold")
        return job

    async def follow(self) -> JobView:
        """Submit and follow until the job has ended or is paused."""
        async with job_control(self._settings) as control:
            return await self._follower.follow(control, await self._start(control))

    async def _start(self, control: JobControlService) -> JobView:
        started = await control.start(self._request)
        job = self._accepted = started.job
        sheets = f"{counted(job.sheets_total, 'sheet')} in " if job.sheets_total else ""
        self._follower.say(f"{job.job_id}: {sheets}{in_line(job.workspace)}")
        note = difference(self._environment, started.passed)
        for warning in (*job.warnings, *([note] if note else [])):
            self._follower.say(f"  note: {in_line(warning)}", style="yellow")
        return job


def _unseen(end: BaseException, why: str, job: JobView | None, *, as_json: bool) -> typer.Exit:
    """Say why the job is followed no more and what becomes of it, and return how the command ends."""
    if isinstance(end, LostSight) and as_json:
        print_error(end.error)
    if isinstance(end, LostSight) and not end.goes_on:
        line(f"{why}.", stderr=True)
    else:
        _say_it_goes_on(why, job)
    return typer.Exit(interrupted() or Code.LOST_SIGHT)


def _why_unseen(end: BaseException) -> str | None:
    """Return why a job is followed no more; None if the command has ended in another way."""
    if interrupted():
        return "\nStopped watching"
    if isinstance(end, OutputLost):
        return f"Cannot write the output ({end.reason})"
    return end.message if isinstance(end, LostSight) else None


def _say_it_goes_on(why: str, job: JobView | None) -> None:
    if job is None:
        line(f"{why} before the conductor answered; `podium status` shows whether the job started.", stderr=True)
        return
    if job.status in ENDS:
        line(f"{why}; {job.job_id} is {job.status}.", stderr=True)
        return
    line(f"{why}; {job.job_id} continues to run.", stderr=True)
    others = {
        f"podium logs {job.job_id} -f": "shows its output",
        f"podium cancel {job.job_id}": "ends the job and its processes",
    }
    show_following(f"podium wait {job.job_id}", others, columns_of(sys.stderr), stderr=True)
