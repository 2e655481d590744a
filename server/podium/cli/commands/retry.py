"""`podium retry JOB`: run again what a job has not completed; of a completed one, its score as a new job."""

from typing import TYPE_CHECKING

from podium.cli.calling.options import AsJson, From, Home, Job, Socket, settings_for

if TYPE_CHECKING:
    from podium.cli.views.results import Retried
    from podium.client.job_control import JobControlService


def command(
    job: Job, from_sheet: From = None, home: Home = None, socket: Socket = None, as_json: AsJson = False
) -> None:
    """Run again what a failed or cancelled job has not completed: its completed sheets are kept.

    A completed job never changes: its score runs as a new job, with the variables of its start; with --from the sheets before
    that one count as done, in the same workspace.
    """
    from podium.cli.jobs.controlling import tell_how_to_wait
    from podium.cli.shared.session import wait_for
    from podium.cli.terminal.door import in_line, line
    from podium.cli.terminal.saying import in_commands
    from podium.client.job_control import job_control

    settings = settings_for(home, socket)

    async def work() -> "Retried":
        async with job_control(settings) as control:
            return await _retry(control, job, from_sheet)

    done = wait_for(work)
    if as_json:
        from podium.cli.terminal.door import print_json

        print_json(done.model_dump())
        return
    line(in_line(in_commands(done.message)))
    for warning in done.job.warnings if done.is_new else ():
        line(f"  note: {in_line(in_commands(warning))}", stderr=True)
    tell_how_to_wait(done.job)


async def _retry(control: "JobControlService", word: str, from_sheet: str | None) -> "Retried":
    """Resume the job, or start its score anew.

    Raises:
        WrongState: the job has not ended.
    """
    from podium.cli.jobs.finding import find
    from podium.cli.views.results import Retried
    from podium.contract.methods import ResumeParams, SubmitParams
    from podium.errors import WrongState

    job = await find(control, word)
    if job.status in {"failed", "cancelled"}:
        view = await control.resume(ResumeParams(job.job_id, from_sheet=from_sheet))
        return Retried(job=view.job, of=job.job_id, message=view.message)
    if job.status != "completed":
        raise WrongState(
            f"Cannot retry job {job.job_id}: it is {job.status}, and a retry is for a job that has ended.",
            fix=f"`podium resume {job.job_id}` continues it." if "resume" in job.allowed_actions
            else f"`podium wait {job.job_id}` returns when it has ended.",
            job_id=job.job_id, state=job.status, allowed=list(job.allowed_actions),
        )  # fmt: skip
    start = from_sheet if from_sheet is None or not from_sheet.isdecimal() else int(from_sheet)
    new = (await control.start(SubmitParams(again=job.job_id, start_sheet=start))).job
    told = f"{job.job_id} has completed and stays as it is: its score runs again as a new job, {new.job_id}"
    first = f", from {from_sheet} on" if from_sheet is not None else ""
    return Retried(job=new, of=job.job_id, is_new=True, message=f"{told}{first}, in {new.workspace}.")
