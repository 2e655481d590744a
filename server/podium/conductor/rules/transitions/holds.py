"""Sheets that wait for an approval: `hold` in their score.

A sheet holds once everything that it needs is done, before its conditions are looked at, which only a launch decides. What does
not need it goes on. An approval is for one sheet as its score is now, until the sheet is done: a retry, or a resume of the failed
job, does not ask again. It is taken back by `from_sheet`, by a cancel, and by a changed score in which the sheet is another one.

`resume` approves what holds at the moment of its commit, and its answer names it. A resume that does something else (it lifts a
pause on request, withdraws a pending one, has a changed score or `from_sheet`) approves nothing: whoever asks for that need not
know of a sheet that came to its hold meanwhile.
"""

from dataclasses import fields

from podium.conductor.rules.batch import Batch
from podium.conductor.rules.plans import LoadedPlan
from podium.conductor.rules.state import JobRun
from podium.score.model.plan import PlanSheet

_PLACE = {
    "num",
    "needs",
    "template",
    "retry",
    "validations",
    "skip_asks",
    "stage",
    "instance",
    "fan_count",
    "description",
}
_DEED = [each.name for each in fields(PlanSheet) if each.name not in _PLACE]


def announce(job: JobRun, batch: Batch) -> None:
    """Say of each sheet that has come to its hold that it waits, once."""
    if job.intent in {"cancel", "modify"}:
        return  # it may not hold when that has taken effect
    for num in sorted(job.held):
        run = job.run_of(num)
        if run.hold != "held":
            run.hold = "held"
            batch.touch(job, run)
            batch.event(job, "sheet.held", sheet=num, name=job.label(num), text=job.plan.sheet(num).hold)


def approve(job: JobRun, batch: Batch) -> list[str]:
    """Let every sheet that holds now go on; return their labels."""
    nums = sorted(job.held)
    job.held.clear()
    for num in nums:
        run = job.run_of(num)
        run.hold = "approved"
        batch.touch(job, run)
        batch.event(job, "sheet.released", sheet=num, name=job.label(num))
        job.make_ready(num)
    return [job.label(num) for num in nums]


def forget(job: JobRun, batch: Batch) -> None:
    """Note of a job that is cancelled that nothing of it waits for an approval any more."""
    for num in sorted(job.held):
        run = job.run_of(num)
        run.hold = ""
        batch.touch(job, run)


def same_deed(old: LoadedPlan, num: int, new: LoadedPlan, to: int) -> bool:
    """Return whether an approval of a sheet of the old plan is one of this sheet of the new plan, too.

    Texts are not rendered: of a template also what it may depend on has to be the same.
    """
    return _deed(old, num) == _deed(new, to)


def _deed(loaded: LoadedPlan, num: int) -> tuple[object, ...]:
    plan, sheet = loaded.plan, loaded.plan.sheet(num)
    template = plan.templates[sheet.template]
    place = (plan.variables, plan.readings, num, len(plan.sheets), sheet.stage, sheet.instance, sheet.fan_count)
    around = (plan.env, plan.env_from, plan.env_pass, plan.profiles, *(place if "{" in template else ()))
    return template, *around, *(getattr(sheet, name) for name in _DEED)
