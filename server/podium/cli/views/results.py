"""What the commands that change jobs print with `--json`, where no view of the wire says it all."""

from pydantic import ConfigDict, Field

from podium.contract.models import ActionView, ClearView, JobView
from podium.contract.view import View


class ErrorView(View):
    """Why something was not done: the error of the conductor with its facts, which depend on the code."""

    model_config = ConfigDict(extra="allow")

    code: str  # one of the [error codes](errors.md)
    message: str  # what is wrong, with the ids
    retryable: bool = False  # the same call may succeed later
    fix: str = ""  # what to do, in the words of the tools


class ErrorAnswer(View):
    """What a command prints in a line in place of its answer, if it has none."""

    error: ErrorView


class Outcome(View):
    """What became of one job that was named on the command line."""

    name: str  # as it was typed
    done: bool  # done, or recorded and `pending`; false: not, and `error` or `message` says why
    pending: bool = False  # recorded, and not in effect yet
    message: str = ""  # what was done, or why there was nothing to do
    job: JobView | None = None  # as it is now; of a removed job, as it was
    error: ErrorView | None = None  # why it was not done, null if it was


class Outcomes(View):
    """What became of each job that was named, in this order."""

    outcomes: list[Outcome] = Field(default_factory=list)  # one for each job


class Removal(View):
    """What was removed; with `dry_run` nothing was, and a confirmation is needed. `cleared` is there with `--ended`."""

    dry_run: bool = False  # nothing was removed: it waits for a confirmation
    outcomes: list[Outcome] = Field(default_factory=list)  # one for each job that was named
    cleared: ClearView | None = None  # the jobs that `--ended` found, null without it


class Retried(View):
    """A job that runs again: the same one with what it had not completed, or, where it had completed, a new one of its score."""

    job: JobView  # the job that runs
    of: str  # id of the job that was named
    is_new: bool = False  # it is a new job: a completed one never changes
    message: str = ""  # what was done, in a sentence


class Edited(View):
    """What an edit of a job's score did. `action` is null if nothing was changed; `error` says why a text was refused."""

    changed: bool  # false: the text was saved as it was
    action: ActionView | None = None  # what the change does, null if there is none
    error: ErrorView | None = None  # why the text was refused
