"""What the proxy can say of why a job of a Marianne conductor is as it is, from what that conductor recorded."""

from typing import Any

from podium.client.marianne.explain import explain_view
from podium.client.marianne.replies import JobState
from podium.contract.models import ExplainView
from tests.unit.client.marianne.recordings import recorded

ENTRY = {"job_id": "fl1", "status": "failed", "progress_total": 3, "workspace": "/ws"}


def explained(checkpoint: dict[str, Any] | None, **changes: str) -> ExplainView:
    entry = JobState.model_validate({**ENTRY, **changes})
    return explain_view(entry, None if checkpoint is None else JobState.model_validate(checkpoint))


def test_a_recorded_failure_names_its_sheet_and_what_it_blocks() -> None:
    view = explained(recorded("failed"))
    assert (view.kind, view.blocked, view.blocked_total) == ("failed", ["3"], 1)
    assert view.sheet is not None
    assert (view.sheet.sheet, view.sheet.reason, view.sheet.attempts) == (2, "Exit code 1", 1)


def test_what_it_does_not_keep_is_said_and_not_made_up() -> None:
    view = explained(recorded("failed"))
    assert view.cause == "This conductor does not keep the output, exit codes or validation results of its sheets."
    assert (view.output, view.healing, view.earlier_attempts, view.waits_until) == (None, [], [], "")


def test_a_sheet_that_runs_on_under_a_pause_is_told() -> None:
    view = explained(recorded("paused_mid_sheet"), status="paused")
    assert view.kind == "paused"
    assert view.cause.startswith("Sheet 1 is running.")


def test_a_sheet_that_waits_for_a_decision_says_so() -> None:
    view = explained({**ENTRY, "sheets": {"1": {"status": "fermata"}}}, status="running")
    assert view.kind == "waiting"
    assert "needs a decision that this conductor has no call for" in view.cause


def test_a_queued_job_is_explained_without_its_status() -> None:
    view = explained(None, status="queued")
    assert (view.kind, view.sheet) == ("queued", None)
    assert view.job.reason == "queued behind other jobs, or about to start"
