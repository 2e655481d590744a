"""One control on several jobs: each is told what became of it, and the exit code is the worst of all."""

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

import anyio

from podium.cli.jobs.finding import find
from podium.cli.shared.exits import Code, code_of
from podium.cli.shared.session import wait_for
from podium.cli.terminal.door import in_line, line, show_error
from podium.cli.terminal.saying import in_commands
from podium.cli.terminal.states import some
from podium.cli.views.results import ErrorView, Outcome
from podium.client.job_control import JobControlService, job_control
from podium.contract.models import ActionView, JobView
from podium.errors import PodiumError
from podium.settings import Settings

AT_ONCE = 8  # jobs; a control may wait some seconds for its effect

Act = Callable[[JobControlService, JobView], Awaitable[Outcome]]
"""Does something to a job, and says what became of it under the name "", which whoever asked for it fills in."""


class Told(NamedTuple):
    """What became of a job, and the error if there was one."""

    outcome: Outcome
    error: PodiumError | None = None


def each_job(settings: Settings, words: Sequence[str], act: Act) -> list[Told]:
    """Do something to each job that a word names, to several at once; a job that is named twice is met once."""

    async def work() -> list[Told]:
        limit = anyio.CapacityLimiter(AT_ONCE)
        found: dict[str, Told] = {}
        taken: set[str] = set()

        async def one(control: JobControlService, word: str) -> None:
            try:
                async with limit:
                    job = await find(control, word)
                    if job.job_id not in taken:
                        taken.add(job.job_id)
                        found[word] = Told((await act(control, job)).model_copy(update={"name": word}))
            except PodiumError as error:
                found[word] = Told(failed(word, error), error)

        async with job_control(settings) as control, anyio.create_task_group() as tasks:
            for word in dict.fromkeys(words):
                tasks.start_soon(one, control, word)
        return [found[word] for word in dict.fromkeys(words) if word in found]

    return wait_for(work)


def failed(word: str, error: PodiumError) -> Outcome:
    """Return the outcome of an error."""
    return Outcome(name=word, done=False, error=ErrorView.model_validate(error.as_dict()))


def show(told: Sequence[Told]) -> None:
    """Print each outcome; an error that several jobs met, such as that no conductor runs, once."""
    seen = set[str]()
    for each in told:
        if each.error is None:
            line(in_commands(each.outcome.message), stderr=not each.outcome.done)
        elif each.error.message not in seen:
            seen.add(each.error.message)
            show_error(each.error)


def failures(told: Sequence[Told]) -> list[Told]:
    """Return what was not done: with `--json`, too, it stands on stderr in words for people."""
    return [each for each in told if not each.outcome.done]


def worst(told: Sequence[Told]) -> int:
    """Return the exit code for all of them: the highest."""
    codes = (code_of(each.error) if each.error else Code.DONE if each.outcome.done else Code.FAILED for each in told)
    return max(codes, default=Code.DONE)


def control_jobs(
    settings: Settings, words: Sequence[str], act: Callable[[JobControlService, str], Awaitable[ActionView]],
    said: Callable[[ActionView], tuple[str, bool]], *, as_json: bool,
) -> int:  # fmt: skip
    """Do a pause or a cancel to each job, print what became of it, and return the exit code.

    `said` returns a text about what was done, and whether it was done or is recorded.
    """

    async def one(control: JobControlService, job: JobView) -> Outcome:
        view = await act(control, job.job_id)
        text, done = said(view)
        return Outcome(name="", done=done, pending=view.pending, message=text, job=view.job)

    told = each_job(settings, words, one)
    if as_json:
        from podium.cli.terminal.door import print_json
        from podium.cli.views.results import Outcomes

        print_json(Outcomes(outcomes=[each.outcome for each in told]).model_dump())
    show(failures(told) if as_json else told)
    return worst(told)


def running_sheets(job: JobView) -> str:
    """Name the running sheets, as "its running sheets (build, tests)"."""
    labels = some(job.running, job.running_total)
    return f"its running sheets ({labels})" if labels else "its running sheets"


def suspended_sheets(job: JobView) -> str:
    """Name the suspended sheets, as "; suspended: build, tests"; "" if there are none."""
    labels = some(job.suspended, job.suspended_total)
    return f"; suspended: {labels}" if labels else ""


def tell_how_to_wait(job: JobView, *, stderr: bool = False) -> None:
    """Print how to wait for a job that was let go on."""
    if not job.settled:
        line(f"next: podium wait {job.job_id}", stderr=stderr)


def overtaken(view: ActionView, action: str) -> str:
    """Return that a job ended before a control of it took effect."""
    from podium_tools.results import in_brackets, progress_of, status_of

    job = view.job
    return f"The {action} did not take effect: {job.job_id} {status_of(job)}{in_brackets(in_line(progress_of(job)))}."
