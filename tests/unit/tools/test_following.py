"""What follows from an ended job: only what adds something to what was said, and the place of its results."""

from typing import Any

import pytest

from podium.contract.models import ArtifactEntry, ArtifactPage, ExplainView, LogLine, LogView
from podium.errors import ConductorNotRunning
from podium_tools.following import Following, following
from tests.support.port import ScriptedPort, ended, job

pytestmark = pytest.mark.anyio

ID = "build-x7k2q"
BEFORE, AFTER = "2026-01-02T03:00:00Z", "2026-01-02T03:05:00Z"
COMPLETED = ended(started_at="2026-01-02T03:04:05Z")
FAILED = job(status="failed", running=[], sheets_failed=1, allowed_actions=["resume", "modify", "delete"])
MEND = f'resume_job(job_id="{ID}", find=..., replace=...)'
EXPLAIN = f'explain_job(job_id="{ID}")'


def page(*files: tuple[str, str], **more: Any) -> ArtifactPage:
    entries = [ArtifactEntry(path=path, type="file", modified_at=at) for path, at in files]
    return ArtifactPage(workspace="/srv/build", entries=entries, total=len(entries), **more)


def failed(*lines: str, **changes: Any) -> ExplainView:
    shown = [LogLine(text=line) for line in lines]
    output = LogView(job_id=ID, sheet=1, attempt=1, stream="stderr", lines=shown) if lines else None
    return ExplainView.model_validate({"job": FAILED, "kind": "failed", "output": output, "can_edit": True, **changes})


@pytest.mark.parametrize(
    ("files", "leads_to"),
    [
        (page(), f'read_job_log(job_id="{ID}")'),
        (page(("old.txt", BEFORE)), f'read_job_log(job_id="{ID}")'),
        (page(("old.txt", BEFORE), ("new.txt", AFTER)), f'read_artifact(job_id="{ID}", path="new.txt")'),
        (page(("a.txt", AFTER), ("b.txt", AFTER)), f'list_artifacts(job_id="{ID}")'),
        (page(("old.txt", BEFORE), next_cursor="c"), f'list_artifacts(job_id="{ID}")'),
        (page(has_unopened=True), f'list_artifacts(job_id="{ID}")'),
    ],
)
async def test_a_completed_job_leads_to_what_it_made_or_else_printed(files: ArtifactPage, leads_to: str) -> None:
    assert await following(ScriptedPort(files=files), COMPLETED) == Following(leads_to)


async def test_a_conductor_that_keeps_no_output_is_not_asked_for_what_a_job_printed() -> None:
    foreign = COMPLETED.model_copy(update={"cursor": ""})
    assert await following(ScriptedPort(files=page(("old.txt", BEFORE))), foreign) == Following("")
    made = f'read_artifact(job_id="{ID}", path="new.txt")'
    assert await following(ScriptedPort(files=page(("new.txt", AFTER))), foreign) == Following(made)


@pytest.mark.parametrize(
    ("actions", "leads_to"),
    [(["resume", "modify", "delete"], f'modify_job(job_id="{ID}", config_path=...)'), (["delete"], EXPLAIN)],
)
async def test_an_edit_is_not_offered_where_the_conductor_takes_none(actions: list[str], leads_to: str) -> None:
    there = FAILED.model_copy(update={"allowed_actions": actions})
    assert await following(ScriptedPort(explained=failed(job=there, can_edit=False)), there) == Following(leads_to)


async def test_the_workspace_of_a_completed_job_is_looked_at_once_for_each_end_of_it() -> None:
    port = ScriptedPort(files=page(("a.txt", AFTER)))
    first = COMPLETED.model_copy(update={"job_id": "looked-at-once", "finished_at": "2026-01-02T03:06:00Z"})
    again = first.model_copy(update={"finished_at": "2026-01-02T03:07:00Z"})
    read = Following('read_artifact(job_id="looked-at-once", path="a.txt")')
    assert [await following(port, each) for each in (first, first, again)] == [read] * 3
    assert [name for name, _ in port.calls] == ["artifacts"] * 2


async def test_a_failure_that_is_told_in_full_leads_to_its_repair() -> None:
    found = await following(ScriptedPort(explained=failed("ech: command not found", other_bytes=0)), FAILED)
    assert found == Following(MEND, "ech: command not found")
    assert await following(ScriptedPort(explained=failed()), FAILED) == Following(MEND)


@pytest.mark.parametrize(
    "more",
    [
        {"other_bytes": 7},
        {"earlier_attempts": ["attempt 1 failed: exit code 1"]},
        {"job": FAILED.model_copy(update={"sheets_failed": 2})},
        {"job": FAILED.model_copy(update={"allowed_actions": ["delete"]})},
    ],
)
async def test_a_failure_with_more_to_tell_leads_to_its_explanation(more: dict[str, Any]) -> None:
    assert await following(ScriptedPort(explained=failed("no", **more)), FAILED) == Following(EXPLAIN, "no")


async def test_only_the_end_of_long_output_is_shown_and_the_explanation_has_the_rest() -> None:
    found = await following(ScriptedPort(explained=failed(*map(str, range(20)))), FAILED)
    assert found == Following(EXPLAIN, "\n".join(map(str, range(12, 20))))
    found = await following(ScriptedPort(explained=failed("x" * 900)), FAILED)
    assert found == Following(EXPLAIN, "x" * 200 + "...")


async def test_other_states_ask_nobody_and_what_cannot_be_asked_is_left_to_the_next_call() -> None:
    port = ScriptedPort()
    assert (await following(port, job())).next.startswith("wait_for_job(")
    assert port.calls == []
    away = ScriptedPort(error=ConductorNotRunning("No conductor runs.", fix="podium start"))
    assert await following(away, COMPLETED) == Following(f'list_artifacts(job_id="{ID}")')
    assert await following(away, FAILED) == Following(EXPLAIN)
