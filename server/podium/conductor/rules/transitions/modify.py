"""Giving a job another plan: finished sheets are matched by name, or by number if they have none, and kept."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, TypedDict

from podium.conductor.rules.batch import Batch
from podium.conductor.rules.plans import LoadedPlan
from podium.conductor.rules.state import BEFORE_START, JobRun, SheetRun
from podium.conductor.rules.transitions.holds import same_deed
from podium.conductor.rules.transitions.suspensions import go_on
from podium.contract.changed import Labels, ScoreChange

SHOWN = 20  # labels that a reply names


@dataclass(frozen=True)
class Difference:
    """How a changed score differs from the present one. The numbers are those of sheets of the new one; sheets added or removed
    are not among them. The last three are as in `ScoreChange`.
    """

    texts: Collection[int] = ()  # would do, or must leave, something else
    tuned: Collection[int] = ()  # would do the same with other settings
    settings: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    file: str = ""
    on_pending: bool = False


class Kept(TypedDict):
    """What a changed score leaves as it is: labels of finished sheets, and of those that stay although their text differs.

    `change` is a `ScoreChange`, written out.
    """

    kept: list[str]
    kept_total: int
    changed: list[str]
    changed_total: int
    change: dict[str, Any]


def kept_sheets(job: JobRun, new: LoadedPlan, from_sheet: int | None, difference: Difference) -> Kept:
    """Return which sheets of the new plan do not run again. A running one counts as changed: it ends with its old text."""
    again = {from_sheet, *new.after([from_sheet])} if from_sheet is not None else set()
    pairs = match_sheets(job.loaded, new)
    stay = {num: to for num, to in pairs.items() if to not in again}
    runs = ((to, job.sheets.get(num)) for num, to in stay.items())
    finished = _labels(new, (to for to, run in runs if run is not None and run.status == "completed"))
    done = {to for num, to in stay.items() if job.is_satisfied(num)}
    running = {to for num, to in stay.items() if num in job.running}
    texts = set(difference.texts)
    stale = _labels(new, texts & (done | running))
    groups = {
        "finished": _labels(new, texts & done),
        "running": _labels(new, texts & running),
        "unfinished": _labels(new, (texts | set(difference.tuned)) - done - running),
        "added": _labels(new, {sheet.num for sheet in new.plan.sheets}.difference(pairs.values())),
        "removed": _labels(job.loaded, {sheet.num for sheet in job.plan.sheets} - pairs.keys()),
    }
    change = ScoreChange(
        sheets={name: labels for name, labels in groups.items() if labels.total},
        settings=list(difference.settings),
        warnings=list(difference.warnings),
        file=difference.file,
        on_pending=difference.on_pending,
    )
    return Kept(
        kept=finished.labels,
        kept_total=finished.total,
        changed=stale.labels,
        changed_total=stale.total,
        change=change.model_dump(),
    )


def _labels(loaded: LoadedPlan, nums: Iterable[int]) -> Labels:
    """Return the labels of the first of these sheets, and how many there are."""
    found = sorted(nums)
    return Labels(labels=[loaded.plan.sheet(num).label for num in found[:SHOWN]], total=len(found))


def match_sheets(old: LoadedPlan, new: LoadedPlan) -> dict[int, int]:
    """Return old number -> new number of the sheets in both plans: by name if they have one, else by number."""
    by_name = {sheet.name: sheet.num for sheet in new.plan.sheets if sheet.name}
    pairs: dict[int, int] = {}
    for sheet in old.plan.sheets:
        if sheet.name:
            num = by_name.get(sheet.name)
        else:
            same = sheet.num <= len(new.plan.sheets) and not new.plan.sheet(sheet.num).name
            num = sheet.num if same else None
        if num is not None:
            pairs[sheet.num] = num
    return pairs


def _reset(run: SheetRun, *, ask_again: bool = False) -> SheetRun:
    """Make a sheet pending as if it had not run; with `ask_again` it needs a new approval."""
    if ask_again or run.hold == "held":
        run.hold = ""
    run.status, run.reason, run.satisfied, run.retries_used = "pending", "", False, 0
    run.player, run.limit_waits, run.remedy, run.unbegun = 0, 0, None, 0
    run.completions, run.note, run.cost = 0, "", 0.0
    run.waiting_until, run.waiting_left, run.finished_at = None, None, None
    return run


def _count_as_done(job: JobRun) -> list[SheetRun]:
    """Give each sheet before `start_sheet` a run of its own, so that one of them can run alone; return these runs."""
    runs = [SheetRun(num, "skipped", BEFORE_START, satisfied=True) for num in range(1, job.start_sheet)]
    job.sheets.update((run.num, run) for run in runs)
    job.start_sheet = 1
    return runs


def requeue(job: JobRun, from_sheet: int | None, batch: Batch) -> None:
    """Put a job that runs nothing back into the queue; sheets from `from_sheet` on run again.

    An ended job, or one with a changed score, runs its unfinished sheets again; a paused one continues where it was. One with
    suspended sheets, which go on, is running at once.
    """
    changed: list[SheetRun] = []
    if job.status != "paused" or job.intent:
        ask_again = job.status == "cancelled"
        changed += [_reset(run, ask_again=ask_again) for run in job.sheets.values() if not run.satisfied]
    if from_sheet is not None:
        changed += _count_as_done(job)
        again = [from_sheet, *job.loaded.after([from_sheet])]
        changed += [_reset(job.sheets[num], ask_again=True) for num in again if num in job.sheets]
    for run in changed:
        batch.touch(job, run)
    go_on(job, batch)
    job.status, job.intent, job.reason, job.finished_at = "running" if job.running else "queued", "", "", None
    job.not_before, job.survivors = 0.0, ()
    job.rebuild()
    batch.touch(job)


def apply_modify(job: JobRun, batch: Batch) -> None:
    """Give the job its pending plan, if there is one, and requeue it. Nothing of it runs now."""
    new, from_sheet = job.next_plan, job.next_from_sheet
    job.intent = "modify"
    if new is not None:
        job.config_path = job.next_config_path
        _swap(job, new, batch)
    job.forget_change()
    requeue(job, from_sheet, batch)
    batch.event(job, "job.modified", sheets_total=job.total, sheets_kept=job.counts["completed"])


def _swap(job: JobRun, new: LoadedPlan, batch: Batch) -> None:
    pairs = match_sheets(job.loaded, new)
    _count_as_done(job)
    kept = {pairs[num]: run for num, run in job.sheets.items() if num in pairs}
    batch.record("renumbered", (job.seq,))
    batch.record("parked_attempts", (job.seq,))
    for old, to in pairs.items():
        batch.record("moved_attempts", (to, job.seq, -old))
    batch.record("dropped_attempts", (job.seq,))
    for attempt in batch.attempts.values():
        if attempt.job_seq == job.seq:
            attempt.sheet = pairs.get(attempt.sheet, 0)
    batch.sheets = {key: run for key, run in batch.sheets.items() if key[0] != job.seq}
    for num, run in kept.items():
        if run.hold and not same_deed(job.loaded, run.num, new, num):
            run.hold = ""
        run.num, run.player = num, 0  # the new plan may have other instruments; the attempt says what played
    job.sheets, job.loaded, job.name, job.warnings = kept, new, new.plan.name, new.plan.warnings
    for run in kept.values():
        batch.touch(job, run)
