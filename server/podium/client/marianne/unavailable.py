"""What a Marianne conductor does not do: the list that `conductor_status` gives, and the operations that are refused whole."""

from collections.abc import Collection, Sequence
from typing import Any

from podium.client.marianne.refusals import OWN
from podium.contract import models
from podium.contract.methods import LogParams, ScoreParams
from podium.contract.record import JobRecord
from podium.contract.replies import WatchReply
from podium.contract.score_text import CheckedScore, CheckParams
from podium.contract.sheet_env import EnvParams, EnvView
from podium.contract.waits import RunningView
from podium.errors import UnsupportedByConductor

MISSING_TOOLS = ["read_job_log", "validate_score"]
NOT_AVAILABLE = [
    "named scores: write numbered ones, as describe_score(topic='numbered') tells",
    "start_job: dry_run, start_sheet, variables, idempotency_key, the #! line of a command, env_pass of a score",
    "resume_job, modify_job: find and replace, from_sheet, a job of which a sheet has failed",
    "modify_job: a running or queued job",
    "pause_job: a queued job",
    "get_job: output of a failed sheet, exit codes and times of sheets, what runs since when, the text that the job runs",
    "explain_job: output, exit codes, validations, earlier attempts, remedies",
    "wait_for_job: pattern; a failed sheet ends a wait some seconds later, since it has to be looked for",
    "list_jobs: status waiting and stuck",
    "clear_jobs: the age of cancelled jobs, and of others whose end it does not tell: older_than_hours leaves them alone",
    "verify_process_health: everything about processes",
    "resources: subscriptions, events, and output of jobs",
    "tasks: calls that go on in the background",
    "a lost reply: it cannot be asked for again, so only the job's state shows what happened",
    "commands: podium env, podium edit and its several edits, timeline, report, retry of a completed job",
]  # beyond the tools that are missing whole


class Unavailable:
    """The operations of the port that this conductor does not have."""

    async def plan(self, request: ScoreParams) -> models.PlanView:
        """Refuse: this conductor would run the job."""
        raise UnsupportedByConductor("This conductor cannot check a score without running it.", fix=OWN)

    async def check(self, request: CheckParams) -> CheckedScore:
        """Refuse like `plan`."""
        raise UnsupportedByConductor("This conductor cannot check a score without running it.", fix=OWN)

    async def environment(self, request: EnvParams) -> EnvView:
        """Refuse: this conductor does not say what its sheets get."""
        raise UnsupportedByConductor("This conductor does not show the environment of its sheets.", fix=OWN)

    async def record(self, job_id: str, *, commands: bool = False) -> JobRecord:
        """Refuse: its `job.history` is always empty, and its sheets have no times."""
        raise UnsupportedByConductor(
            "This conductor keeps no record of attempts and their times.", fix=f"Call get_job. {OWN}"
        )

    async def running(self, job_id: str) -> RunningView:
        """Refuse: neither its list nor its status object has times of sheets."""
        raise UnsupportedByConductor("This conductor does not tell what runs since when.", fix=f"Call get_job. {OWN}")

    async def log(self, request: LogParams) -> models.LogView:
        """Refuse: this conductor discards the output of its sheets."""
        raise UnsupportedByConductor(
            "This conductor does not keep the output of its sheets.",
            fix="Have the score write files, and read them with list_artifacts and read_artifact.",
        )

    async def watch(self, job_ids: Sequence[str], pattern: str, position: str, seconds: float) -> WatchReply:
        """Refuse: its logs cannot be read over the wire."""
        raise UnsupportedByConductor(
            "This conductor gives out no output in which to look for a pattern.", fix=f"Wait without pattern. {OWN}"
        )

    async def changes(self, job_ids: Collection[str] | None, *, after: str) -> tuple[list[models.EventView], str]:
        """Refuse: this conductor records no events."""
        raise UnsupportedByConductor(
            "This conductor does not publish events, so nothing tells of a change.", fix=f"Call wait_for_job. {OWN}"
        )

    async def task_state(self, key: str, *, end: dict[str, Any] | None = None) -> dict[str, Any] | None:
        """Refuse: this conductor keeps no tasks."""
        raise UnsupportedByConductor("This conductor does not support tasks.", fix=f"Call wait_for_job. {OWN}")
