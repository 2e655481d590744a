"""Removing ended jobs: those that are named, or all that a choice fits. What is not certain is shown and confirmed first."""

import shlex
import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from podium.cli.jobs.controlling import Told, each_job, failures, show, worst
from podium.cli.shared.exits import Code
from podium.cli.shared.session import wait_for
from podium.cli.terminal.asking import agreed, somebody_is_there
from podium.cli.terminal.door import Piece, in_line, ink, line, print_json
from podium.cli.terminal.durations import seconds
from podium.cli.terminal.following import show_following
from podium.cli.terminal.states import job_state, marked
from podium.cli.terminal.stream import columns_of
from podium.cli.terminal.tables import Column, table
from podium.cli.terminal.when import ago
from podium.cli.views.results import Outcome, Removal
from podium.client.job_control import JobControlService, job_control
from podium.contract.methods import ClearParams
from podium.contract.models import ClearView, JobView
from podium.contract.states import EndedFilter, ended_statuses
from podium.settings import Settings
from podium_tools.results import counted

SHOWN = 20  # jobs of a choice
AT_ONCE = 500  # removed by one call
KEPT = "Workspaces are kept."


class Choice(NamedTuple):
    """Which ended jobs: those with a status, that ended long enough ago, without the newest; None for any."""

    status: EndedFilter | None
    older: str | None
    keep: int | None

    def params(self, *, dry_run: bool) -> ClearParams:
        """Return the call. InvalidArguments: `older` is no duration."""
        return ClearParams(
            statuses=list(ended_statuses(self.status or "ended")),
            older_than_seconds=None if self.older is None else seconds("--older", self.older),
            keep_newest=self.keep or 0,
            limit=SHOWN if dry_run else AT_ONCE,
            dry_run=dry_run,
        )

    def command(self, settings: Settings) -> str:
        """Return the command that makes this choice and needs no confirmation."""
        given = {"--status": self.status, "--older": self.older, "--keep": self.keep}
        words = [word for name, value in given.items() if value is not None for word in (name, str(value))]
        return shlex.join(["podium", "rm", "--ended", *words, "--yes", *settings.flags])


def remove_named(settings: Settings, words: Sequence[str], *, yes: bool, as_json: bool) -> int:
    """Remove the jobs that the words name; one that is not a whole id is shown first, unless it is a `yes`."""
    if not yes and (unsure := _not_whole(settings, words)):
        shown = list(_table([(each.outcome.name, each.outcome.job) for each in unsure if each.outcome.job]))
        command = shlex.join(["podium", "rm", *words, "--yes", *settings.flags])
        if not _confirmed(shown, counted(len(dict.fromkeys(words)), "job"), command, asks=not as_json):
            if as_json:
                print_json(Removal(dry_run=True, outcomes=[each.outcome for each in unsure]).model_dump())
            return Code.BAD_INPUT

    async def delete(control: JobControlService, job: JobView) -> Outcome:
        was = await control.delete(job.job_id)
        kept = f" Its workspace {in_line(was.workspace)} is kept." if was.workspace else " Its workspace is kept."
        return Outcome(name="", done=True, message=f"{was.job_id} ({was.status}) is removed.{kept}", job=was)

    told = each_job(settings, words, delete)
    if as_json:
        print_json(Removal(outcomes=[each.outcome for each in told]).model_dump())
    show(failures(told) if as_json else told)
    return worst(told)


def _not_whole(settings: Settings, words: Sequence[str]) -> list[Told]:
    """Return what is found for words that are no whole ids; what is not found is told when it is to be removed."""

    async def look(control: JobControlService, job: JobView) -> Outcome:
        return Outcome(name="", done=False, job=job)

    told = each_job(settings, words, look)
    return [each for each in told if each.outcome.job is not None and each.outcome.job.job_id != each.outcome.name]


def remove_chosen(settings: Settings, choice: Choice, *, yes: bool, as_json: bool) -> int:
    """Remove the jobs that a choice fits, after it was confirmed."""

    async def look() -> ClearView:
        async with job_control(settings) as control:
            return await control.clear(choice.params(dry_run=True))

    async def remove() -> ClearView:
        async with job_control(settings) as control:
            return await _clear_all(control, choice)

    if not yes:
        found = wait_for(look)
        if not found.total:
            if as_json:
                print_json(Removal(dry_run=True, cleared=found).model_dump())
            else:
                line("No ended job matches, so nothing was removed.")
            return Code.DONE
        more: list[Piece] = [(f"  … {found.total - len(found.jobs)} more", "dim")]
        shown = [*_table([("", job) for job in found.jobs]), *([more] if found.total > len(found.jobs) else [])]
        if not _confirmed(shown, _kinds(found), choice.command(settings), asks=not as_json):
            if as_json:
                print_json(Removal(dry_run=True, cleared=found).model_dump())
            return Code.BAD_INPUT
    done = wait_for(remove)
    if as_json:
        print_json(Removal(cleared=done).model_dump())
    else:
        line(
            f"Removed {counted(len(done.jobs), 'job')}, with all logs and history. {KEPT}"
            if done.jobs
            else "Nothing was removed."
        )
    _tell_refused(done.refused)
    return Code.FAILED if done.refused else Code.DONE


def _tell_refused(reasons: Sequence[str]) -> None:
    """Print why jobs were not removed."""
    more = [f"{len(reasons) - SHOWN} more"] if len(reasons) > SHOWN else []
    for why in [*reasons[:SHOWN], *more]:
        line(f"  Not removed: {in_line(why)}", stderr=True)


async def _clear_all(control: JobControlService, choice: Choice) -> ClearView:
    """Remove all that fits, some hundred a call, until a call removes nothing more."""
    done = first = await control.clear(choice.params(dry_run=False))
    while done.jobs and done.total > len(done.jobs) + len(done.refused):
        done = await control.clear(choice.params(dry_run=False))
        refused = list(dict.fromkeys([*first.refused, *done.refused]))
        first = first.model_copy(update={"jobs": [*first.jobs, *done.jobs], "refused": refused})
    return first


def _confirmed(shown: Sequence[Sequence[Piece]], what: str, command: str, *, asks: bool) -> bool:
    """Show what would be removed, and return whether whoever sits there wants that; with nobody there, say how to do it."""
    for each in shown:
        ink(each, stderr=True)
    if asks and somebody_is_there():
        if agreed(f"Remove {what} for good, with all logs and history? {KEPT}"):
            return True
        line("Nothing was removed.", stderr=True)
        return False
    line(f"Nothing was removed. This would remove {what} for good, with all logs and history. {KEPT}", stderr=True)
    show_following(command, {}, columns_of(sys.stderr), stderr=True)
    return False


def _kinds(view: ClearView) -> str:
    """Return how many jobs there are of each kind, as "3 jobs (2 completed, 1 failed)", and what goes with them."""
    kinds = ", ".join(
        f"{view.counts[status]} {status}" for status in ended_statuses("ended") if view.counts.get(status)
    )
    return f"{counted(view.total, 'job')} ({kinds})" if kinds else counted(view.total, "job")


def _table(named: Sequence[tuple[str, JobView]]) -> Iterator[list[Piece]]:
    """Yield jobs as a table, each with the word that names it, "" for none."""
    columns = (Column("NAMED"), Column("JOB"), Column("STATE"), Column("AGE"))
    rows = [
        [(word, ""), (job.job_id, "bold"), marked(job_state(job)), (ago(job.finished_at), "")] for word, job in named
    ]
    return table(columns, rows, columns_of(sys.stderr), indent=2)
